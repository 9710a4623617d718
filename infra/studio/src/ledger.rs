//! The tasks a studio knows of, behind one lock, with a bell that rings at every change.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::task::Task;

/// What a ledger keeps.
pub(crate) trait Entry {
    /// How it shows itself to those outside.
    type View;

    /// The name under which callers know it.
    fn id(&self) -> &str;
    /// Its place in the order in which tasks came.
    fn ordinal(&self) -> u64;
    /// Whether nobody can ask for it any more.
    fn is_forgotten(&self) -> bool;
    /// As it stands now.
    fn view(&self) -> Self::View;
}

/// The tasks, by their ids.
#[derive(Debug)]
pub(crate) struct Ledger<T> {
    tasks: Mutex<HashMap<String, T>>,
    bell: watch::Sender<()>,
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self { tasks: Mutex::default(), bell: watch::Sender::default() }
    }
}

impl<T: Entry> Ledger<T> {
    /// Takes `task` in, and lets go of those that are forgotten.
    pub fn insert(&self, task: T) {
        let mut tasks = self.lock();
        tasks.retain(|_, task| !task.is_forgotten());
        tasks.insert(task.id().to_owned(), task);
        drop(tasks);
        self.bell.send_replace(());
    }

    /// Reads the task `id`.
    pub fn read<R>(&self, id: &str, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.lock().get(id).map(look)
    }

    /// Changes the task `id`, and tells whoever waits for a change.
    pub fn change<R>(&self, id: &str, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let result = self.lock().get_mut(id).map(change);
        self.bell.send_replace(());
        result
    }

    /// Every task, in the order in which they came.
    pub fn views(&self) -> Vec<T::View> {
        let tasks = self.lock();
        let mut tasks: Vec<_> = tasks.values().collect();
        tasks.sort_unstable_by_key(|task| task.ordinal());
        tasks.into_iter().map(Entry::view).collect()
    }

    /// Whether `condition` holds for every task.
    pub fn all(&self, condition: impl FnMut(&T) -> bool) -> bool {
        self.lock().values().all(condition)
    }

    /// The sum over every task.
    pub fn sum(&self, count: impl Fn(&T) -> usize) -> usize {
        self.lock().values().map(count).sum()
    }

    /// Resolves once `condition` holds for the tasks.
    pub async fn until(&self, condition: impl Fn(&[T::View]) -> bool) {
        self.until_so(|ledger| condition(&ledger.views())).await;
    }

    /// Resolves once `condition` holds for the ledger, which it may not change.
    pub async fn until_so(&self, condition: impl Fn(&Self) -> bool) {
        let mut changes = self.bell.subscribe();
        while !condition(self) {
            // The sender lives in `self`, so it cannot be gone while this waits.
            let _ = changes.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, T>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger<Task> {
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
}
