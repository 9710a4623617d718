//! The tasks a studio knows of, behind one lock, with a bell that rings at every change.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::task::{Task, TaskView};

/// How long the result of an ended task can be asked for, by RunPod's documentation.
const RESULT_LIFE: Duration = Duration::from_mins(30);

/// The tasks, by RunPod's id.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    tasks: Mutex<HashMap<String, Task>>,
    bell: watch::Sender<()>,
}

impl Ledger {
    /// Takes `task` in, and forgets those whose results have run out.
    pub fn insert(&self, task: Task) {
        let mut tasks = self.lock();
        tasks.retain(|_, task| task.ended.is_none_or(|ended| ended.elapsed() < RESULT_LIFE));
        tasks.insert(task.id.clone(), task);
        drop(tasks);
        self.bell.send_replace(());
    }

    /// Reads the task `id`.
    pub fn read<R>(&self, id: &str, look: impl FnOnce(&Task) -> R) -> Option<R> {
        self.lock().get(id).map(look)
    }

    /// Changes the task `id`, and tells whoever waits for a change.
    pub fn change<R>(&self, id: &str, change: impl FnOnce(&mut Task) -> R) -> Option<R> {
        let result = self.lock().get_mut(id).map(change);
        self.bell.send_replace(());
        result
    }

    /// Confirms the download of the task that is meant: `task` if it is named, or else the
    /// newest of that job which waits. Says whether there was one.
    pub fn confirm(&self, job_id: &str, task: Option<&str>) -> bool {
        let id = {
            let tasks = self.lock();
            let meant = tasks.values().filter(|candidate| {
                candidate.job_id == job_id
                    && candidate.is_waiting()
                    && task.is_none_or(|id| id == candidate.id)
            });
            meant.max_by_key(|candidate| candidate.ordinal).map(|candidate| candidate.id.clone())
        };
        id.and_then(|id| {
            self.change(&id, |task| {
                task.confirmed = true;
                task.confirmation.notify_one();
            })
        })
        .is_some()
    }

    /// Whether the newest task of `job_id` has been confirmed.
    pub fn is_confirmed(&self, job_id: &str) -> bool {
        let tasks = self.lock();
        let newest = tasks.values().filter(|task| task.job_id == job_id);
        newest.max_by_key(|task| task.ordinal).is_some_and(|task| task.confirmed)
    }

    /// Every task, in the order in which they came.
    pub fn views(&self) -> Vec<TaskView> {
        let tasks = self.lock();
        let mut tasks: Vec<_> = tasks.values().collect();
        tasks.sort_unstable_by_key(|task| task.ordinal);
        tasks.into_iter().map(Task::view).collect()
    }

    /// Resolves once `condition` holds for the tasks.
    pub async fn until(&self, condition: impl Fn(&[TaskView]) -> bool) {
        let mut changes = self.bell.subscribe();
        while !condition(&self.views()) {
            // The sender lives in `self`, so it cannot be gone while this waits.
            let _ = changes.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
