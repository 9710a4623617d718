//! Projects: the client API, the chain of steps, faults.

pub(crate) mod api;
pub(crate) mod budgets;
pub(crate) mod faults;
pub(crate) mod files;
pub(crate) mod film;
pub(crate) mod forged;
pub(crate) mod lifecycle;
pub(crate) mod odd_services;
pub(crate) mod polling;
pub(crate) mod services;
pub(crate) mod sources;
pub(crate) mod storm;
