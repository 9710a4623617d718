//! Providers: what holds for each of the registry, and for those that are not configured.

pub(crate) mod conformance;
pub(crate) mod names;
pub(crate) mod not_configured;
