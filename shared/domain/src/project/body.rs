//! The body of webhooks about a project.

use serde::Serialize;

use crate::metadata::Metadata;
use crate::project::resource::{FileLink, ProjectLinks};
use crate::project::{Project, ProjectStatus, Step};
use crate::time::rfc3339;
use crate::{EventType, JobError, JobId, ProjectId, SceneId, Timestamp};

/// The body of a webhook about a project: the same flat members as a job's, and the project in
/// `data`. It has no prompts, so that it stays under 20 KB.
#[derive(Debug, Serialize)]
pub struct ProjectEventBody {
    #[serde(rename = "type")]
    event: EventType,
    #[serde(with = "rfc3339")]
    timestamp: Timestamp,
    project_id: ProjectId,
    status: ProjectStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    final_video_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(serialize_with = "rfc3339::option::serialize")]
    completed_at: Option<Timestamp>,
    data: ProjectBrief,
}

#[derive(Debug, Serialize)]
struct ProjectBrief {
    project_id: ProjectId,
    status: ProjectStatus,
    #[serde(with = "rfc3339")]
    created_at: Timestamp,
    scenes: Vec<SceneBrief>,
    final_video_url: Option<String>,
    failed_job_id: Option<JobId>,
    error: Option<JobError>,
    #[serde(serialize_with = "crate::metadata::as_json")]
    metadata: Option<Metadata>,
    links: ProjectLinks,
}

#[derive(Debug, Serialize)]
struct SceneBrief {
    scene_id: SceneId,
    video_url: String,
}

impl ProjectEventBody {
    /// The body of `event`, which left `project` as it is; its API URL is `url`. Links follow from
    /// ids alone, so no job is read. A project that is not completed has no file links.
    #[must_use]
    pub fn new(event: EventType, project: &Project, url: String, link: FileLink<'_>) -> Self {
        let completed = project.status == ProjectStatus::Completed;
        let scene = |scene_id| SceneBrief {
            scene_id,
            video_url: link(&Step::video(project.id.clone(), scene_id).job_id(), "video"),
        };
        let scenes = if completed { project.scenes } else { 0 };
        let film = Step::stitch(project.id.clone()).job_id();
        let final_video_url = completed.then(|| link(&film, "video"));
        Self {
            event,
            timestamp: project.status_since,
            project_id: project.id.clone(),
            status: project.status,
            final_video_url: final_video_url.clone(),
            error: project.error.as_ref().map(|error| error.message.clone()),
            completed_at: project.ended_at(),
            data: ProjectBrief {
                project_id: project.id.clone(),
                status: project.status,
                created_at: project.created_at,
                scenes: SceneId::all(scenes).map(scene).collect(),
                final_video_url,
                failed_job_id: project.failed_job.clone(),
                error: project.error.clone(),
                metadata: project.metadata.clone(),
                links: ProjectLinks::new(url),
            },
        }
    }
}
