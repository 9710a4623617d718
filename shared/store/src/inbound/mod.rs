//! Providers' webhooks in the table, a file for each verb.

pub(crate) mod keep;
pub(crate) mod list;
