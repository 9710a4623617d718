//! The steps of a project: their order, the ids of their jobs, and what is saved with each change.

use crate::job::{StepWork, Work};
use crate::project::{Project, ProjectId, SceneId};
use crate::{Job, JobId, JobKind, JobState, Timestamp};

/// One step of a project. The id of its job is made of project, scene and task, so a scene service
/// webhook finds its job without a look-up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// The project.
    pub project: ProjectId,
    /// What the step does.
    pub task: StepTask,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepTask {
    /// Generates a scene's video.
    Video(SceneId),
    /// Extracts the last frame of a scene's video.
    LastFrame(SceneId),
    /// Stitches all videos into one film.
    Stitch,
}

/// A further change, saved in one transaction with a step's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// The next step is released: it becomes `queued`.
    Release(Step),
    /// The project is completed.
    CompleteProject,
    /// The project has failed.
    FailProject,
}

impl Step {
    /// The step that generates a scene's video.
    pub const fn video(project: ProjectId, scene: SceneId) -> Self {
        Self { project, task: StepTask::Video(scene) }
    }

    /// The step that extracts the last frame of a scene's video.
    pub const fn last_frame(project: ProjectId, scene: SceneId) -> Self {
        Self { project, task: StepTask::LastFrame(scene) }
    }

    /// The step that stitches the film.
    pub const fn stitch(project: ProjectId) -> Self {
        Self { project, task: StepTask::Stitch }
    }

    /// All steps of a project with `scenes` scenes, in their order.
    pub fn all(project: &ProjectId, scenes: u16) -> impl Iterator<Item = Self> {
        let of_scene =
            |scene| [Self::video(project.clone(), scene), Self::last_frame(project.clone(), scene)];
        SceneId::all(scenes).flat_map(of_scene).chain([Self::stitch(project.clone())])
    }

    /// Its job's id.
    pub fn job_id(&self) -> JobId {
        let project = &self.project;
        JobId::from_text(match self.task {
            StepTask::Video(scene) => format!("{project}-{scene}-video"),
            StepTask::LastFrame(scene) => format!("{project}-{scene}-last_frame"),
            StepTask::Stitch => format!("{project}-stitch"),
        })
    }

    /// The step whose job has the id `id`; `None` for the id of another job.
    pub fn of(id: &JobId) -> Option<Self> {
        let (project, rest) = id.as_str().split_once('-')?;
        let project = project.parse().ok()?;
        let task = match rest.split_once('-') {
            None if rest == "stitch" => StepTask::Stitch,
            Some((scene, "video")) => StepTask::Video(scene.parse().ok()?),
            Some((scene, "last_frame")) => StepTask::LastFrame(scene.parse().ok()?),
            _ => return None,
        };
        Some(Self { project, task })
    }

    /// A new job for this step of `project`.
    pub fn new_job(&self, project: &Project, now: Timestamp) -> Job {
        let expires_at = Some(now + project.retention_days.duration());
        let work = self.work(project.scenes);
        Job { expires_at, ..Job::new(self.job_id(), project.owner.clone(), work, now) }
    }

    /// The kind of its job.
    pub fn kind(&self) -> JobKind {
        self.work(0).kind()
    }

    /// What its job has to do in a project of so many `scenes`.
    pub const fn work(&self, scenes: u16) -> Work {
        let step = StepWork { scenes, upstream_source: false };
        match self.task {
            StepTask::Video(_) => Work::SceneVideo(step),
            StepTask::LastFrame(_) => Work::LastFrame(step),
            StepTask::Stitch => Work::Stitch(step),
        }
    }

    /// Its scene; `None` for the stitch.
    pub const fn scene(&self) -> Option<SceneId> {
        match self.task {
            StepTask::Video(scene) | StepTask::LastFrame(scene) => Some(scene),
            StepTask::Stitch => None,
        }
    }

    /// The step after this one in a project with `scenes` scenes.
    pub fn next(&self, scenes: u16) -> Option<Self> {
        let project = self.project.clone();
        match self.task {
            StepTask::Video(scene) => Some(Self::last_frame(project, scene)),
            StepTask::LastFrame(scene) if scene.number() < scenes => {
                Some(Self::video(project, scene.next()))
            }
            StepTask::LastFrame(_) => Some(Self::stitch(project)),
            StepTask::Stitch => None,
        }
    }
}

/// The change to save together with `job`'s change to `state`. The next step is released while the
/// file is still being pulled: it starts from the provider's source URL.
pub fn then(job: &Job, state: JobState) -> Then {
    let Some((step, work)) = job.step().zip(job.work.as_step()) else { return Then::Nothing };
    match state {
        JobState::Storing => step.next(work.scenes).map_or(Then::Nothing, Then::Release),
        JobState::Completed if step.task == StepTask::Stitch => Then::CompleteProject,
        JobState::Failed => Then::FailProject,
        _ => Then::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project() -> ProjectId {
        "proj_x".parse().unwrap()
    }

    #[test]
    fn step_and_job_id_round_trip() {
        for step in Step::all(&project(), 3) {
            assert_eq!(Step::of(&step.job_id()), Some(step.clone()), "{step:?}");
            assert_eq!(step.job_id().as_str().parse(), Ok(step.job_id()));
        }
        for text in ["job_1", "proj_x", "proj_x-film", "proj_x-scene_1-video", "proj_x-scene_001"] {
            assert_eq!(Step::of(&text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn next_visits_all_steps_in_order() {
        let all: Vec<_> = Step::all(&project(), 3).collect();
        let first = Some(Step::video(project(), SceneId::FIRST));
        let visited: Vec<_> = std::iter::successors(first, |step| step.next(3)).collect();
        assert_eq!(visited, all);
        assert_eq!(all.len(), 7);
    }
}
