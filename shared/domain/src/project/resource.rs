//! A project as clients read it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::job::Output;
use crate::json_object::JsonObject;
use crate::project::{Plan, Project, ProjectStatus, Scene, Step};
use crate::time::Rfc3339;
use crate::{Job, JobError, JobId, JobState, JobStatus, ProjectId, SceneId};

/// The jobs of a project's steps by id. A step that has not been released has no job.
pub type Jobs = HashMap<JobId, Job>;

/// Builds the link to a job's output of the given name.
pub type FileLink<'a> = &'a dyn Fn(&JobId, &str) -> String;

/// A project. Members without a value are null.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Project"))]
pub struct ProjectResource {
    project_id: ProjectId,
    status: ProjectStatus,
    /// The completed steps in percent of all.
    #[cfg_attr(feature = "schema", schemars(range(max = 100)))]
    progress_percent: u8,
    created_at: Rfc3339,
    /// When it ended, in whatever way.
    completed_at: Option<Rfc3339>,
    /// When it is deleted with its files.
    expires_at: Option<Rfc3339>,
    /// When its owner erased its files, or all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<Rfc3339>,
    /// In the order of the film.
    scenes: Vec<SceneResource>,
    stitch: StitchResource,
    /// The completed jobs, in the order of their steps.
    steps_done: Vec<JobId>,
    final_video_url: Option<String>,
    final_thumbnail_url: Option<String>,
    /// How long the film plays.
    final_duration_ms: Option<u64>,
    /// Sum over all steps of the time from dispatch to completion.
    processing_ms: u64,
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

/// The links of a project.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProjectLinks {
    /// The project itself.
    #[serde(rename = "self")]
    pub this: String,
    /// Its timeline.
    pub timeline: String,
}

impl ProjectLinks {
    /// The links of the project at `url`.
    pub fn new(url: String) -> Self {
        Self { timeline: format!("{url}/timeline"), this: url }
    }
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Scene"))]
struct SceneResource {
    scene_id: SceneId,
    prompt: String,
    /// Seconds, as the client wrote it.
    duration: f64,
    options: Map<String, Value>,
    status: JobStatus,
    video_status: JobStatus,
    last_frame_status: JobStatus,
    video_url: Option<String>,
    thumbnail_url: Option<String>,
    /// The picture from which the next scene starts.
    last_frame_url: Option<String>,
    /// How long the video plays.
    duration_ms: Option<u64>,
    /// How often the video's task was given to the provider.
    attempts: u32,
    /// Files that have been made anew since.
    superseded_outputs: usize,
    /// From its dispatch to its file.
    video_processing_ms: Option<u64>,
    /// The same of its last frame.
    last_frame_processing_ms: Option<u64>,
    video_job_id: JobId,
    last_frame_job_id: JobId,
    /// Why a step of it failed.
    error: Option<JobError>,
}

#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "Stitch"))]
struct StitchResource {
    transition: String,
    /// Seconds, as the client wrote it.
    transition_duration: f64,
    status: JobStatus,
    /// From its dispatch to its file.
    processing_ms: Option<u64>,
    job_id: JobId,
    /// Why it failed.
    error: Option<JobError>,
}

impl ProjectResource {
    /// The resource of `project`, whose API URL is `url`.
    pub fn new(
        project: &Project,
        plan: &Plan,
        jobs: &Jobs,
        url: String,
        link: FileLink<'_>,
    ) -> Self {
        let steps = Steps { project, jobs, link };
        let stitch = steps.job(&Step::stitch(project.id.clone()));
        let scenes = SceneId::all(plan.count()).zip(&plan.scenes);
        Self {
            project_id: project.id.clone(),
            status: project.status,
            progress_percent: steps.progress_percent(),
            created_at: project.created_at.into(),
            completed_at: project.ended_at().map(Into::into),
            expires_at: project.expires_at.map(Into::into),
            erased_at: project.erased.map(|erased| erased.at.into()),
            scenes: scenes.map(|(id, scene)| steps.scene(id, scene)).collect(),
            stitch: StitchResource {
                transition: plan.stitch.transition.clone(),
                transition_duration: f64::from(plan.stitch.transition_ms) / 1000.0,
                status: steps.status(&[stitch]),
                processing_ms: stitch.and_then(processing_ms),
                job_id: Step::stitch(project.id.clone()).job_id(),
                error: stitch.and_then(|job| job.error.clone()),
            },
            steps_done: steps.done(),
            final_video_url: steps.file(stitch, "video"),
            final_thumbnail_url: steps.file(stitch, "thumbnail"),
            final_duration_ms: stitch.and_then(playing_ms),
            processing_ms: jobs.values().filter_map(processing_ms).sum(),
            revision: project.revision,
            failed_job_id: project.failed_job.clone(),
            error: project.error.clone(),
            metadata: project.metadata.clone(),
            links: ProjectLinks::new(url),
        }
    }
}

struct Steps<'a> {
    project: &'a Project,
    jobs: &'a Jobs,
    link: FileLink<'a>,
}

impl Steps<'_> {
    fn job(&self, step: &Step) -> Option<&Job> {
        self.jobs.get(&step.job_id())
    }

    fn scene(&self, id: SceneId, scene: &Scene) -> SceneResource {
        let video_step = Step::video(self.project.id.clone(), id);
        let frame_step = Step::last_frame(self.project.id.clone(), id);
        let (video, frame) = (self.job(&video_step), self.job(&frame_step));
        let of_both = |count: &dyn Fn(&Job) -> usize| {
            [video, frame].into_iter().flatten().map(count).sum::<usize>()
        };
        SceneResource {
            scene_id: id,
            prompt: scene.prompt.clone(),
            duration: scene.seconds(),
            options: scene.options.clone(),
            status: self.status(&[video, frame]),
            video_status: self.status(&[video]),
            last_frame_status: self.status(&[frame]),
            video_url: self.file(video, "video"),
            thumbnail_url: self.file(video, "thumbnail"),
            last_frame_url: self.file(frame, "image"),
            duration_ms: video.and_then(playing_ms),
            attempts: video.map_or(0, |job| job.attempt.0),
            superseded_outputs: of_both(&|job| {
                job.history.iter().map(|past| past.outputs.len()).sum()
            }),
            video_processing_ms: video.and_then(processing_ms),
            last_frame_processing_ms: frame.and_then(processing_ms),
            video_job_id: video_step.job_id(),
            last_frame_job_id: frame_step.job_id(),
            error: [video, frame].into_iter().flatten().find_map(|job| job.error.clone()),
        }
    }

    /// The common status of steps that are shown together. In a cancelled project a step that has
    /// not started is cancelled; in a failed one it is pending, since the project may be resumed.
    fn status(&self, jobs: &[Option<&Job>]) -> JobStatus {
        let any = |status| jobs.iter().flatten().any(|job| job.state.status() == status);
        let all =
            |status| jobs.iter().all(|job| job.is_some_and(|job| job.state.status() == status));
        let started = any(JobStatus::Processing) || any(JobStatus::Completed);
        if any(JobStatus::Failed) {
            JobStatus::Failed
        } else if all(JobStatus::Completed) {
            JobStatus::Completed
        } else if any(JobStatus::Cancelled) || self.project.status == ProjectStatus::Cancelled {
            JobStatus::Cancelled
        } else if started {
            JobStatus::Processing
        } else {
            JobStatus::Pending
        }
    }

    fn file(&self, job: Option<&Job>, name: &str) -> Option<String> {
        let job = job?;
        let exists = job.outputs.iter().any(|output| output.name == name);
        exists.then(|| (self.link)(&job.id, name))
    }

    fn done(&self) -> Vec<JobId> {
        let all = Step::all(&self.project.id, self.project.scenes).map(|step| step.job_id());
        let is_done =
            |id: &JobId| self.jobs.get(id).is_some_and(|job| job.state == JobState::Completed);
        all.filter(is_done).collect()
    }

    /// The completed steps in percent of all.
    fn progress_percent(&self) -> u8 {
        let all = usize::from(self.project.scenes) * 2 + 1;
        u8::try_from(self.done().len() * 100 / all).unwrap_or(100)
    }
}

fn processing_ms(job: &Job) -> Option<u64> {
    let (started, completed) = (job.started_at?, job.completed_at?);
    u64::try_from(completed.since(started).as_millis()).ok()
}

fn playing_ms(job: &Job) -> Option<u64> {
    job.outputs.first().and_then(|output: &Output| output.duration_ms)
}
