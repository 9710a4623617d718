//! A project in lists: without its scenes, which would make a page too large.

use serde::Serialize;

use crate::json_object::JsonObject;
use crate::project::resource::{FileLink, ProjectLinks};
use crate::project::{Project, ProjectStatus, Step};
use crate::time::Rfc3339;
use crate::{JobError, JobId, ProjectId};

/// An entry of the list of projects. Members without a value are null.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProjectSummary {
    project_id: ProjectId,
    status: ProjectStatus,
    scene_count: u16,
    created_at: Rfc3339,
    /// When it ended, in whatever way.
    completed_at: Option<Rfc3339>,
    final_video_url: Option<String>,
    /// How often it was resumed or had a scene made anew.
    revision: u32,
    /// The step that failed.
    failed_job_id: Option<JobId>,
    /// Why it failed.
    error: Option<JobError>,
    /// As it was sent.
    #[serde(serialize_with = "crate::json_object::as_json")]
    metadata: Option<JsonObject>,
    links: ProjectLinks,
}

impl ProjectSummary {
    /// The entry of `project`, whose API URL is `url`. Links follow from ids alone, so no job is
    /// read.
    pub fn new(project: &Project, url: String, link: FileLink<'_>) -> Self {
        let film = Step::stitch(project.id.clone()).job_id();
        let completed = project.status == ProjectStatus::Completed;
        Self {
            project_id: project.id.clone(),
            status: project.status,
            scene_count: project.scenes,
            created_at: project.created_at.into(),
            completed_at: project.ended_at().map(Into::into),
            final_video_url: completed.then(|| link(&film, "video")),
            revision: project.revision,
            failed_job_id: project.failed_job.clone(),
            error: project.error.clone(),
            metadata: project.metadata.clone(),
            links: ProjectLinks::new(url),
        }
    }
}
