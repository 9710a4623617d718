//! A provider's own list of its tasks: what finds a task whose submission's answer was lost, and
//! the status of many tasks in one call.

use domain::{TaskId, Timestamp};
use serde_json::Value;

use crate::TaskStatus;

/// Which part of the list to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListPart {
    /// The newest tasks.
    Latest,
    /// Those created between two times, if the provider can tell; else the newest.
    Between(Timestamp, Timestamp),
    /// The page that the one before names.
    After(String),
}

/// A page of the list, the newest task first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskPage {
    /// Its tasks.
    pub tasks: Vec<ListedTask>,
    /// What names the next page, if there is one.
    pub next: Option<String>,
}

/// A task in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedTask {
    /// The task.
    pub id: TaskId,
    /// Its status. That of a task that has ended may lack its result.
    pub status: TaskStatus,
    /// When it was created.
    pub created_at: Option<Timestamp>,
    /// The callback URL that it was given, if the provider shows it.
    pub callback_url: Option<String>,
    /// What it was given to work on; null if the provider has dropped it.
    pub input: Value,
}
