//! Leaves a provider alone that fails again and again, so that no attempts are spent on it.
//!
//! What works costs nothing here: the table is asked about a provider only once this instance has
//! seen it fail, or for a job that it did not take before. An instance that knows of nothing thus
//! makes one call that fails before it knows, and a job of a healthy provider is never a read.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::circuit::{Circuit, CircuitState};
use runtime::random;
use store::{CircuitKey, Store, StoreError};

/// For how long an instance believes what it has read.
const BELIEVED: Duration = Duration::from_secs(10);
/// How long to wait for a probe that is under way, at least and at most.
const PROBE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));
/// Over how long what waits for a provider comes back once its rest is over.
const SPREAD: Duration = Duration::from_secs(4);

/// Whether a provider may be called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may.
    Granted,
    /// Not before then.
    Held(Timestamp),
}

/// What this instance knows of the providers that fail.
#[derive(Debug)]
pub(crate) struct Breaker {
    store: Store,
    known: Mutex<HashMap<&'static str, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    health: Circuit,
    until: Timestamp,
}

impl Breaker {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Whether `provider` may be called at `now`, for a job that it was `asked_before` to do.
    pub(crate) async fn admit(
        &self,
        provider: &'static str,
        asked_before: bool,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        let Some(health) = self.health(provider, asked_before, now).await? else {
            return Ok(Admission::Granted);
        };
        match health.state(now) {
            CircuitState::Closed => Ok(Admission::Granted),
            CircuitState::Open(until) => {
                Ok(Admission::Held(until + random::between(Duration::ZERO, SPREAD)))
            }
            CircuitState::Probing => Ok(probed(now)),
            CircuitState::HalfOpen(until) => {
                // Whoever gets the probe, it shows something new.
                self.remember(provider, health, now);
                let of = CircuitKey::Provider(provider);
                let claimed = self.store.claim_probe(of, now, until).await?;
                Ok(if claimed { Admission::Granted } else { probed(now) })
            }
        }
    }

    /// `provider` has answered.
    pub(crate) async fn worked(&self, provider: &'static str) -> Result<(), StoreError> {
        if self.known().remove(provider).is_none() {
            return Ok(());
        }
        self.store.close_circuit(CircuitKey::Provider(provider)).await
    }

    /// `provider` has not answered, or not with what we can use.
    pub(crate) async fn failed(
        &self,
        provider: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let of = CircuitKey::Provider(provider);
        let health = self.store.record_failure(of, now).await?;
        let Some(until) = health.opens_until(now, random::fraction()) else {
            self.remember(provider, health, now + BELIEVED);
            return Ok(());
        };
        self.store.open_circuit(of, &health, until).await?;
        tracing::warn!(provider, failures = health.consecutive_failures, "provider left alone");
        // The next job reads for how long, since it may be another instance that has said so.
        self.remember(provider, health, now);
        Ok(())
    }

    /// How `provider` has been doing, as far as it is worth asking.
    async fn health(
        &self,
        provider: &'static str,
        asked_before: bool,
        now: Timestamp,
    ) -> Result<Option<Circuit>, StoreError> {
        let known = self.known().get(provider).cloned();
        match known {
            Some(known) if known.until > now => return Ok(Some(known.health)),
            None if !asked_before => return Ok(None),
            Some(_) | None => {}
        }
        let health = self.store.circuit(CircuitKey::Provider(provider)).await?;
        match &health {
            Some(health) => self.remember(provider, health.clone(), now + BELIEVED),
            None => drop(self.known().remove(provider)),
        }
        Ok(health)
    }

    /// Keeps what is known of `provider`, to be believed until `until`.
    fn remember(&self, provider: &'static str, health: Circuit, until: Timestamp) {
        self.known().insert(provider, Known { health, until });
    }

    fn known(&self) -> MutexGuard<'_, HashMap<&'static str, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn probed(now: Timestamp) -> Admission {
    Admission::Held(now + random::between(PROBE.0, PROBE.1))
}
