//! The steps of a project, the ids of their jobs, and what follows what. Pure.

use crate::job::{StepWork, Work};
use crate::project::{ProjectId, SceneId};
use crate::{Job, JobId, JobKind, JobState, OwnerId, Timestamp};

/// One step of a project. Its job's id names it, so whoever knows the project and the scene
/// knows the job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    /// The project.
    pub project: ProjectId,
    /// What the step does there.
    pub task: StepTask,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepTask {
    /// Makes a scene's video.
    Video(SceneId),
    /// Takes the last frame of a scene's video.
    LastFrame(SceneId),
    /// Stitches all videos into one film.
    Stitch,
}

/// What is saved together with a step's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    /// Nothing.
    Nothing,
    /// The next step is released: it waits to be dispatched from now on.
    Release(Step),
    /// The project is completed.
    CompleteProject,
    /// The project has failed.
    FailProject,
}

impl Step {
    /// The step of `project` that makes a scene's video.
    #[must_use]
    pub const fn video(project: ProjectId, scene: SceneId) -> Self {
        Self { project, task: StepTask::Video(scene) }
    }

    /// The step of `project` that takes the last frame of a scene's video.
    #[must_use]
    pub const fn last_frame(project: ProjectId, scene: SceneId) -> Self {
        Self { project, task: StepTask::LastFrame(scene) }
    }

    /// The step of `project` that makes the film.
    #[must_use]
    pub const fn stitch(project: ProjectId) -> Self {
        Self { project, task: StepTask::Stitch }
    }

    /// Every step of a project with so many scenes, in the order of their work.
    pub fn all(project: &ProjectId, scenes: u16) -> impl Iterator<Item = Self> {
        let of_scene =
            |scene| [Self::video(project.clone(), scene), Self::last_frame(project.clone(), scene)];
        SceneId::all(scenes).flat_map(of_scene).chain([Self::stitch(project.clone())])
    }

    /// Its job's id.
    #[must_use]
    pub fn job_id(&self) -> JobId {
        let project = &self.project;
        JobId::from_text(match self.task {
            StepTask::Video(scene) => format!("{project}-{scene}-video"),
            StepTask::LastFrame(scene) => format!("{project}-{scene}-last_frame"),
            StepTask::Stitch => format!("{project}-stitch"),
        })
    }

    /// The step whose job has this id, if it is a step's.
    #[must_use]
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

    /// What its job makes.
    #[must_use]
    pub fn kind(&self) -> JobKind {
        self.work(0).kind()
    }

    /// What its job has to do in a project of so many `scenes`.
    #[must_use]
    pub const fn work(&self, scenes: u16) -> Work {
        let step = StepWork { scenes, upstream_source: false };
        match self.task {
            StepTask::Video(_) => Work::SceneVideo(step),
            StepTask::LastFrame(_) => Work::LastFrame(step),
            StepTask::Stitch => Work::Stitch(step),
        }
    }

    /// Its job, new, in the project of `owner` with so many `scenes`.
    #[must_use]
    pub fn job(&self, owner: OwnerId, scenes: u16, now: Timestamp) -> Job {
        Job::new(self.job_id(), owner, self.work(scenes), now)
    }

    /// Its scene, if it is a scene's.
    #[must_use]
    pub const fn scene(&self) -> Option<SceneId> {
        match self.task {
            StepTask::Video(scene) | StepTask::LastFrame(scene) => Some(scene),
            StepTask::Stitch => None,
        }
    }

    /// The step after this one in a project with so many scenes.
    #[must_use]
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

/// What is to be saved together with `job` coming to `state`. The next step may start as soon
/// as a provider offers its file: ours is still being pulled then.
#[must_use]
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
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn project() -> ProjectId {
        "proj_x".parse().unwrap()
    }

    #[test]
    fn an_id_names_its_step() {
        for step in Step::all(&project(), 3) {
            assert_eq!(Step::of(&step.job_id()), Some(step.clone()), "{step:?}");
            assert_eq!(step.job_id().as_str().parse(), Ok(step.job_id()));
        }
        for text in ["job_1", "proj_x", "proj_x-film", "proj_x-scene_1-video", "proj_x-scene_001"] {
            assert_eq!(Step::of(&text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn the_chain_is_walked_from_the_first_video_to_the_film() {
        let all: Vec<_> = Step::all(&project(), 3).collect();
        let first = Some(Step::video(project(), SceneId::FIRST));
        let walked: Vec<_> = std::iter::successors(first, |step| step.next(3)).collect();
        assert_eq!(walked, all);
        assert_eq!(all.len(), 7);
    }
}
