//! Every function: access, sample events, budgets, permissions.

pub(crate) mod access;
pub(crate) mod budgets;
pub(crate) mod cold_start;
pub(crate) mod events;
pub(crate) mod own_address;
pub(crate) mod permissions;
