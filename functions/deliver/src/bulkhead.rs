//! A limit on how many webhooks may wait for one receiver's answer at the same time in one
//! process, so that a receiver that hangs cannot keep all workers waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Most unanswered webhooks of one receiver.
const PLACES: usize = 32;
/// How long to wait for a place while none becomes free: such a receiver hangs.
const WAIT: Duration = Duration::from_millis(500);
/// How often to wait that long for a receiver that keeps answering but has many to answer. With
/// the attempt that follows, that is well within the queue's visibility timeout.
const ROUNDS: usize = 20;
/// From how many receivers on those with no attempt under way are forgotten.
const REMEMBERED: usize = 1024;

/// The places of all receivers.
#[derive(Debug, Default)]
pub(crate) struct Bulkhead(Mutex<HashMap<String, Arc<Places>>>);

/// The places of one receiver.
#[derive(Debug)]
struct Places {
    free: Arc<Semaphore>,
    /// How many have been left so far.
    left: AtomicU64,
}

/// A place among a receiver's unanswered webhooks, held until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    _permit: OwnedSemaphorePermit,
}

impl Bulkhead {
    /// A place, as soon as there is one; `None` if the receiver hangs.
    pub(crate) async fn enter(&self, receiver: &str) -> Option<Place> {
        let places = self.places(receiver);
        for _ in 0..ROUNDS {
            let left = places.left.load(Ordering::Relaxed);
            let permit = timeout(WAIT, Arc::clone(&places.free).acquire_owned()).await;
            if let Ok(permit) = permit {
                return Some(Place { _permit: permit.ok()?, places });
            }
            if places.left.load(Ordering::Relaxed) == left {
                return None;
            }
        }
        None
    }

    fn places(&self, receiver: &str) -> Arc<Places> {
        let mut receivers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if receivers.len() >= REMEMBERED {
            receivers.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let free = || Arc::new(Semaphore::new(PLACES));
        let new = || Arc::new(Places { free: free(), left: AtomicU64::new(0) });
        Arc::clone(receivers.entry(receiver.to_owned()).or_insert_with(new))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.left.fetch_add(1, Ordering::Relaxed);
    }
}
