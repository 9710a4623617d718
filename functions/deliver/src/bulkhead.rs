//! A limit on how many webhooks may wait for one receiver's answer at the same time in one
//! process, so that a receiver that hangs cannot keep all workers waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Most unanswered webhooks of one receiver.
const PLACES: usize = 32;
/// How long to wait for a place: a receiver that answers fast frees one within this.
const PATIENCE: Duration = Duration::from_millis(500);
/// From how many receivers on those with nothing under way are forgotten.
const REMEMBERED: usize = 1024;

/// The places of all receivers.
#[derive(Debug, Default)]
pub(crate) struct Bulkhead(Mutex<HashMap<String, Arc<Semaphore>>>);

impl Bulkhead {
    /// A place, held until the permit is dropped; `None` if none becomes free soon.
    pub(crate) async fn enter(&self, receiver: &str) -> Option<OwnedSemaphorePermit> {
        let places = self.places(receiver);
        timeout(PATIENCE, places.acquire_owned()).await.ok()?.ok()
    }

    fn places(&self, receiver: &str) -> Arc<Semaphore> {
        let mut receivers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if receivers.len() >= REMEMBERED {
            receivers.retain(|_, places| Arc::strong_count(places) > 1);
        }
        let new = || Arc::new(Semaphore::new(PLACES));
        Arc::clone(receivers.entry(receiver.to_owned()).or_insert_with(new))
    }
}
