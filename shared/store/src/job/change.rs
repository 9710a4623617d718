//! The changes a job can undergo. Each carries its condition: the states it may start from,
//! and the attempt it speaks of.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::job::{JobError, JobKind, Output, PastAttempt, PastProgress, ProgressCount, Source};
use domain::live::event::short;
use domain::{Attempt, Job, JobState, OwnerId, TaskId, Timestamp, limits};
use serde_json::Value;

use crate::Result;
use crate::item::{attribute, expiry, number, text, time};
use crate::job::cancel::CANCEL_UNCONFIRMED_AT;
use crate::job::progress::Progress;
use crate::keys::EXPIRES_AT;

/// One conditional update of a job, ready to be saved.
#[derive(Debug, Clone)]
pub struct Change {
    pub(crate) to: Option<JobState>,
    pub(crate) from: &'static [JobState],
    pub(crate) fence: Option<Attempt>,
    pub(crate) task: Option<TaskId>,
    pub(crate) kinds: &'static [JobKind],
    pub(crate) unless_cancel_requested: bool,
    pub(crate) owner: Option<OwnerId>,
    pub(crate) set: Vec<(&'static str, AttributeValue)>,
    pub(crate) set_once: Option<(&'static str, AttributeValue)>,
    pub(crate) append: Option<(&'static str, AttributeValue)>,
    /// Attributes, by group.
    pub(crate) remove: &'static [&'static [&'static str]],
    pub(crate) progress: Option<Progress>,
    /// Whether clients see it as an event.
    pub(crate) is_event: bool,
}

/// When a job at a provider was last marked with anything. The stream's filter looks for it.
const MARKED_AT: &str = "marked_at";

/// The list of what progress was made.
pub(super) const PAST_PROGRESS: &str = "past";

/// The attributes of one attempt, which the next one must not find.
const OF_ONE_ATTEMPT: &[&str] = &[
    "claim",
    "provider_task",
    "accepted_at",
    "source",
    "reported_at",
    "progress_percent",
    "progress_step",
    "progress_count",
    "progress_at",
    PAST_PROGRESS,
    MARKED_AT,
    "borrowed",
];

/// The attributes of one course of a job besides, which its restart must not find.
const OF_ONE_COURSE: &[&str] = &[
    "started_at",
    "completed_at",
    "cancel_requested_at",
    CANCEL_UNCONFIRMED_AT,
    "outputs",
    "result",
    "error",
    "lost_attempts",
];

/// What no longer matters once the next attempt begins.
const PATIENCE: &[&str] = &["not_before"];

/// What no longer matters once the provider has answered.
const CLAIM: &[&str] = &["claim"];

/// The states in which a provider may be working on a job.
const AT_PROVIDER: &[JobState] = &[JobState::Dispatched, JobState::Uncertain, JobState::Running];

impl Change {
    pub(super) fn to(state: JobState, at: Timestamp) -> Self {
        let mut set = vec![("state", text(state.as_str())), ("state_since", time(at))];
        if state.is_terminal() {
            set.push(("completed_at", time(at)));
        }
        let is_event = !matches!(state, JobState::Uncertain | JobState::Running);
        Self { to: Some(state), is_event, ..Self::from(state.predecessors(), set) }
    }

    pub(crate) const fn from(
        states: &'static [JobState],
        set: Vec<(&'static str, AttributeValue)>,
    ) -> Self {
        Self {
            to: None,
            from: states,
            fence: None,
            task: None,
            kinds: &[],
            unless_cancel_requested: false,
            owner: None,
            set,
            set_once: None,
            append: None,
            remove: &[],
            progress: None,
            is_event: false,
        }
    }

    pub(super) fn mark(name: &'static str, at: Timestamp) -> Self {
        let set = vec![(name, time(at)), (MARKED_AT, time(at))];
        Self::from(AT_PROVIDER, set)
    }

    pub(super) fn of(mut self, attempt: Attempt) -> Self {
        self.fence = Some(attempt);
        self
    }

    pub(super) fn by(mut self, owner: &OwnerId) -> Self {
        self.owner = Some(owner.clone());
        self
    }

    fn set(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.set.push((name, value));
        self
    }

    /// The attempt after `last` begins. The caller that saves this, under a mark of its own, may
    /// call the provider.
    pub fn claimed(last: Attempt, claim: &str, at: Timestamp) -> Self {
        let change = Self::to(JobState::Dispatched, at).of(last).set("claim", text(claim));
        let mut change = change.set("attempt", number(last.next().0));
        change.from = &[JobState::Queued];
        change.remove = &[PATIENCE];
        change.unless_cancel_requested = true;
        change.set_once = Some(("started_at", time(at)));
        change
    }

    /// The provider works on the present attempt of `job`.
    pub fn started(job: &Job, at: Timestamp) -> Self {
        Self { remove: &[CLAIM], ..Self::to(JobState::Running, at).of(job.attempt) }
    }

    /// The provider has accepted the present attempt of `job` as `task`. With `upstream_source`
    /// the provider was given the source of another provider's file.
    pub fn accepted(job: &Job, task: &TaskId, upstream_source: bool, at: Timestamp) -> Self {
        let mut change = Self::started(job, at).naming(task);
        if job.kind().is_step() {
            change.set.push(("accepted_at", time(at)));
        }
        if upstream_source {
            change.set.push(("borrowed", AttributeValue::Bool(true)));
        }
        change
    }

    /// `attempt` was submitted, and its answer is lost.
    pub fn uncertain(attempt: Attempt, at: Timestamp) -> Self {
        Self::to(JobState::Uncertain, at).of(attempt)
    }

    /// Saves the provider's task too, which the report names and no answer did.
    #[must_use]
    pub fn naming(self, task: &TaskId) -> Self {
        self.set("provider_task", text(task.as_str()))
    }

    /// Only if `job` is still in the state on which the decision was based.
    #[must_use]
    pub fn only_from(mut self, job: &Job) -> Self {
        self.from = only(job.state);
        self
    }

    /// The result of an earlier attempt of `job`, of the same inputs, is adopted. It counts as a
    /// further attempt, so that the present one is superseded and its task cancelled.
    pub fn adopted(
        job: &Job,
        task: Option<&TaskId>,
        source: &Source,
        result: Option<&Value>,
        at: Timestamp,
    ) -> Result<Self> {
        let change = Self::succeeded(Some(job.attempt), source, result, at)?;
        let change = change.set("attempt", number(job.attempt.next().0));
        let change = Self { from: only(job.state), ..change };
        let change = match task {
            Some(task) => change.naming(task),
            None => Self { remove: &[&["claim", "provider_task"]], ..change },
        };
        change.remembering(job, "an earlier attempt had the result", at)
    }

    /// Only if the provider's task is `task`: the report is about no other.
    #[must_use]
    pub fn of_task(mut self, task: &TaskId) -> Self {
        self.task = Some(task.clone());
        self
    }

    /// Only if the job is of one of `kinds`: those that the reporting provider does.
    #[must_use]
    pub const fn of_kinds(mut self, kinds: &'static [JobKind]) -> Self {
        self.kinds = kinds;
        self
    }

    /// The provider has finished with these files and this `result`. Without `attempt` the
    /// report counts for the present one. With no file to pull, the job is completed.
    pub fn succeeded(
        attempt: Option<Attempt>,
        source: &Source,
        result: Option<&Value>,
        at: Timestamp,
    ) -> Result<Self> {
        let mut change = if source.files.is_empty() {
            Self { from: AT_PROVIDER, ..Self::to(JobState::Completed, at) }
        } else {
            Self::to(JobState::Storing, at).set("source", attribute(source)?)
        };
        if let Some(result) = result {
            change.set.push(("result", text(result.to_string())));
        }
        Ok(Self { fence: attempt, remove: &[CLAIM], ..change })
    }

    /// An unsigned webhook reports that `attempt` has ended.
    pub fn reported(attempt: Option<Attempt>, at: Timestamp) -> Self {
        Self { fence: attempt, ..Self::mark("reported_at", at) }
    }

    /// The provider reports how far an attempt is. The condition fails if it did so shortly
    /// before, or if little has been done since.
    pub fn progress(
        attempt: Option<Attempt>,
        percent: u8,
        (step, count): (Option<&str>, Option<ProgressCount>),
        at: Timestamp,
    ) -> Result<Self> {
        let mut change = Self::mark("progress_at", at).set("progress_percent", number(percent));
        if let Some(step) = step {
            change.set.push(("progress_step", text(step)));
        }
        if let Some(count) = count {
            change.set.push(("progress_count", attribute(&count)?));
        }
        let past = PastProgress { percent, at, step: step.map(short), count };
        let append = Some((PAST_PROGRESS, attribute(&[past])?));
        let progress = Some(Progress { percent, at });
        Ok(Self { fence: attempt, progress, append, is_event: true, ..change })
    }

    /// The files of `attempt` are in the bucket.
    pub fn completed(attempt: Attempt, outputs: &[Output], at: Timestamp) -> Result<Self> {
        let change = Self { from: &[JobState::Storing], ..Self::to(JobState::Completed, at) };
        Ok(change.of(attempt).set("outputs", attribute(&outputs)?))
    }

    /// `attempt` has ended the job without a result.
    pub fn failed(attempt: Attempt, error: &JobError, at: Timestamp) -> Result<Self> {
        Ok(Self::to(JobState::Failed, at).of(attempt).set("error", attribute(error)?))
    }

    /// The provider does not accept `attempt` now; the job is queued for another, which begins
    /// `not_before` the time that the provider asks for.
    pub fn put_back_until(attempt: Attempt, not_before: Timestamp, at: Timestamp) -> Self {
        Self::put_back(attempt, at).set("not_before", time(not_before))
    }

    /// The same as soon as may be.
    pub fn put_back(attempt: Attempt, at: Timestamp) -> Self {
        Self {
            remove: &[OF_ONE_ATTEMPT],
            unless_cancel_requested: true,
            ..Self::to(JobState::Queued, at).of(attempt)
        }
    }

    /// The present attempt of `job`, which its provider had accepted, is lost for `reason`; the
    /// job is queued for another.
    pub fn lost(job: &Job, reason: &str, at: Timestamp) -> Result<Self> {
        let lost = number(job.lost_attempts + 1);
        let change = Self::put_back(job.attempt, at).set("lost_attempts", lost);
        change.only_from(job).remembering(job, reason, at)
    }

    /// The present attempt of `job` is lost for `reason`. Another one follows, unless none is left
    /// or a later step works with the file that this one announced, which must not mix with a
    /// second version; then the job has failed with `error`. None follows a cancel request either:
    /// the job is cancelled, if its provider has no result.
    pub fn lost_or_failed(
        job: &Job,
        reason: &str,
        error: &JobError,
        at: Timestamp,
    ) -> Result<Self> {
        let is_cancelled = job.cancel_requested_at.is_some();
        if is_cancelled && JobState::Cancelled.predecessors().contains(&job.state) {
            return Ok(Self::cancelled(job.attempt, at).only_from(job));
        }
        let last = is_cancelled || job.lost_attempts + 1 >= limits::ATTEMPTS;
        if last || job.state == JobState::Storing && is_followed(job) {
            return Self::failed(job.attempt, error, at).map(|change| change.only_from(job));
        }
        Self::lost(job, reason, at)
    }

    /// The provider reports that the present attempt of `job` failed with `error`. One that was
    /// given an upstream source is followed by another, which is given our copy.
    pub fn failed_at_provider(job: &Job, error: &JobError, at: Timestamp) -> Result<Self> {
        let change = if job.work.as_step().is_some_and(|step| step.upstream_source) {
            Self::lost_or_failed(job, &error.message, error, at)?
        } else {
            Self::failed(job.attempt, error, at)?
        };
        // Once the provider has announced its file it cannot fail any more.
        Ok(Self { from: AT_PROVIDER, ..change })
    }

    /// The owner restarts `job`, a step of a project, in whatever state it is: at once, or when
    /// the step before has its file. Its results so far are kept in its history; reports about
    /// an earlier attempt no longer count.
    pub fn restarted(job: &Job, at_once: bool, reason: &str, at: Timestamp) -> Result<Self> {
        let state = if at_once { JobState::Queued } else { JobState::Waiting };
        let change = Self { from: only(job.state), ..Self::to(state, at) }.of(job.attempt);
        let change = change.set("attempt", number(job.attempt.next().0));
        let change = change.set("created_at", time(at));
        let change = change.set(EXPIRES_AT, expiry(at + job.retention().duration()));
        let change = change.set("inputs_after", number(job.attempt.0));
        Self { remove: &[OF_ONE_ATTEMPT, OF_ONE_COURSE], ..change }.remembering(job, reason, at)
    }

    /// Adds the present attempt of `job` to its history, as long as that is short.
    fn remembering(self, job: &Job, reason: &str, at: Timestamp) -> Result<Self> {
        if job.attempt == Attempt::default() || job.history.len() >= limits::PAST_ATTEMPTS {
            return Ok(self);
        }
        let past = PastAttempt {
            attempt: job.attempt,
            at,
            reason: reason.to_owned(),
            provider_task: job.provider_task.clone(),
            started_at: job.started_at,
            accepted_at: job.accepted_at,
            completed_at: job.completed_at,
            error: job.error.clone(),
            outputs: job.outputs.clone(),
        };
        Ok(Self { append: Some(("history", attribute(&[past])?)), ..self })
    }
}

/// Whether another step of its project is made from what `job` makes.
fn is_followed(job: &Job) -> bool {
    let step = job.step().zip(job.work.as_step());
    step.is_some_and(|(step, work)| step.next(work.scenes).is_some())
}

/// The list of this one state.
pub(super) fn only(state: JobState) -> &'static [JobState] {
    const ALL: &[JobState] = &JobState::ALL;
    let place = ALL.iter().position(|one| *one == state).unwrap_or_default();
    &ALL[place..=place]
}
