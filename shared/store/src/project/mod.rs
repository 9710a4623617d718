//! Projects in the table, a file per verb. Their steps are jobs.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod erase;
pub(crate) mod get;
