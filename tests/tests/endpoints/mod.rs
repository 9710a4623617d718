//! Webhook endpoints: the client API, secrets, events.

pub(crate) mod events;
pub(crate) mod faults;
pub(crate) mod manage;
pub(crate) mod secrets;
