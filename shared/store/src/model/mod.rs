//! Models in the table. Their trainings create them; see `job::create`.

pub(crate) mod end;
mod get;
