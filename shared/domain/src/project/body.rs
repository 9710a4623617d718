//! The body of webhooks about a project.

use serde::Serialize;

use crate::json_object::JsonObject;
use crate::project::resource::{FileLink, ProjectLinks};
use crate::project::{Project, ProjectStatus, Step};
use crate::time::Rfc3339;
use crate::{EventType, JobError, JobId, ProjectId, SceneId};

/// The body of a webhook about a project: the same flat members as a job's, and the project in
/// `data`. It has no prompts, so that it stays under 20 KB.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "ProjectEvent"))]
pub struct ProjectEventBody {
    #[serde(rename = "type")]
    event: EventType,
    /// When it happened.
    timestamp: Rfc3339,
    project_id: ProjectId,
    status: ProjectStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    final_video_url: Option<String>,
    /// Why it failed, as a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// When it ended, in whatever way.
    completed_at: Option<Rfc3339>,
    /// The project as it was then, without its prompts.
    data: ProjectBrief,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct ProjectBrief {
    project_id: ProjectId,
    status: ProjectStatus,
    created_at: Rfc3339,
    /// Their files; none unless the project is completed.
    scenes: Vec<SceneBrief>,
    final_video_url: Option<String>,
    /// The step that failed.
    failed_job_id: Option<JobId>,
    /// Why it failed.
    error: Option<JobError>,
    /// As it was sent.
    #[serde(serialize_with = "crate::json_object::as_json")]
    metadata: Option<JsonObject>,
    links: ProjectLinks,
}

#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct SceneBrief {
    scene_id: SceneId,
    video_url: String,
}

impl ProjectEventBody {
    /// The body of `event`, which left `project` as it is; its API URL is `url`. Links follow from
    /// ids alone, so no job is read. A project that is not completed has no file links.
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
            timestamp: project.status_since.into(),
            project_id: project.id.clone(),
            status: project.status,
            final_video_url: final_video_url.clone(),
            error: project.error.as_ref().map(|error| error.message.clone()),
            completed_at: project.ended_at().map(Into::into),
            data: ProjectBrief {
                project_id: project.id.clone(),
                status: project.status,
                created_at: project.created_at.into(),
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
