//! Counts calls to the embedded AWS, and injects faults.
//!
//! Off by default: without recording and without a fault rule, a call costs one atomic load.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use super::target::{Service, Target};

/// How many SDK calls of one caller are kept to recognise their retries. A retry follows its first
/// try at once, so this only has to exceed a caller's concurrent calls.
const MAX_RECENT: usize = 256;

/// One try of one call, as a fault rule gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The caller: a function's name, or `http` for requests over the port.
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
    /// The connection breaks before the service acts.
    BeforeEffect,
    /// The service acts, and its answer is lost.
    AfterEffect,
}

/// How a recorded call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The service answered with this HTTP status.
    Status(u16),
    /// A fault was injected.
    Fault(Fault),
    /// The service gave no answer.
    Broken,
}

/// A recorded call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    /// The call.
    pub call: Call,
    /// How it ended.
    pub answer: Answer,
    /// Write units consumed by the table and its indexes; a transaction's count double.
    pub write_units: f64,
    /// Read units consumed, likewise.
    pub read_units: f64,
    /// What IAM is asked about it; more than one thing for a transaction. Empty if it is not understood.
    pub accesses: Vec<Access>,
}

/// What IAM is asked about a request, or about a member of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// Such as `dynamodb:PutItem`.
    pub action: String,
    /// The ARN of the table, index, queue, bucket or object.
    pub resource: String,
    /// The values of a condition key: of `dynamodb:LeadingKeys` the partition keys that it names, of
    /// the table or of the index that it queries; of `s3:prefix` that of a list.
    pub context: Vec<(&'static str, String)>,
}

/// Decides which calls fail.
pub type FaultRule = dyn Fn(&Call) -> Option<Fault> + Send + Sync;

/// Recorded calls, and the rule that injects faults.
#[derive(Default)]
pub struct Calls {
    recording: AtomicBool,
    active: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    records: Vec<CallRecord>,
    rule: Option<Arc<FaultRule>>,
    callers: HashMap<Arc<str>, Invocations>,
}

/// The numbered calls of one caller, by the SDK's invocation id.
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
    pub fn snapshot(&self) -> Vec<CallRecord> {
        self.lock().records.clone()
    }

    /// Deletes the records, and numbers each caller's calls from 0 again.
    pub fn reset(&self) {
        let mut state = self.lock();
        state.records.clear();
        state.callers.clear();
    }

    /// Injects faults by `rule` from now on.
    pub fn inject(&self, rule: Arc<FaultRule>) {
        let mut state = self.lock();
        state.rule = Some(rule);
        self.update_watching(&state);
    }

    /// Stops injecting faults.
    pub fn clear_faults(&self) {
        let mut state = self.lock();
        state.rule = None;
        self.update_watching(&state);
    }

    /// The call that begins, and the fault to inject; `None` if calls are neither recorded nor
    /// subject to a rule.
    pub(super) fn begin(
        &self,
        caller: &Arc<str>,
        target: &Target,
        headers: &HeaderMap,
    ) -> Option<(Call, Option<Fault>)> {
        if !self.active.load(Ordering::Relaxed) {
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
        // Not under the lock: the rule is a test's own code and may ask for a snapshot.
        let fault = rule.and_then(|rule| rule(&call));
        Some((call, fault))
    }

    /// Whether calls and their cost are recorded.
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
        let active = self.recording.load(Ordering::SeqCst) || state.rule.is_some();
        self.active.store(active, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Invocations {
    /// The number of the call with that id; a call without an id is a new one.
    fn number(&mut self, id: Option<&str>) -> u64 {
        let known = self.recent.iter().rev().find(|(recent, _)| Some(recent.as_str()) == id);
        if let Some((_, number)) = known {
            return *number;
        }
        let number = self.next;
        self.next += 1;
        if let Some(id) = id {
            self.recent.push_back((id.to_owned(), number));
            if self.recent.len() > MAX_RECENT {
                self.recent.pop_front();
            }
        }
        number
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The number in `attempt=2; max=3`.
fn attempt(header: Option<&str>) -> u32 {
    header
        .and_then(|header| header.split(';').find_map(|part| part.trim().strip_prefix("attempt=")))
        .and_then(|number| number.parse().ok())
        .unwrap_or(1)
}
