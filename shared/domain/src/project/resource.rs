//! A project as clients see it.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::job::Output;
use crate::metadata::Metadata;
use crate::project::{Plan, Project, ProjectStatus, Scene, Step};
use crate::time::rfc3339;
use crate::{Job, JobError, JobId, JobState, JobStatus, ProjectId, SceneId, Timestamp};

/// The jobs of a project's steps, by their ids. Those not yet released are not there.
pub type Jobs = HashMap<JobId, Job>;

/// Makes the link to a job's file of that name.
pub type FileLink<'a> = &'a dyn Fn(&JobId, &str) -> String;

/// The project resource. Every member is always there, null where it has no value yet.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectResource {
    project_id: ProjectId,
    status: ProjectStatus,
    progress_percent: u8,
    #[serde(with = "rfc3339")]
    created_at: Timestamp,
    #[serde(serialize_with = "rfc3339::option::serialize")]
    completed_at: Option<Timestamp>,
    scenes: Vec<SceneResource>,
    stitch: StitchResource,
    /// The jobs whose files are there, in the order of the work.
    steps_done: Vec<JobId>,
    final_video_url: Option<String>,
    final_thumbnail_url: Option<String>,
    final_duration_ms: Option<u64>,
    /// From the first dispatch to the last file, over all steps.
    processing_ms: u64,
    revision: u32,
    failed_job_id: Option<JobId>,
    error: Option<JobError>,
    metadata: Value,
    links: ProjectLinks,
}

/// Where to go on from a project.
#[derive(Debug, Clone, Serialize)]
pub struct ProjectLinks {
    /// The project itself.
    #[serde(rename = "self")]
    pub this: String,
    /// What happened to it, step by step.
    pub timeline: String,
}

impl ProjectLinks {
    /// The links of the project at `url`.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self { timeline: format!("{url}/timeline"), this: url }
    }
}

#[derive(Debug, Clone, Serialize)]
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
    last_frame_url: Option<String>,
    duration_ms: Option<u64>,
    attempts: u32,
    superseded_outputs: usize,
    video_processing_ms: Option<u64>,
    last_frame_processing_ms: Option<u64>,
    video_job_id: JobId,
    last_frame_job_id: JobId,
    error: Option<JobError>,
}

#[derive(Debug, Clone, Serialize)]
struct StitchResource {
    transition: String,
    /// Seconds, as the client wrote it.
    transition_duration: f64,
    status: JobStatus,
    processing_ms: Option<u64>,
    job_id: JobId,
    error: Option<JobError>,
}

impl ProjectResource {
    /// Shows `project`, whose page is at `url`.
    #[must_use]
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
            created_at: project.created_at,
            completed_at: project.ended_at(),
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
            metadata: project.metadata.as_ref().map_or(Value::Null, Metadata::to_json),
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

    /// How steps that belong together stand. Of a project that has ended, what had not begun
    /// has ended with it, unless it may be resumed.
    fn status(&self, jobs: &[Option<&Job>]) -> JobStatus {
        let any = |status| jobs.iter().flatten().any(|job| job.state.status() == status);
        let all =
            |status| jobs.iter().all(|job| job.is_some_and(|job| job.state.status() == status));
        let begun = any(JobStatus::Processing) || any(JobStatus::Completed);
        if any(JobStatus::Failed) {
            JobStatus::Failed
        } else if all(JobStatus::Completed) {
            JobStatus::Completed
        } else if any(JobStatus::Cancelled) || self.project.status == ProjectStatus::Cancelled {
            JobStatus::Cancelled
        } else if begun {
            JobStatus::Processing
        } else {
            JobStatus::Pending
        }
    }

    fn file(&self, job: Option<&Job>, name: &str) -> Option<String> {
        let job = job?;
        let is_there = job.outputs.iter().any(|output| output.name == name);
        is_there.then(|| (self.link)(&job.id, name))
    }

    fn done(&self) -> Vec<JobId> {
        let all = Step::all(&self.project.id, self.project.scenes).map(|step| step.job_id());
        let is_done =
            |id: &JobId| self.jobs.get(id).is_some_and(|job| job.state == JobState::Completed);
        all.filter(is_done).collect()
    }

    /// How many of all steps are done, in percent.
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
