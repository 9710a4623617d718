//! Limits on how many webhooks may be under way at the same time in one process, so that what
//! hangs cannot keep all workers waiting: a share for each owner and for each host, which leaves
//! room for others however many hang, and places for each destination.
//!
//! Across processes the queue does the same: its messages are grouped by owner (SQS fair queues).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How many webhooks may be under way in one process. An owner or a host may have half of what
/// the others leave, so one that hangs has a third of it, and two a quarter each. In Lambda, where
/// an instance has one batch, no share is ever used up.
const CAPACITY: usize = 256;
/// What each owner and host may have in any case.
const LEAST: usize = 8;
/// Most unanswered webhooks of one destination.
const PLACES: usize = 32;
/// How long to wait for a place while none becomes free: such a receiver hangs.
const WAIT: Duration = Duration::from_millis(500);
/// How often to wait that long for a receiver that keeps answering but has many to answer. With
/// the attempt that follows, that is well within the queue's visibility timeout.
const ROUNDS: usize = 20;
/// From how many entries on those with nothing under way are forgotten.
const REMEMBERED: usize = 1024;
/// When the first of the webhooks that found no place comes back, and how far apart they do at least.
/// They follow one another as places become free: each return costs a read and a send, and a thousand
/// that came back every 5 s took the processor from everybody else's webhooks.
const RETURN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_millis(5));
/// For how long a place is taken to be held while none has been left.
const HELD: Duration = Duration::from_secs(1);
/// The longest that one of them waits.
const RETURN_MAXIMUM: Duration = Duration::from_secs(30);

/// The places of all.
#[derive(Debug, Default)]
pub(crate) struct Bulkhead(Mutex<Slots>);

#[derive(Debug, Default)]
struct Slots {
    /// How many webhooks are under way.
    all: usize,
    /// The shares of owners and of hosts, which cannot have the same name.
    shares: HashMap<String, Share>,
    destinations: HashMap<(String, String), Arc<Places>>,
}

/// What one owner or host has under way.
#[derive(Debug, Default)]
struct Share {
    count: usize,
    /// For how long the last one that has left had its place.
    held: Option<Duration>,
    /// When the last one that found no place comes back.
    return_at: Option<Timestamp>,
}

/// The places of one destination.
#[derive(Debug)]
struct Places {
    free: Arc<Semaphore>,
    /// How many have been left so far.
    left: AtomicU64,
    /// Whether somebody has waited in vain since one was left.
    hangs: AtomicBool,
}

/// A webhook's slot in the shares of its owner and host.
#[derive(Debug)]
struct Slot {
    bulkhead: Arc<Bulkhead>,
    shares: [String; 2],
    taken: Instant,
}

/// A place among a destination's unanswered webhooks, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    _permit: OwnedSemaphorePermit,
    _slot: Slot,
}

impl Bulkhead {
    /// A place for a webhook of an owner to a host and a destination there, as soon as there is
    /// one; when to come back if others are to come first or the receiver hangs.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        [owner, host, destination]: [&str; 3],
        now: Timestamp,
    ) -> Result<Place, Timestamp> {
        let shares = [format!("owner {owner}"), format!("host {host}")];
        let (slot, places) = {
            let mut slots = self.slots();
            if let Err(full) = slots.take(&shares) {
                return Err(slots.return_at(full, now));
            }
            let places = slots.places((owner, destination));
            (Slot { bulkhead: Arc::clone(self), shares, taken: Instant::now() }, places)
        };
        match places.enter().await {
            Some(permit) => Ok(Place { places, _permit: permit, _slot: slot }),
            None => Err(self.slots().return_at(&slot.shares[0], now)),
        }
    }

    /// How many webhooks of an owner to a destination wait for its answer.
    pub(crate) fn unanswered(&self, owner: &str, destination: &str) -> usize {
        let slots = self.slots();
        let places = slots.destinations.get(&(owner.to_owned(), destination.to_owned()));
        places.map_or(0, |places| PLACES - places.free.available_permits())
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    /// Takes a slot of each share, if all of them have one; else returns one that has none.
    fn take<'a>(&mut self, shares: &'a [String]) -> Result<(), &'a str> {
        let most = (CAPACITY.saturating_sub(self.all) / 2).max(LEAST);
        let count = |name| self.shares.get(name).map_or(0, |share| share.count);
        if let Some(full) = shares.iter().find(|name| count(*name) >= most) {
            return Err(full);
        }
        if self.shares.len() >= REMEMBERED {
            self.shares.retain(|_, share| share.count > 0);
        }
        for name in shares {
            self.shares.entry(name.clone()).or_default().count += 1;
        }
        self.all += 1;
        Ok(())
    }

    fn leave(&mut self, shares: &[String], held: Duration) {
        for name in shares {
            if let Some(share) = self.shares.get_mut(name) {
                share.count = share.count.saturating_sub(1);
                share.held = Some(held);
            }
        }
        self.all = self.all.saturating_sub(1);
    }

    /// When the next one of `share` that found no place comes back: one after another.
    fn return_at(&mut self, share: &str, now: Timestamp) -> Timestamp {
        let share = self.shares.entry(share.to_owned()).or_default();
        let first = RETURN.0;
        let next = share.return_at.map_or(now, |last| last + share.pace()).max(now + first);
        let at = if next > now + RETURN_MAXIMUM { now + first } else { next };
        share.return_at = Some(at);
        at
    }

    fn places(&mut self, (owner, destination): (&str, &str)) -> Arc<Places> {
        if self.destinations.len() >= REMEMBERED {
            self.destinations.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let new = || {
            let free = Arc::new(Semaphore::new(PLACES));
            Arc::new(Places { free, left: AtomicU64::new(0), hangs: AtomicBool::new(false) })
        };
        let key = (owner.to_owned(), destination.to_owned());
        Arc::clone(self.destinations.entry(key).or_insert_with(new))
    }
}

impl Share {
    /// How far apart its places become free.
    fn pace(&self) -> Duration {
        let places = u32::try_from(self.count).unwrap_or(u32::MAX).max(1);
        (self.held.unwrap_or(HELD) / places).max(RETURN.1)
    }
}

impl Places {
    /// A place, as soon as there is one; `None` if the receiver hangs.
    async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        for _ in 0..ROUNDS {
            let left = self.left.load(Ordering::Relaxed);
            if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
                return Some(permit);
            }
            if self.hangs.load(Ordering::Relaxed) {
                return None;
            }
            if let Ok(permit) = timeout(WAIT, Arc::clone(&self.free).acquire_owned()).await {
                return permit.ok();
            }
            if self.left.load(Ordering::Relaxed) == left {
                self.hangs.store(true, Ordering::Relaxed);
                return None;
            }
        }
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.left.fetch_add(1, Ordering::Relaxed);
        self.places.hangs.store(false, Ordering::Relaxed);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.bulkhead.slots().leave(&self.shares, self.taken.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millis(milliseconds)
    }

    async fn fill(bulkhead: &Arc<Bulkhead>, owner: &str, host: &str) -> Vec<Place> {
        let mut places = Vec::new();
        for nth in 0.. {
            let claim = [owner, host, &format!("{owner}-{host}-{nth}")];
            match bulkhead.enter(claim, at(0)).await {
                Ok(place) => places.push(place),
                Err(_) => break,
            }
        }
        places
    }

    #[tokio::test]
    async fn whoever_hangs_leaves_room_for_others() {
        let bulkhead = Arc::<Bulkhead>::default();
        let mut held = Vec::new();
        for owner in 0..6 {
            let hangs = fill(&bulkhead, &format!("owner-{owner}"), &format!("host-{owner}")).await;
            assert!((LEAST..=CAPACITY / 3 + 1).contains(&hangs.len()), "{}", hangs.len());
            held.push(hangs);
            let quiet = bulkhead.enter(["quiet", "quiet", "quiet"], at(0)).await;
            assert!(quiet.is_ok(), "after {owner}");
        }
        drop(held);
        assert_eq!(bulkhead.slots().all, 0);
        assert_eq!(fill(&bulkhead, "owner", "host").await.len(), CAPACITY / 3);
    }

    #[tokio::test]
    async fn a_host_is_shared_by_its_owners() {
        let bulkhead = Arc::<Bulkhead>::default();
        let first = fill(&bulkhead, "a", "host").await;
        let second = fill(&bulkhead, "b", "host").await;
        assert!(first.len() + second.len() <= CAPACITY / 3 + 1);
        assert!(bulkhead.enter(["b", "other", "x"], at(0)).await.is_ok());
    }

    #[tokio::test]
    async fn a_destination_that_hangs_is_waited_for_once() {
        let bulkhead = Arc::<Bulkhead>::default();
        let enter = || bulkhead.enter(["owner", "host", "place"], at(0));
        let mut places = Vec::new();
        for _ in 0..PLACES {
            places.push(enter().await.unwrap());
        }
        assert!(enter().await.is_err());
        let second = timeout(Duration::ZERO, enter()).await;
        assert!(second.is_ok_and(|place| place.is_err()), "the second one does not wait");
        assert_eq!(bulkhead.unanswered("owner", "place"), PLACES);
        places.pop();
        assert!(enter().await.is_ok());
    }

    #[tokio::test]
    async fn what_finds_no_place_comes_back_one_after_another() {
        let bulkhead = Arc::<Bulkhead>::default();
        let _held = fill(&bulkhead, "owner", "host").await;
        let mut times = Vec::new();
        for _ in 0..10_000 {
            times.push(bulkhead.enter(["owner", "host", "x"], at(0)).await.unwrap_err());
        }
        assert!(times[0] >= at(0) + RETURN.0 && times[100] >= times[0] + RETURN.1 * 100);
        assert!(times.iter().all(|time| *time <= at(0) + RETURN_MAXIMUM));
    }

    #[tokio::test]
    async fn what_finds_no_place_comes_back_as_places_become_free() {
        let bulkhead = Arc::<Bulkhead>::default();
        let mut held = fill(&bulkhead, "owner", "host").await;
        let apart = async || {
            let refused = bulkhead.enter(["owner", "host", "x"], at(0)).await.unwrap_err();
            bulkhead.enter(["owner", "host", "x"], at(0)).await.unwrap_err().since(refused)
        };
        let places = u32::try_from(held.len()).unwrap();
        assert_eq!(apart().await.as_millis(), (HELD / places).as_millis(), "none has left yet");
        held.pop();
        held.extend(fill(&bulkhead, "owner", "host").await);
        assert_eq!(apart().await, RETURN.1, "the one that has left had its place for a moment");
    }

    #[test]
    fn places_that_are_held_for_long_become_free_seldom() {
        let share = Share { count: 86, held: Some(Duration::from_secs(15)), return_at: None };
        assert_eq!(share.pace().as_millis(), 174);
    }
}
