//! What connections are sent about a job or a project: small, without files, links that open
//! anything, or text of any length.

use serde::Serialize;
use serde_with_macros::skip_serializing_none;

use crate::job::{ErrorCode, ProgressCount};
use crate::links::Links;
use crate::live::images::Image;
use crate::resource::{current_step, progress_percent};
use crate::time::Rfc3339;
use crate::{
    Job, JobId, JobKind, JobState, JobStatus, JobStep, Project, ProjectId, ProjectStatus, SceneId,
    Step, limits, named,
};

named! {
    /// What happened.
    #[derive(Hash)]
    pub enum LiveEventType {
        /// A job waits for a further attempt: its owner restarted it, or the last attempt did not
        /// begin or was lost.
        JobQueued = "job.queued",
        /// An attempt of a job began.
        JobStarted = "job.started",
        /// A job has made progress at its provider.
        JobProgress = "job.progress",
        /// A job's files are being stored.
        JobStoring = "job.storing",
        /// A job's files are ready.
        JobCompleted = "job.completed",
        /// A job ended without a result.
        JobFailed = "job.failed",
        /// A job was ended by its owner.
        JobCancelled = "job.cancelled",
        /// A project was restarted by its owner.
        ProjectRestarted = "project.restarted",
        /// A project's film is ready.
        ProjectCompleted = "project.completed",
        /// A step of a project failed, and the project stops.
        ProjectFailed = "project.failed",
        /// A project was cancelled by its owner.
        ProjectCancelled = "project.cancelled",
    }
}

impl LiveEventType {
    /// The latest event of `job`, if it has had any.
    pub fn of(job: &Job) -> Self {
        match job.state {
            JobState::Waiting | JobState::Queued => Self::JobQueued,
            JobState::Dispatched | JobState::Uncertain | JobState::Running => {
                if job.past_progress.is_empty() { Self::JobStarted } else { Self::JobProgress }
            }
            JobState::Storing => Self::JobStoring,
            JobState::Completed => Self::JobCompleted,
            JobState::Failed => Self::JobFailed,
            JobState::Cancelled => Self::JobCancelled,
        }
    }
}

impl From<ProjectStatus> for LiveEventType {
    /// The latest event of a project of this status, if it has had any.
    fn from(status: ProjectStatus) -> Self {
        match status {
            ProjectStatus::Processing => Self::ProjectRestarted,
            ProjectStatus::Completed => Self::ProjectCompleted,
            ProjectStatus::Failed => Self::ProjectFailed,
            ProjectStatus::Cancelled => Self::ProjectCancelled,
        }
    }
}

/// An event, as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveEvent<T> {
    #[serde(rename = "type")]
    event: LiveEventType,
    #[serde(flatten)]
    data: T,
}

impl LiveEvent<LiveJob> {
    /// The event that left a job as `image`.
    pub fn of_job(image: &Image, links: &Links) -> Self {
        Self { event: LiveEventType::of(&image.job), data: LiveJob::new(image, links) }
    }
}

impl LiveEvent<LiveProject> {
    /// The latest event of `project`.
    pub fn of_project(project: &Project, links: &Links) -> Self {
        Self { event: project.status.into(), data: LiveProject::new(project, links) }
    }
}

/// A job as connections are sent it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveJob {
    job_id: JobId,
    project_id: Option<ProjectId>,
    scene_id: Option<SceneId>,
    kind: JobKind,
    sequence: u32,
    at: Option<Rfc3339>,
    status: JobStatus,
    step: JobStep,
    progress_percent: u8,
    current_step: String,
    progress_count: Option<ProgressCount>,
    error_code: Option<ErrorCode>,
    links: LiveLinks,
}

/// Where to read more, with an API key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct LiveLinks {
    #[serde(rename = "self")]
    this: String,
}

impl LiveJob {
    /// The job as it was left by an event.
    pub fn new(image: &Image, links: &Links) -> Self {
        let Image { job, at } = image;
        let step = job.step();
        Self {
            job_id: job.id.clone(),
            scene_id: step.as_ref().and_then(Step::scene),
            project_id: step.map(|step| step.project),
            kind: job.kind(),
            sequence: job.sequence,
            at: at.map(Into::into),
            status: job.state.status(),
            step: job.state.step(),
            progress_percent: progress_percent(job),
            current_step: short(current_step(job)),
            progress_count: job.progress_count,
            error_code: job.error.as_ref().map(|error| error.code),
            links: LiveLinks { this: links.job(&job.id) },
        }
    }
}

/// A project as connections are sent it.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveProject {
    project_id: ProjectId,
    sequence: u32,
    at: Rfc3339,
    status: ProjectStatus,
    revision: u32,
    failed_job_id: Option<JobId>,
    error_code: Option<ErrorCode>,
    links: LiveLinks,
}

impl LiveProject {
    /// The project as it is.
    pub fn new(project: &Project, links: &Links) -> Self {
        Self {
            project_id: project.id.clone(),
            sequence: project.sequence,
            at: project.status_since.into(),
            status: project.status,
            revision: project.revision,
            failed_job_id: project.failed_job.clone(),
            error_code: project.error.as_ref().map(|error| error.code),
            links: LiveLinks { this: links.project(&project.id) },
        }
    }
}

/// As much of a provider's text as an event has.
pub fn short(text: &str) -> String {
    text.chars().take(limits::LIVE_STEP_CHARACTERS).collect()
}
