//! The circuit breaker of each provider: while a provider fails again and again, no attempts are
//! spent on it.
//!
//! A healthy provider costs nothing here: its circuit is read only once this instance has seen it
//! fail, or for a job that it did not accept before. Another instance makes one failing call before
//! it reads the circuit too.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Timestamp;
use domain::circuit::{Circuit, CircuitState};
use runtime::random;
use store::{CircuitKey, Store, StoreError};

/// How long a circuit that was read is used without reading it again.
const CACHED: Duration = Duration::from_secs(10);
/// How long to wait for a probe that is under way, at least and at most.
const PROBE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3));
/// Over how long the jobs that wait for a provider come back once its circuit is half-open.
const SPREAD: Duration = Duration::from_secs(4);

/// Whether a provider may be called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It may.
    Granted,
    /// Not before then.
    Held(Timestamp),
}

/// The circuits of the providers that this instance has seen fail.
#[derive(Debug)]
pub(crate) struct Breaker {
    store: Store,
    cached: Mutex<HashMap<&'static str, Cached>>,
}

#[derive(Debug, Clone)]
struct Cached {
    circuit: Circuit,
    until: Timestamp,
}

impl Breaker {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, cached: Mutex::default() }
    }

    /// Whether `provider` may be called at `now`; `is_retry` if the job had an attempt before.
    pub(crate) async fn admit(
        &self,
        provider: &'static str,
        is_retry: bool,
        now: Timestamp,
    ) -> Result<Admission, StoreError> {
        let Some(circuit) = self.circuit(provider, is_retry, now).await? else {
            return Ok(Admission::Granted);
        };
        match circuit.state(now) {
            CircuitState::Closed => Ok(Admission::Granted),
            CircuitState::Open(until) => {
                Ok(Admission::Held(until + random::between(Duration::ZERO, SPREAD)))
            }
            CircuitState::Probing => Ok(probed(now)),
            CircuitState::HalfOpen(until) => {
                let opened_until = circuit.open_until.unwrap_or(now);
                // Whichever instance gets the probe, the circuit changes by it.
                self.remember(provider, circuit, now);
                let of = CircuitKey::Provider(provider);
                let claimed = self.store.claim_probe(of, opened_until, now, until).await?;
                Ok(if claimed { Admission::Granted } else { probed(now) })
            }
        }
    }

    /// A call to `provider` that began at `began` has succeeded.
    pub(crate) async fn worked(
        &self,
        provider: &'static str,
        began: Timestamp,
    ) -> Result<(), StoreError> {
        if self.cached().remove(provider).is_none() {
            return Ok(());
        }
        self.store.close_circuit(CircuitKey::Provider(provider), began).await
    }

    /// A call to `provider` has failed.
    pub(crate) async fn failed(
        &self,
        provider: &'static str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let of = CircuitKey::Provider(provider);
        let circuit = self.store.record_failure(of, now).await?;
        let Some(until) = circuit.opens_until(now, random::fraction()) else {
            self.remember(provider, circuit, now + CACHED);
            return Ok(());
        };
        self.store.open_circuit(of, &circuit, until).await?;
        tracing::warn!(provider, failures = circuit.consecutive_failures, "circuit opened");
        // The next job reads for how long, since it may be another instance that has said so.
        self.remember(provider, circuit, now);
        Ok(())
    }

    /// How `provider` has been doing, as far as it is worth asking.
    async fn circuit(
        &self,
        provider: &'static str,
        is_retry: bool,
        now: Timestamp,
    ) -> Result<Option<Circuit>, StoreError> {
        let cached = self.cached().get(provider).cloned();
        match cached {
            Some(cached) if cached.until > now => return Ok(Some(cached.circuit)),
            None if !is_retry => return Ok(None),
            Some(_) | None => {}
        }
        let circuit = self.store.circuit(CircuitKey::Provider(provider)).await?;
        match &circuit {
            Some(circuit) => self.remember(provider, circuit.clone(), now + CACHED),
            None => drop(self.cached().remove(provider)),
        }
        Ok(circuit)
    }

    /// Keeps what is known of `provider`, to be believed until `until`.
    fn remember(&self, provider: &'static str, circuit: Circuit, until: Timestamp) {
        self.cached().insert(provider, Cached { circuit, until });
    }

    fn cached(&self) -> MutexGuard<'_, HashMap<&'static str, Cached>> {
        self.cached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn probed(now: Timestamp) -> Admission {
    Admission::Held(now + random::between(PROBE.0, PROBE.1))
}
