//! An owner's share of the attempts that take long, across all instances. What no one instance
//! sees, such as a hundred of them with one hanging attempt each, is seen here.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use domain::OwnerId;
use runtime::{Clock, random};
use store::{OwnerShare, Store};
use tokio::time::timeout;

/// From when on an attempt is slow. Nearly all receivers answer sooner, and their webhooks cost no
/// write here.
const SLOW: Duration = Duration::from_secs(1);
/// How many owners with slow receivers alone may be served at the same time with everybody else's
/// webhooks still sent at once: each of them has this part of all instances.
const OWNERS: u16 = 5;
/// For how long a slot is taken if nobody gives it back: longer than any attempt.
const KEPT: Duration = Duration::from_secs(20);

/// Takes slots for attempts that turn out to be slow.
#[derive(Debug)]
pub(crate) struct Shares {
    store: Store,
    clock: Clock,
    slots: u16,
}

impl Shares {
    /// The shares where `concurrency` instances run at a time at most.
    pub(crate) fn new(store: Store, clock: Clock, concurrency: u16) -> Self {
        Self { store, clock, slots: slots(concurrency) }
    }

    /// Waits for `attempt`. If that takes long, it has a slot of `owner`'s share for the rest of the
    /// time; without a free one it goes on all the same, since it cannot be taken back.
    pub(crate) async fn watch<T>(
        &self,
        (owner, destination): (&OwnerId, &str),
        seen: &OwnerShare,
        attempt: impl Future<Output = T>,
    ) -> T {
        let mut attempt = pin!(attempt);
        if let Ok(result) = timeout(SLOW, &mut attempt).await {
            return result;
        }
        let now = self.clock.now();
        let share = (seen, self.slots);
        let take =
            self.store.take_slot(owner, destination, share, now, now + KEPT, random::fraction);
        let (result, slot) = futures::join!(attempt, take);
        // The share is advice: without it the owner's other webhooks are sent all the same.
        let freed = match slot {
            Ok(Some(slot)) => self.store.free_slot(owner, &slot).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = freed {
            tracing::warn!(cause = %error, %owner, "owner's share not updated");
        }
        result
    }
}

/// How many slots each owner has where `concurrency` instances run at a time at most.
pub(crate) fn slots(concurrency: u16) -> u16 {
    (concurrency / OWNERS).max(1)
}
