//! The changes a job can undergo. Each carries its condition: the states it may start from,
//! and the attempt it speaks of.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::job::{ErrorCode, FileSource, JobError, Output, PastAttempt};
use domain::{Attempt, Job, JobState, OwnerId, Step, Timestamp, limits};

use crate::StoreError;
use crate::expressions::Expressions;
use crate::item::{attribute, number, text, time};

/// One conditional update of a job, ready to be saved.
#[derive(Debug, Clone)]
pub struct Change {
    pub(crate) to: Option<JobState>,
    pub(crate) from: &'static [JobState],
    pub(crate) fence: Option<Attempt>,
    pub(crate) task: Option<String>,
    pub(crate) owner: Option<OwnerId>,
    pub(crate) set: Vec<(&'static str, AttributeValue)>,
    pub(crate) set_once: Option<(&'static str, AttributeValue)>,
    pub(crate) append: Option<(&'static str, AttributeValue)>,
    pub(crate) remove: &'static [&'static str],
    pub(crate) progress: Option<Progress>,
}

/// How far a job is, of which its owner is to be told neither too often nor too finely.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    percent: u8,
    at: Timestamp,
}

impl Progress {
    /// Holds unless progress was saved shortly before, or was little less, or more.
    pub(crate) fn condition(self, update: &mut Expressions) -> String {
        let (then, percent) = (update.name("progress_at"), update.name("progress_percent"));
        let earlier = update.value(time(self.at - limits::PROGRESS_INTERVAL));
        let less = self.percent.saturating_sub(limits::PROGRESS_PERCENT);
        let less = update.value(number(less));
        format!("(attribute_not_exists({then}) OR ({then} <= {earlier} AND {percent} <= {less}))")
    }
}

/// When a job at a provider was last told of anything. The stream's filter asks for it.
const MARKED_AT: &str = "marked_at";

/// What an attempt leaves behind, and the next one must not find.
const OF_ONE_ATTEMPT: &[&str] = &[
    "provider_task",
    "accepted_at",
    "source",
    "reported_at",
    "progress_percent",
    "progress_at",
    MARKED_AT,
    "borrowed",
];

/// What a whole life leaves behind, and a job that is begun anew must not find.
const OF_ONE_LIFE: &[&str] = &[
    "provider_task",
    "accepted_at",
    "source",
    "reported_at",
    "progress_percent",
    "progress_at",
    MARKED_AT,
    "borrowed",
    "started_at",
    "completed_at",
    "cancel_requested_at",
    "outputs",
    "error",
    "lost_attempts",
];

impl Change {
    fn to(state: JobState, at: Timestamp) -> Self {
        let mut set = vec![("state", text(state.as_str())), ("state_since", time(at))];
        if state.is_terminal() {
            set.push(("completed_at", time(at)));
        }
        Self { to: Some(state), ..Self::from(state.predecessors(), set) }
    }

    const fn from(states: &'static [JobState], set: Vec<(&'static str, AttributeValue)>) -> Self {
        Self {
            to: None,
            from: states,
            fence: None,
            task: None,
            owner: None,
            set,
            set_once: None,
            append: None,
            remove: &[],
            progress: None,
        }
    }

    fn mark(name: &'static str, at: Timestamp) -> Self {
        let set = vec![(name, time(at)), (MARKED_AT, time(at))];
        Self::from(&[JobState::Dispatched, JobState::Running], set)
    }

    fn of(mut self, attempt: Attempt) -> Self {
        self.fence = Some(attempt);
        self
    }

    fn by(mut self, owner: &OwnerId) -> Self {
        self.owner = Some(owner.clone());
        self
    }

    fn set(mut self, name: &'static str, value: AttributeValue) -> Self {
        self.set.push((name, value));
        self
    }

    /// The attempt after `last` is begun. Whoever saves this may call the provider.
    #[must_use]
    pub fn claimed(last: Attempt, at: Timestamp) -> Self {
        let mut change =
            Self::to(JobState::Dispatched, at).of(last).set("attempt", number(last.next().0));
        change.from = &[JobState::Queued];
        change.set_once = Some(("started_at", time(at)));
        change
    }

    /// The provider has accepted `attempt` and calls it `task`.
    #[must_use]
    pub fn accepted(attempt: Attempt, task: &str, at: Timestamp) -> Self {
        Self::to(JobState::Running, at).of(attempt).set("provider_task", text(task))
    }

    /// Notes when the provider accepted it, which is kept of a project's steps.
    #[must_use]
    pub fn accepted_at(self, at: Timestamp) -> Self {
        self.set("accepted_at", time(at))
    }

    /// Notes that the provider works on what is still another provider's.
    #[must_use]
    pub fn borrowing(mut self, borrowed: bool) -> Self {
        if borrowed {
            self.set.push(("borrowed", AttributeValue::Bool(true)));
        }
        self
    }

    /// Only if the provider's task is `task`: its word is for no other.
    #[must_use]
    pub fn of_task(mut self, task: &str) -> Self {
        self.task = Some(task.to_owned());
        self
    }

    /// The provider offers a file. Without `attempt` its word is taken for the present one.
    pub fn file_ready(
        attempt: Option<Attempt>,
        source: &FileSource,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let change = Self::to(JobState::Storing, at).set("source", attribute(source)?);
        Ok(Self { fence: attempt, ..change })
    }

    /// The provider says, unsigned, that `attempt` has ended.
    #[must_use]
    pub fn reported(attempt: Option<Attempt>, at: Timestamp) -> Self {
        Self { fence: attempt, ..Self::mark("reported_at", at) }
    }

    /// The provider says how far `attempt` is. Refused if it said so shortly before, or if it
    /// has come on but little.
    #[must_use]
    pub fn progress(attempt: Attempt, percent: u8, at: Timestamp) -> Self {
        let change = Self::mark("progress_at", at).of(attempt);
        let change = change.set("progress_percent", number(percent));
        Self { progress: Some(Progress { percent, at }), ..change }
    }

    /// The files of `attempt` are in the bucket.
    pub fn completed(
        attempt: Attempt,
        outputs: &[Output],
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let outputs = attribute(&outputs)?;
        Ok(Self::to(JobState::Completed, at).of(attempt).set("outputs", outputs))
    }

    /// `attempt` has ended the job without a result.
    pub fn failed(attempt: Attempt, error: &JobError, at: Timestamp) -> Result<Self, StoreError> {
        Ok(Self::to(JobState::Failed, at).of(attempt).set("error", attribute(error)?))
    }

    /// The provider does not take `attempt` now; the job waits for another.
    #[must_use]
    pub fn put_back(attempt: Attempt, at: Timestamp) -> Self {
        Self { remove: OF_ONE_ATTEMPT, ..Self::to(JobState::Queued, at).of(attempt) }
    }

    /// The present attempt of `job`, which its provider had taken, came to nothing for `reason`;
    /// the job waits for another.
    pub fn lost(job: &Job, reason: &str, at: Timestamp) -> Result<Self, StoreError> {
        let lost = number(job.lost_attempts + 1);
        let change = Self::put_back(job.attempt, at).set("lost_attempts", lost);
        change.remembering(job, reason, at)
    }

    /// The present attempt of `job` came to nothing for `reason`. Another one follows, unless none
    /// is left or a later step works with what this one has offered, which must not mix with a
    /// second version; then the job has failed with `error`.
    pub fn lost_or_failed(
        job: &Job,
        reason: &str,
        error: &JobError,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let last = job.lost_attempts + 1 >= limits::ATTEMPTS;
        if last || job.state == JobState::Storing && is_followed(job) {
            return Self::failed(job.attempt, error, at);
        }
        Self::lost(job, reason, at)
    }

    /// The provider says that the present attempt of `job` failed with `error`. One that worked
    /// on a file of another provider's is followed by another, which is given ours.
    pub fn failed_step(job: &Job, error: &JobError, at: Timestamp) -> Result<Self, StoreError> {
        let change = if job.borrowed {
            Self::lost_or_failed(job, &error.message, error, at)?
        } else {
            Self::failed(job.attempt, error, at)?
        };
        // Once the service has offered its file it cannot fail any more.
        Ok(Self { from: &[JobState::Dispatched, JobState::Running], ..change })
    }

    /// The provider says that it has ended the present attempt of `job`. If nobody asked for that
    /// and its project waits for it, the job has failed: a step is cancelled with its project.
    pub fn ended_by_provider(job: &Job, at: Timestamp) -> Result<Self, StoreError> {
        if Step::of(&job.id).is_none() || job.cancel_requested_at.is_some() {
            return Ok(Self::cancelled(job.attempt, at));
        }
        let error = JobError::new(ErrorCode::ProviderFailed, "The provider ended the task.");
        Self::failed_step(job, &error, at)
    }

    /// The owner has `job`, a step of a project, begin anew, in whatever state it is: at once, or
    /// when what it is made from is there. What it had come to is kept as its past; whoever
    /// speaks of an earlier attempt is not heard any more.
    pub fn restarted(
        job: &Job,
        at_once: bool,
        reason: &str,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        let state = if at_once { JobState::Queued } else { JobState::Waiting };
        let change = Self { from: only(job.state), ..Self::to(state, at) }.of(job.attempt);
        let change = change.set("attempt", number(job.attempt.next().0));
        let change = change.set("created_at", time(at));
        Self { remove: OF_ONE_LIFE, ..change }.remembering(job, reason, at)
    }

    /// Adds the present attempt of `job` to its past, as long as that is short.
    fn remembering(self, job: &Job, reason: &str, at: Timestamp) -> Result<Self, StoreError> {
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

    /// The owner ends a job that no provider has.
    #[must_use]
    pub fn cancelled_by(owner: &OwnerId, at: Timestamp) -> Self {
        let change = Self::to(JobState::Cancelled, at).by(owner);
        Self { from: &[JobState::Waiting, JobState::Queued], ..change }
    }

    /// The owner wants a job ended that a provider may be working on.
    #[must_use]
    pub fn cancel_requested_by(owner: &OwnerId, at: Timestamp) -> Self {
        Self::mark("cancel_requested_at", at).by(owner)
    }

    /// The provider has ended `attempt`, as the owner wished.
    #[must_use]
    pub fn cancelled(attempt: Attempt, at: Timestamp) -> Self {
        Self::to(JobState::Cancelled, at).of(attempt)
    }
}

/// Whether another step of its project is made from what `job` makes.
fn is_followed(job: &Job) -> bool {
    Step::of(&job.id).is_some_and(|step| step.next(job.scenes).is_some())
}

/// The list of this one state.
fn only(state: JobState) -> &'static [JobState] {
    const ALL: &[JobState] = &JobState::ALL;
    let place = ALL.iter().position(|one| *one == state).unwrap_or_default();
    &ALL[place..=place]
}
