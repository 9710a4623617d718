//! The tasks of a studio behind one lock, with a notification of every change.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::task::Task;

/// A task in a store.
pub(crate) trait Entry {
    /// A copy for callers outside.
    type View;

    /// Its id.
    fn id(&self) -> &str;
    /// Its place in the order of creation.
    fn ordinal(&self) -> u64;
    /// Whether it can be removed from the store.
    fn is_expired(&self) -> bool;
    /// A copy of its present state.
    fn view(&self) -> Self::View;
}

/// The tasks, by their ids.
#[derive(Debug)]
pub(crate) struct TaskStore<T> {
    tasks: Mutex<HashMap<String, T>>,
    changes: watch::Sender<()>,
}

impl<T> Default for TaskStore<T> {
    fn default() -> Self {
        Self { tasks: Mutex::default(), changes: watch::Sender::default() }
    }
}

impl<T: Entry> TaskStore<T> {
    /// Adds `task`, and removes expired ones.
    pub fn insert(&self, task: T) {
        let mut tasks = self.lock();
        tasks.retain(|_, task| !task.is_expired());
        tasks.insert(task.id().to_owned(), task);
        drop(tasks);
        self.changes.send_replace(());
    }

    pub fn read<R>(&self, id: &str, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.lock().get(id).map(read)
    }

    /// Changes the task `id` and notifies waiters.
    pub fn change<R>(&self, id: &str, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let result = self.lock().get_mut(id).map(change);
        self.changes.send_replace(());
        result
    }

    /// Changes every task and notifies waiters.
    pub fn change_all(&self, change: impl FnMut(&mut T)) {
        self.lock().values_mut().for_each(change);
        self.changes.send_replace(());
    }

    /// Every task, in the order of creation.
    pub fn views(&self) -> Vec<T::View> {
        self.select(|task| Some(task.view()))
    }

    /// What `read` makes of the tasks that it selects, in the order of creation.
    pub fn select<R>(&self, read: impl Fn(&T) -> Option<R>) -> Vec<R> {
        let tasks = self.lock();
        let mut tasks: Vec<_> = tasks.values().collect();
        tasks.sort_unstable_by_key(|task| task.ordinal());
        tasks.into_iter().filter_map(read).collect()
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
        self.until_store(|store| condition(&store.views())).await;
    }

    /// Resolves once `condition` holds for the store, which it must not change.
    pub async fn until_store(&self, condition: impl Fn(&Self) -> bool) {
        let mut changes = self.changes.subscribe();
        while !condition(self) {
            // The sender is a field of `self`, so it exists while this waits.
            let _ = changes.changed().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, T>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TaskStore<Task> {
    /// Confirms the download of `task` if it is named, or else of the newest waiting task of the
    /// job. Returns whether there was one.
    pub fn confirm(&self, job_id: &str, task: Option<&str>) -> bool {
        let id = {
            let tasks = self.lock();
            let candidates = tasks.values().filter(|candidate| {
                candidate.job_id == job_id
                    && candidate.is_waiting()
                    && task.is_none_or(|id| id == candidate.id)
            });
            candidates
                .max_by_key(|candidate| candidate.ordinal)
                .map(|candidate| candidate.id.clone())
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
