//! What runs at this moment and what waits for a moment to come, so that a test with a clock
//! of its own can tell when nothing more will happen until it moves that clock.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use domain::Timestamp;
use futures::poll;
use runtime::Clock;
use tokio::sync::Notify;

/// Counts what runs and knows what waits.
#[derive(Debug)]
pub struct Activity {
    clock: Clock,
    state: Mutex<State>,
    quiet: Notify,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    /// Grows with every piece of work begun.
    begun: u64,
    /// Moments waited for, each with how many wait for it.
    waiting: BTreeMap<Timestamp, usize>,
}

/// Something runs as long as this is held.
#[derive(Debug)]
pub struct Busy(Arc<Activity>);

/// Somebody waits for a moment as long as this is held.
struct Waiting<'a> {
    activity: &'a Activity,
    due: Timestamp,
}

impl Activity {
    /// Nothing runs yet; moments are those of `clock`.
    #[must_use]
    pub fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self { clock, state: Mutex::default(), quiet: Notify::new() })
    }

    /// Something begins to run.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Busy {
        let mut state = self.state();
        state.running += 1;
        state.begun += 1;
        Busy(Arc::clone(self))
    }

    /// Awaits `work`, and counts as running from the very poll that brings it to its end. What
    /// `work` takes away (a message from its queue) is thereby never taken and not yet counted.
    pub async fn counting<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> (T, Busy) {
        let mut work = pin!(work);
        poll_fn(|context| {
            let busy = self.begin();
            work.as_mut().poll(context).map(|output| (output, busy))
        })
        .await
    }

    /// The next moment that anybody waits for.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.state().waiting.keys().next().copied()
    }

    /// How many pieces of work have been begun, if none runs now and none is due.
    pub(crate) fn quiet_since(&self) -> Option<u64> {
        let now = self.clock.now();
        let state = self.state();
        let due = state.waiting.keys().next().is_some_and(|due| *due <= now);
        (state.running == 0 && !due).then_some(state.begun)
    }

    /// Resolves when the last piece of work that runs has ended.
    pub(crate) async fn became_quiet(&self) {
        self.quiet.notified().await;
    }

    /// Resolves when nothing runs.
    pub async fn ended(&self) {
        loop {
            let mut quiet = pin!(self.quiet.notified());
            quiet.as_mut().enable();
            if self.state().running == 0 {
                return;
            }
            quiet.await;
        }
    }

    /// A panic while the lock was held cannot have left the counts half changed.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Busy {
    /// Stops running until `due`, and runs again from then on.
    pub async fn wait_until(self, due: Timestamp) -> Self {
        let activity = Arc::clone(&self.0);
        let waiting = Waiting::new(&activity, due);
        // Only now, so that there is no moment in which neither work nor wait is known.
        drop(self);
        loop {
            let mut moved = pin!(activity.clock.changed());
            // Polled before the time is read, so that no move in between is missed.
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
            self.0.quiet.notify_waiters();
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
    async fn waits_for_the_clock_it_is_given() {
        let (clock, hand) = Clock::manual(Timestamp::from_millis(0));
        let activity = Activity::new(clock);
        let due = Timestamp::from_millis(3_600_000);
        let waiter = tokio::spawn({
            let busy = activity.begin();
            async move { busy.wait_until(due).await }
        });
        while activity.next_due().is_none() {
            tokio::task::yield_now().await;
        }
        assert!(activity.quiet_since().is_some());
        hand.advance_to(due);
        let busy = waiter.await.unwrap();
        assert_eq!(activity.next_due(), None);
        assert_eq!(activity.quiet_since(), None);
        drop(busy);
        assert_eq!(activity.quiet_since(), Some(2));
    }

    #[tokio::test]
    async fn work_counts_as_soon_as_it_has_something() {
        let activity = Activity::new(Clock::system());
        let ((), busy) = activity.counting(async {}).await;
        assert_eq!(activity.quiet_since(), None);
        drop(busy);
        activity.ended().await;
        assert!(activity.quiet_since().is_some());
    }
}
