//! Webhook endpoints and owners' signing secrets in the table, a file for each verb.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod disable;
pub(crate) mod rotate;
