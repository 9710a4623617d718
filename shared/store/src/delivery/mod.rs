//! Outgoing webhooks in the table, a file for each verb.

pub(crate) mod context;
mod erase;
pub(crate) mod list;
pub(crate) mod record;
pub(crate) mod replay;
