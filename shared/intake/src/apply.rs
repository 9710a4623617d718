//! What a report changes of its job, and what follows from that.

use domain::job::PastAttempt;
use domain::retention::Erasure;
use domain::{Attempt, Job, JobId, JobKind, JobState, ProjectStatus, Step, TaskId, Timestamp};
use providers::{Provider, Report, TaskResult, TaskStatus, WebhookReport};
use store::{Advanced, Change, Changed, InboundOutcome, Result};

use crate::Intake;

/// The job that a webhook reports on.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The job.
    pub(crate) job_id: JobId,
    /// The attempt, if the sender has proved which; otherwise the task must be the present one.
    pub(crate) attempt: Option<Attempt>,
}

/// What has come of a report, and which of its facts are true by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reception {
    /// What has come of it.
    pub outcome: InboundOutcome,
    /// The job is as it reports.
    pub updated: bool,
    /// The next step, once it is released.
    pub released: Option<Step>,
    /// The job's project is completed, and with that its owner's webhook committed.
    pub notified: bool,
    /// The job's owner has erased what was sent about it.
    pub erased: bool,
}

impl Reception {
    const fn of(outcome: InboundOutcome) -> Self {
        let updated = matches!(outcome, InboundOutcome::Applied);
        Self { outcome, updated, released: None, notified: false, erased: false }
    }
}

impl Intake {
    /// Saves what `report` says of `subject`, and what follows from it, if it still counts.
    ///
    /// The job is read first only where the change depends on it: a step releases the next one,
    /// and a failure depends on what was tried. Otherwise the one conditional write is all.
    pub(crate) async fn apply(
        &self,
        provider: &'static dyn Provider,
        subject: &Subject,
        report: &WebhookReport,
        at: Timestamp,
    ) -> Result<Reception> {
        if !needs_job(provider, report) {
            return self.apply_unread(provider, subject, report, at).await;
        }
        let job = self.store.job(&subject.job_id).await?;
        // The job of a step is created while the one before is reported; it may not be there yet.
        let Some(job) = job else { return Ok(Reception::of(InboundOutcome::Early)) };
        if !provider.kinds().contains(&job.kind()) {
            return Ok(Reception::of(InboundOutcome::UnknownJob));
        }
        if provider.names_task() && is_of_another_task(&job, report) {
            return Ok(Reception::of(InboundOutcome::Superseded));
        }
        if let Some(outcome) = settled(&job, subject, report) {
            return self.adopt_or_leave(provider, job, subject, report, outcome, at).await;
        }
        let Some(change) = change_of(&job, report, at)? else {
            return Ok(Reception::of(InboundOutcome::Duplicate));
        };
        let change = fenced(change.of_kinds(provider.kinds()), Some(&job), subject, report);
        match self.store.advance(&job, &change, at).await? {
            Advanced::Done => Ok(Reception {
                released: next_step(&job).filter(|_| report.is_success()),
                ..Reception::of(InboundOutcome::Applied)
            }),
            Advanced::Alone => Ok(Reception::of(InboundOutcome::Applied)),
            Advanced::Conflict(found) => self.conflict(provider, subject, report, found, at).await,
        }
    }

    /// The same by one conditional write, without reading the job.
    async fn apply_unread(
        &self,
        provider: &'static dyn Provider,
        subject: &Subject,
        report: &WebhookReport,
        at: Timestamp,
    ) -> Result<Reception> {
        let Some(change) = change_unread(subject.attempt, report, at)? else {
            return Ok(Reception::of(InboundOutcome::Duplicate));
        };
        let change = fenced(change.of_kinds(provider.kinds()), None, subject, report);
        match self.store.change(&subject.job_id, &change).await? {
            Changed::Done(_) => Ok(Reception::of(InboundOutcome::Applied)),
            Changed::Conflict(found) => self.conflict(provider, subject, report, found, at).await,
        }
    }

    /// The reception of a report whose change met a job that is not as it must be.
    async fn conflict(
        &self,
        provider: &'static dyn Provider,
        subject: &Subject,
        report: &WebhookReport,
        found: Option<Box<Job>>,
        at: Timestamp,
    ) -> Result<Reception> {
        let Some(job) = found else { return Ok(Reception::of(InboundOutcome::Early)) };
        if !provider.kinds().contains(&job.kind()) {
            return Ok(Reception::of(InboundOutcome::UnknownJob));
        }
        // Only the condition of progress fails without the job having moved on.
        let outcome = settled(&job, subject, report).unwrap_or(InboundOutcome::Duplicate);
        self.adopt_or_leave(provider, *job, subject, report, outcome, at).await
    }

    /// Adopts the result of an earlier attempt of the same inputs, which is paid for, as long as
    /// the job has not ended. Any other report of a superseded attempt changes nothing.
    async fn adopt_or_leave(
        &self,
        provider: &'static dyn Provider,
        job: Job,
        subject: &Subject,
        report: &WebhookReport,
        outcome: InboundOutcome,
        at: Timestamp,
    ) -> Result<Reception> {
        let Some(TaskStatus::Succeeded(TaskResult { source, result })) = report.status() else {
            return self.as_it_is(&job, report, outcome).await;
        };
        if outcome != InboundOutcome::Superseded || !is_adoptable(&job, subject, report) {
            return self.as_it_is(&job, report, outcome).await;
        }
        let change = Change::adopted(&job, report.task.as_ref(), source, result.as_ref(), at)?;
        match self.store.advance(&job, &change.of_kinds(provider.kinds()), at).await? {
            Advanced::Done => Ok(Reception {
                released: next_step(&job),
                ..Reception::of(InboundOutcome::Applied)
            }),
            Advanced::Alone => Ok(Reception::of(InboundOutcome::Applied)),
            // The job has moved on between read and write: what it is now decides next time.
            Advanced::Conflict(_) => Ok(Reception::of(InboundOutcome::Early)),
        }
    }

    /// The reception of a report that changes nothing. The answer to a duplicate says what is
    /// true by now.
    async fn as_it_is(
        &self,
        job: &Job,
        report: &WebhookReport,
        outcome: InboundOutcome,
    ) -> Result<Reception> {
        let reception = Reception { erased: is_erased(job), ..Reception::of(outcome) };
        let is_final = report.status().is_none_or(TaskStatus::is_final);
        if outcome != InboundOutcome::Duplicate || !is_final {
            return Ok(reception);
        }
        let reception = Reception { updated: true, ..reception };
        let Some(step) = job.step().filter(|_| report.is_success()) else { return Ok(reception) };
        let Some(next) = next_step(job) else {
            let notified = self.is_completed(&step, job).await?;
            return Ok(Reception { notified, ..reception });
        };
        let next_job = self.store.job(&next.job_id()).await?;
        let is_released = next_job.is_some_and(|job| job.state != JobState::Waiting);
        Ok(Reception { released: is_released.then_some(next), ..reception })
    }

    /// Whether the project is completed whose film `job` makes.
    async fn is_completed(&self, step: &Step, job: &Job) -> Result<bool> {
        if job.state != JobState::Completed {
            return Ok(false);
        }
        let project = self.store.project_itself(&step.project).await?;
        Ok(project.is_some_and(|project| project.status == ProjectStatus::Completed))
    }
}

/// Whether the owner of `job` has erased what was sent about it.
pub(crate) fn is_erased(job: &Job) -> bool {
    job.erased.is_some_and(|erased| erased.what == Erasure::All)
}

/// Whether the change that `report` makes depends on the job.
fn needs_job(provider: &dyn Provider, report: &WebhookReport) -> bool {
    let is_failure = matches!(
        report.report,
        Report::Status(TaskStatus::Failed(_) | TaskStatus::Cancelled | TaskStatus::Gone)
    );
    is_failure
        || provider.names_task()
        || provider.kinds().iter().copied().any(JobKind::is_followed)
}

/// What comes of `report` if it changes nothing of `job`.
fn settled(job: &Job, subject: &Subject, report: &WebhookReport) -> Option<InboundOutcome> {
    if !is_present(job, subject, report) {
        // The provider may be quicker than the saving of its own answer, which names its task.
        let is_new = subject.attempt.is_none()
            && !report.task.as_ref().is_some_and(|task| is_past(job, task));
        if is_new && job.state == JobState::Uncertain {
            // Its answer is lost, so no other report will ever name the task.
            return None;
        }
        let is_awaited = is_new && job.state == JobState::Dispatched;
        let outcome = if is_awaited { InboundOutcome::Early } else { InboundOutcome::Superseded };
        return Some(outcome);
    }
    if matches!(job.state, JobState::Dispatched | JobState::Uncertain | JobState::Running) {
        return None;
    }
    let is_repeated = match report.status() {
        None | Some(TaskStatus::Succeeded(_)) => {
            matches!(job.state, JobState::Storing | JobState::Completed)
        }
        Some(TaskStatus::Failed(_)) => job.state == JobState::Failed,
        Some(TaskStatus::Cancelled) => job.state == JobState::Cancelled,
        Some(TaskStatus::Queued { .. } | TaskStatus::Running(_) | TaskStatus::Gone) => false,
    };
    Some(if is_repeated { InboundOutcome::Duplicate } else { InboundOutcome::Superseded })
}

/// Whether `report` is about the attempt of `job` that counts.
fn is_present(job: &Job, subject: &Subject, report: &WebhookReport) -> bool {
    match (subject.attempt, &report.task) {
        (Some(attempt), _) => attempt == job.attempt,
        (None, Some(task)) => job.provider_task.as_ref() == Some(task),
        (None, None) => true,
    }
}

/// Whether `report` names a task that is none of `job`'s.
fn is_of_another_task(job: &Job, report: &WebhookReport) -> bool {
    let (Some(task), Some(present)) = (&report.task, &job.provider_task) else { return false };
    task != present && !is_past(job, task)
}

/// Whether `task` is of an attempt of `job` that no longer counts.
fn is_past(job: &Job, task: &TaskId) -> bool {
    past_attempt(job, task).is_some()
}

/// The superseded attempt of `job` that ran as `task`.
fn past_attempt(job: &Job, task: &TaskId) -> Option<Attempt> {
    let of_task = |past: &&PastAttempt| past.provider_task.as_ref() == Some(task);
    job.history.iter().rev().find(of_task).map(|past| past.attempt)
}

/// Whether `report` is about an earlier attempt of `job` whose inputs are still those of the
/// job, which has not come to a result.
fn is_adoptable(job: &Job, subject: &Subject, report: &WebhookReport) -> bool {
    let of_task = || past_attempt(job, report.task.as_ref()?);
    let attempt = subject.attempt.or_else(of_task);
    let is_open = matches!(
        job.state,
        JobState::Queued | JobState::Dispatched | JobState::Uncertain | JobState::Running
    );
    is_open && attempt.is_some_and(|attempt| attempt > job.inputs_after && attempt <= job.attempt)
}

/// Makes `change` conditional on the attempt or the task that `report` is about. A task that no
/// answer has named is saved with it.
fn fenced(change: Change, job: Option<&Job>, subject: &Subject, report: &WebhookReport) -> Change {
    let is_named = job.is_none_or(|job| job.provider_task.is_some());
    match (subject.attempt, &report.task) {
        (_, Some(task)) if !is_named => change.naming(task),
        (None, Some(task)) => change.of_task(task),
        _ => change,
    }
}

/// What `report` changes of `job`; `None` if it says nothing that is kept.
fn change_of(job: &Job, report: &WebhookReport, at: Timestamp) -> Result<Option<Change>> {
    Ok(match report.status() {
        Some(TaskStatus::Failed(error)) => Some(Change::failed_at_provider(job, error, at)?),
        Some(TaskStatus::Cancelled) => Some(Change::cancelled_at_provider(job, at)?),
        // The answer to its submission is late or lost.
        Some(TaskStatus::Queued { .. } | TaskStatus::Running(_))
            if job.provider_task.is_none() && report.task.is_some() =>
        {
            Some(Change::started(job, at))
        }
        _ => change_unread(Some(job.attempt), report, at)?,
    })
}

/// What `report` changes of whatever job it is about, without having read it.
fn change_unread(
    attempt: Option<Attempt>,
    report: &WebhookReport,
    at: Timestamp,
) -> Result<Option<Change>> {
    Ok(match &report.report {
        Report::Unconfirmed => Some(Change::reported(attempt, at)),
        Report::Status(TaskStatus::Succeeded(TaskResult { source, result })) => {
            Some(Change::succeeded(attempt, source, result.as_ref(), at)?)
        }
        Report::Status(TaskStatus::Running(progress)) => match progress.percent {
            Some(percent) => {
                let details = (progress.step.as_deref(), progress.count);
                Some(Change::progress(attempt, percent, details, at)?)
            }
            None => None,
        },
        Report::Status(_) => None,
    })
}

/// The step after `job` in its project.
fn next_step(job: &Job) -> Option<Step> {
    job.step()?.next(job.work.as_step()?.scenes)
}
