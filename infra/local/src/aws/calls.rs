//! Counts the calls made to the embedded AWS, and makes chosen ones fail.
//!
//! Off until a test asks: with neither recording nor a fault rule a call costs one atomic load.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use super::target::{Service, Target};

/// How many SDK calls of one caller are remembered to recognise their retries. A retry follows
/// its first try at once, so it only has to exceed what one caller has under way.
const REMEMBERED: usize = 256;

/// One try of one call, as a fault rule sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Who calls: a function's name, or `http` for what comes through the port.
    pub caller: Arc<str>,
    /// The service called.
    pub service: Service,
    /// The operation, as AWS names it (`PutItem`).
    pub operation: String,
    /// The number of this SDK call among its caller's, from 0; all its retries share it.
    pub invocation: u64,
    /// 1 for the first try, 2 for its first retry, and so on.
    pub attempt: u32,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks before the service has done anything.
    BeforeEffect,
    /// The service does it, and the answer is lost.
    AfterEffect,
}

/// How a recorded call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The service answered with this HTTP status.
    Status(u16),
    /// A fault was injected.
    Fault(Fault),
    /// The service broke off without an answer.
    Broken,
}

/// A call that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// The call.
    pub call: Call,
    /// How it ended.
    pub answer: Answer,
    /// Write units consumed, over the table and its indexes; a transaction's count double.
    pub write_units: f64,
    /// Read units consumed, likewise.
    pub read_units: f64,
}

/// Decides which calls fail.
pub type FaultRule = dyn Fn(&Call) -> Option<Fault> + Send + Sync;

/// The record of calls, and the rule by which they fail.
#[derive(Default)]
pub struct Calls {
    recording: AtomicBool,
    watching: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: Vec<CallRecord>,
    rule: Option<Arc<FaultRule>>,
    callers: HashMap<Arc<str>, Invocations>,
}

/// The calls of one caller, by the SDK's own id of each.
#[derive(Default)]
struct Invocations {
    next: u64,
    recent: VecDeque<(String, u64)>,
}

impl Calls {
    /// Starts or stops recording.
    pub fn record(&self, on: bool) {
        self.recording.store(on, Ordering::SeqCst);
        self.update_watching(&self.lock());
    }

    /// The calls recorded since the last reset, in the order they ended.
    #[must_use]
    pub fn snapshot(&self) -> Vec<CallRecord> {
        self.lock().records.clone()
    }

    /// Forgets what was recorded, and counts each caller's calls from 0 again.
    pub fn reset(&self) {
        let mut state = self.lock();
        state.records.clear();
        state.callers.clear();
    }

    /// Lets `rule` decide which calls fail from now on.
    pub fn inject(&self, rule: Arc<FaultRule>) {
        let mut state = self.lock();
        state.rule = Some(rule);
        self.update_watching(&state);
    }

    /// Lets no call fail any more.
    pub fn clear_faults(&self) {
        let mut state = self.lock();
        state.rule = None;
        self.update_watching(&state);
    }

    /// The call that is about to be made, and how it is to fail; none if nobody is interested.
    pub(super) fn begin(
        &self,
        caller: &Arc<str>,
        target: &Target,
        headers: &HeaderMap,
    ) -> Option<(Call, Option<Fault>)> {
        if !self.watching.load(Ordering::Relaxed) {
            return None;
        }
        let (invocation, rule) = {
            let mut state = self.lock();
            let id = text(headers, "amz-sdk-invocation-id");
            let known = state.callers.entry(Arc::clone(caller)).or_default();
            (known.number(id), state.rule.clone())
        };
        let call = Call {
            caller: Arc::clone(caller),
            service: target.service,
            operation: target.operation.clone(),
            invocation,
            attempt: attempt(text(headers, "amz-sdk-request")),
        };
        // The rule is a test's own code and may ask for a snapshot: not under the lock.
        let fault = rule.and_then(|rule| rule(&call));
        Some((call, fault))
    }

    /// Whether calls are recorded, with what they cost.
    pub(super) fn is_recording(&self) -> bool {
        self.recording.load(Ordering::Relaxed)
    }

    /// Records a call that has ended.
    pub(super) fn end(&self, record: CallRecord) {
        if self.is_recording() {
            self.lock().records.push(record);
        }
    }

    fn update_watching(&self, state: &State) {
        let watching = self.recording.load(Ordering::SeqCst) || state.rule.is_some();
        self.watching.store(watching, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Invocations {
    /// The number of the call with that id; a call without one is always a new one.
    fn number(&mut self, id: Option<&str>) -> u64 {
        let known = self.recent.iter().rev().find(|(recent, _)| Some(recent.as_str()) == id);
        if let Some((_, number)) = known {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        if let Some(id) = id {
            self.recent.push_back((id.to_owned(), number));
            if self.recent.len() > REMEMBERED {
                self.recent.pop_front();
            }
        }
        number
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The try's number out of `attempt=2; max=3`.
fn attempt(header: Option<&str>) -> u32 {
    header
        .and_then(|header| header.split(';').find_map(|part| part.trim().strip_prefix("attempt=")))
        .and_then(|number| number.parse().ok())
        .unwrap_or(1)
}
