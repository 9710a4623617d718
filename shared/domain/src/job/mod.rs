//! A job: one piece of work at one provider, from request to result.

pub mod error;
pub mod kind;
pub mod output;
mod past_progress;
pub mod source;
pub mod work;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_with_macros::skip_serializing_none;

pub use error::{ErrorCode, JobError};
pub use kind::{JobKind, Media};
pub use output::{MissingOutput, Output};
pub use past_progress::PastProgress;
pub use source::{FileRole, Source, SourceFile};
pub use work::*;

use crate::idempotency::KeyedRequest;
use crate::json_object::JsonObject;
use crate::json_text;
use crate::retention::{Erased, RetentionDays};
use crate::time::time_to_live;
use crate::{Attempt, JobId, JobState, OwnerId, Step, TaskId, Timestamp, limits, named};

/// A job as it is stored. Everything a client, a worker or the stream needs to know of it is
/// here, but for a long text, which lies in an item of its own.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub owner: OwnerId,
    /// What it has to do; stored flat, with its `kind`.
    #[serde(flatten)]
    pub work: Work,
    /// Where it stands.
    pub state: JobState,
    /// The attempt that counts; 0 until it is first dispatched.
    pub attempt: Attempt,
    /// The last attempt before the job's inputs changed by a restart: results of later attempts
    /// are all of the same inputs.
    #[serde(default, skip_serializing_if = "Attempt::is_none")]
    pub inputs_after: Attempt,
    /// What its owner wants done when the answer to a submission is lost; the deployment's
    /// setting decides if there is none.
    pub on_uncertain: Option<OnUncertain>,
    /// How long it may wait until a provider accepts it, if its owner says so.
    pub start_timeout_seconds: Option<u32>,
    /// How long a provider may work on one attempt, if its owner says so.
    pub timeout_seconds: Option<u32>,
    /// When its provider is asked again at the earliest, if that has asked for patience.
    pub not_before: Option<Timestamp>,
    /// How many attempts a provider accepted and lost.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_attempts: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The mark of the claim of the present attempt, until the provider has answered: it tells a
    /// write of one's own, repeated after its answer was lost, from another's.
    pub claim: Option<String>,
    /// When its first attempt was claimed.
    pub started_at: Option<Timestamp>,
    /// When it came to its present state.
    pub state_since: Timestamp,
    /// When it ended, in whatever way.
    pub completed_at: Option<Timestamp>,
    /// When its owner asked to end it while a provider was at work.
    pub cancel_requested_at: Option<Timestamp>,
    /// When its provider refused the cancel, or had not carried it out in time.
    pub cancel_unconfirmed_at: Option<Timestamp>,
    /// When an unsigned webhook reported an end; the provider is polled before it is believed.
    pub reported_at: Option<Timestamp>,
    /// How far the present attempt is, 0 to 100, if its provider reports it.
    pub progress_percent: Option<u8>,
    /// What it is doing, if its provider says so.
    pub progress_step: Option<String>,
    /// How much of it is done, if its provider counts.
    pub progress_count: Option<ProgressCount>,
    /// When its progress was saved.
    pub progress_at: Option<Timestamp>,
    /// How many events clients may have seen of it: the [sequence](crate::live) of the latest.
    #[serde(default, rename = "seq", skip_serializing_if = "is_zero")]
    pub sequence: u32,
    /// What progress the present attempt has made, the first first.
    #[serde(default, rename = "past", skip_serializing_if = "Vec::is_empty")]
    pub past_progress: Vec<PastProgress>,
    /// The task that the provider runs for the present attempt.
    pub provider_task: Option<TaskId>,
    /// When the provider accepted the present attempt. Stored for a project's steps only: the
    /// item of any other job has no byte to spare below 1 KB.
    pub accepted_at: Option<Timestamp>,
    /// Where the provider's files are, once it announces them.
    pub source: Option<Source>,
    /// What the provider returned besides files.
    #[serde(default, with = "json_text")]
    pub result: Option<Value>,
    /// The files in our bucket.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
    /// The files that it is completed without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingOutput>,
    /// What it costs its owner, once it is completed, if jobs of its kind cost any.
    pub credits: Option<u64>,
    /// Why it failed.
    pub error: Option<JobError>,
    /// Where to notify its owner.
    pub webhook_url: Option<String>,
    /// What its owner attached to it.
    pub metadata: Option<JsonObject>,
    /// SHA-256 of the request's body, hex; kept when an idempotency key was given.
    pub request_sha256: Option<String>,
    /// The attempts that failed or were superseded, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<PastAttempt>,
    /// When it is forgotten with its files: the table's time to live.
    #[serde(default, with = "time_to_live")]
    pub expires_at: Option<Timestamp>,
    /// What its owner has erased of it.
    pub erased: Option<Erased>,
}

impl Job {
    /// A new job that waits to be dispatched, with the default retention.
    pub fn new(id: JobId, owner: OwnerId, work: Work, now: Timestamp) -> Self {
        Self {
            id,
            owner,
            work,
            state: JobState::Queued,
            attempt: Attempt(0),
            inputs_after: Attempt(0),
            on_uncertain: None,
            start_timeout_seconds: None,
            timeout_seconds: None,
            not_before: None,
            lost_attempts: 0,
            created_at: now,
            claim: None,
            started_at: None,
            state_since: now,
            completed_at: None,
            cancel_requested_at: None,
            cancel_unconfirmed_at: None,
            reported_at: None,
            progress_percent: None,
            progress_step: None,
            progress_count: None,
            progress_at: None,
            sequence: 0,
            past_progress: Vec::new(),
            provider_task: None,
            accepted_at: None,
            source: None,
            result: None,
            outputs: Vec::new(),
            missing: Vec::new(),
            credits: None,
            error: None,
            webhook_url: None,
            metadata: None,
            request_sha256: None,
            history: Vec::new(),
            expires_at: Some(now + RetentionDays::default().duration()),
            erased: None,
        }
    }

    /// The request that created it.
    pub fn keyed(&self) -> KeyedRequest {
        KeyedRequest::kept(self.request_sha256.as_ref(), self.created_at)
    }

    /// How long it is kept from its creation or its restart on.
    pub fn retention(&self) -> RetentionDays {
        let between = |expiry| RetentionDays::between(self.created_at, expiry);
        self.expires_at.map_or_else(RetentionDays::default, between)
    }

    /// How long it may wait for its provider, and how long that may work on it.
    pub fn deadlines(&self) -> Deadlines {
        let own = |seconds: Option<u32>| seconds.map(|seconds| Duration::from_secs(seconds.into()));
        Deadlines {
            start: own(self.start_timeout_seconds).unwrap_or(limits::START_DEADLINE),
            run: own(self.timeout_seconds).unwrap_or(self.kind().run_deadline()),
        }
    }

    /// What it makes.
    pub const fn kind(&self) -> JobKind {
        self.work.kind()
    }

    /// Its place in its project, if it is a step of one.
    pub fn step(&self) -> Option<Step> {
        self.work.as_step().and_then(|_| Step::of(&self.id))
    }
}

/// How long a job may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Until a provider accepts it.
    pub start: Duration,
    /// From then on, until its attempt has ended.
    pub run: Duration,
}

named! {
    /// What to do with a job whose submission was not answered, as long as nothing says whether the
    /// provider works on it.
    #[derive(Default)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub enum OnUncertain {
        /// Wait until the provider reports, or its task is certainly dead.
        #[default]
        Wait = "wait",
        /// Submit again after two minutes, which may pay twice.
        Retry = "retry",
        /// Fail after two minutes.
        Fail = "fail",
    }
    else "on_uncertain", "must be wait, retry or fail"
}

/// How much of an attempt is done, in units that depend on the job's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProgressCount {
    /// Units that are done.
    pub done: u32,
    /// Units that there are, as far as is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
}

/// An attempt that no longer counts, and what it left behind.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastAttempt {
    /// Which.
    pub attempt: Attempt,
    /// When it ceased to count.
    pub at: Timestamp,
    /// Why, in words meant for the job's owner.
    pub reason: String,
    /// Its provider's task, if the provider had answered.
    pub provider_task: Option<TaskId>,
    /// When the first of the attempts that this entry stands for was dispatched.
    pub started_at: Option<Timestamp>,
    /// When its provider had accepted it, if it had.
    pub accepted_at: Option<Timestamp>,
    /// When it had ended the job, if it had.
    pub completed_at: Option<Timestamp>,
    /// Why it had failed, if it had.
    pub error: Option<JobError>,
    /// Its files, which are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Output>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference to the field")]
pub(crate) const fn is_zero(number: &u32) -> bool {
    *number == 0
}
