//! Counts running work and pending waits, so that a test that sets the clock can tell when nothing
//! happens until it advances the clock.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use domain::Timestamp;
use futures::poll;
use runtime::Clock;
use tokio::sync::Notify;

use crate::lock::lock;

/// Running work and pending waits.
#[derive(Debug)]
pub struct Activity {
    clock: Clock,
    state: Mutex<State>,
    idle: Notify,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// How many pieces of work have begun so far.
    begun: u64,
    /// Due times, each with the number of waits for it.
    waiting: BTreeMap<Timestamp, usize>,
}

/// Counts as running work while it is held.
#[derive(Debug)]
pub struct Busy(Arc<Activity>);

/// Counts as a wait for `due` while it is held.
struct Waiting<'a> {
    activity: &'a Activity,
    due: Timestamp,
}

impl Activity {
    /// Nothing runs yet; due times follow `clock`.
    pub fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self { clock, state: Mutex::default(), idle: Notify::new() })
    }

    /// Counts a piece of work that begins now.
    pub fn begin(self: &Arc<Self>) -> Busy {
        let mut state = self.state();
        state.running += 1;
        state.begun += 1;
        Busy(Arc::clone(self))
    }

    /// Awaits `work`, and counts as running from the very poll that completes it. So a message that
    /// `work` takes from a queue is at no time neither in the queue nor counted here.
    pub async fn track<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> (T, Busy) {
        let mut work = pin!(work);
        poll_fn(|context| {
            let busy = self.begin();
            work.as_mut().poll(context).map(|output| (output, busy))
        })
        .await
    }

    /// The earliest due time of all waits.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.state().waiting.keys().next().copied()
    }

    /// How many pieces of work have begun, if none runs now and no wait is due; else `None`.
    pub(crate) fn idle_since(&self) -> Option<u64> {
        let now = self.clock.now();
        let state = self.state();
        let due = state.waiting.keys().next().is_some_and(|due| *due <= now);
        (state.running == 0 && !due).then_some(state.begun)
    }

    /// Resolves when the last running piece of work ends.
    pub(crate) async fn became_idle(&self) {
        self.idle.notified().await;
    }

    /// Resolves when nothing runs.
    pub async fn ended(&self) {
        loop {
            let mut idle = pin!(self.idle.notified());
            idle.as_mut().enable();
            if self.state().running == 0 {
                return;
            }
            idle.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Busy {
    /// Waits until `due`; does not count as running meanwhile.
    pub async fn wait_until(self, due: Timestamp) -> Self {
        let activity = Arc::clone(&self.0);
        let waiting = Waiting::new(&activity, due);
        // Dropped after the wait is registered, so that at no time neither is counted.
        drop(self);
        loop {
            let mut moved = pin!(activity.clock.changed());
            // Polled before the time is read, so that a change in between is noticed.
            let _: Poll<()> = poll!(&mut moved);
            let left = due.since(activity.clock.now());
            if left == Duration::ZERO {
                let busy = activity.begin();
                drop(waiting);
                return busy;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = moved => {}
            }
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.running -= 1;
        if state.running == 0 {
            self.0.idle.notify_waiters();
        }
    }
}

impl<'a> Waiting<'a> {
    fn new(activity: &'a Activity, due: Timestamp) -> Self {
        *activity.state().waiting.entry(due).or_default() += 1;
        Self { activity, due }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        if let Some(count) = state.waiting.get_mut(&self.due) {
            *count -= 1;
            if *count == 0 {
                state.waiting.remove(&self.due);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_follow_the_given_clock() {
        let (clock, manual_clock) = Clock::manual(Timestamp::from_millis(0));
        let activity = Activity::new(clock);
        let due = Timestamp::from_millis(3_600_000);
        let waiter = tokio::spawn({
            let busy = activity.begin();
            async move { busy.wait_until(due).await }
        });
        while activity.next_due().is_none() {
            tokio::task::yield_now().await;
        }
        assert!(activity.idle_since().is_some());
        manual_clock.advance_to(due);
        let busy = waiter.await.unwrap();
        assert_eq!(activity.next_due(), None);
        assert_eq!(activity.idle_since(), None);
        drop(busy);
        assert_eq!(activity.idle_since(), Some(2));
    }

    #[tokio::test]
    async fn tracked_work_counts_from_its_completion() {
        let activity = Activity::new(Clock::system());
        let ((), busy) = activity.track(async {}).await;
        assert_eq!(activity.idle_since(), None);
        drop(busy);
        activity.ended().await;
        assert!(activity.idle_since().is_some());
    }
}
