//! What comes from the services that make a project's film.

use domain::{Job, JobState, ProjectStatus, Step, Timestamp};
use providers::ProviderNews;
use providers::scenes::webhook::Report;
use store::{Advanced, Change, InboundOutcome, StoreError};

use crate::Intake;

/// What became of a report, and what is true by now of that which it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reception {
    /// What became of it.
    pub outcome: InboundOutcome,
    /// The step's job has taken what it tells.
    pub updated: bool,
    /// The step that follows, once it has been released.
    pub released: Option<Step>,
    /// The project is completed, and with that its owner's notice committed.
    pub notified: bool,
}

impl Reception {
    /// That nothing is true but what became of it.
    const fn only(outcome: InboundOutcome) -> Self {
        Self { outcome, updated: false, released: None, notified: false }
    }
}

impl Intake {
    /// Saves what `report` says of `step`, and what follows from it, if it still fits.
    pub async fn take_report(
        &self,
        step: &Step,
        report: &Report,
        at: Timestamp,
    ) -> Result<Reception, StoreError> {
        // The job of a step comes to be while the one before is reported; it may not be there yet.
        let Some(job) = self.store.job(&step.job_id()).await? else {
            return Ok(Reception::only(InboundOutcome::Early));
        };
        if let Some(outcome) = stands_against(&job, report) {
            return self.as_it_is(step, &job, report, outcome).await;
        }
        let Some(change) = change(&job, report, at)? else {
            return Ok(Reception::only(InboundOutcome::Duplicate));
        };
        match self.store.advance(&job, &change.of_task(&report.task), at).await? {
            Advanced::Done => Ok(Reception {
                updated: true,
                released: step.next(job.scenes).filter(|_| has_file(report)),
                ..Reception::only(InboundOutcome::Applied)
            }),
            Advanced::Alone => {
                Ok(Reception { updated: true, ..Reception::only(InboundOutcome::Applied) })
            }
            Advanced::Refused(None) => Ok(Reception::only(InboundOutcome::Early)),
            Advanced::Refused(Some(job)) => {
                // Progress that is too little to be told is the one thing refused without the
                // job having moved on.
                let outcome = stands_against(&job, report).unwrap_or(InboundOutcome::Duplicate);
                self.as_it_is(step, &job, report, outcome).await
            }
        }
    }

    /// The reception of a report that changes nothing. To a second delivery the table says what
    /// is true by now.
    async fn as_it_is(
        &self,
        step: &Step,
        job: &Job,
        report: &Report,
        outcome: InboundOutcome,
    ) -> Result<Reception, StoreError> {
        let reception = Reception::only(outcome);
        if outcome != InboundOutcome::Duplicate || !report.news.is_final() {
            return Ok(reception);
        }
        let reception = Reception { updated: true, ..reception };
        if !has_file(report) {
            return Ok(reception);
        }
        let Some(next) = step.next(job.scenes) else {
            let notified = self.is_completed(step, job).await?;
            return Ok(Reception { notified, ..reception });
        };
        let job = self.store.job(&next.job_id()).await?;
        let is_released = job.is_some_and(|job| job.state != JobState::Waiting);
        Ok(Reception { released: is_released.then_some(next), ..reception })
    }

    /// Whether the project is completed, of which `job` makes the film.
    async fn is_completed(&self, step: &Step, job: &Job) -> Result<bool, StoreError> {
        if job.state != JobState::Completed {
            return Ok(false);
        }
        let project = self.store.project_itself(&step.project).await?;
        Ok(project.is_some_and(|project| project.status == ProjectStatus::Completed))
    }
}

/// What becomes of `report` if `job` takes nothing from it.
fn stands_against(job: &Job, report: &Report) -> Option<InboundOutcome> {
    if job.provider_task.as_deref() != Some(report.task.as_str()) {
        // The service may be quicker than the saving of its own answer, which names its task.
        let awaited = job.state == JobState::Dispatched && !is_past(job, &report.task);
        return Some(if awaited { InboundOutcome::Early } else { InboundOutcome::Superseded });
    }
    if job.state == JobState::Running {
        return None;
    }
    let said_before = match report.news {
        ProviderNews::FileReady(_) => matches!(job.state, JobState::Storing | JobState::Completed),
        ProviderNews::Failed(_) => job.state == JobState::Failed,
        ProviderNews::Cancelled => job.state == JobState::Cancelled,
        ProviderNews::Queued | ProviderNews::StillRunning { .. } | ProviderNews::Gone => false,
    };
    Some(if said_before { InboundOutcome::Duplicate } else { InboundOutcome::Superseded })
}

/// Whether `task` is of an attempt of `job` that no longer counts.
fn is_past(job: &Job, task: &str) -> bool {
    job.history.iter().any(|past| past.provider_task.as_deref() == Some(task))
}

/// What `report` changes of `job`; `None` if it tells nothing that is kept.
fn change(job: &Job, report: &Report, at: Timestamp) -> Result<Option<Change>, StoreError> {
    Ok(match &report.news {
        ProviderNews::FileReady(source) => Some(Change::file_ready(Some(job.attempt), source, at)?),
        ProviderNews::Failed(error) => Some(Change::failed_step(job, error, at)?),
        ProviderNews::Cancelled => Some(Change::ended_by_provider(job, at)?),
        ProviderNews::StillRunning { progress_percent: Some(percent) } => {
            Some(Change::progress(job.attempt, *percent, at))
        }
        ProviderNews::StillRunning { progress_percent: None }
        | ProviderNews::Queued
        | ProviderNews::Gone => None,
    })
}

const fn has_file(report: &Report) -> bool {
    matches!(report.news, ProviderNews::FileReady(_))
}
