//! Providers' webhooks: receiving, early ones, rate limit, list and replay.

pub(crate) mod early;
pub(crate) mod list;
pub(crate) mod rate_limit;
pub(crate) mod receive;
pub(crate) mod unreadable;
