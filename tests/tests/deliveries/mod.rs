//! Outgoing webhooks: sending, retrying, circuit breaker, replay.

pub(crate) mod circuit;
pub(crate) mod copies;
pub(crate) mod fairness;
pub(crate) mod faults;
pub(crate) mod formats;
pub(crate) mod many;
pub(crate) mod receivers;
pub(crate) mod redrive;
pub(crate) mod replay;
pub(crate) mod rotation;
pub(crate) mod send;
