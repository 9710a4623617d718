//! Where a project may be begun anew, and whether it can still be ended. Pure.

use crate::project::resource::Jobs;
use crate::project::{Project, ProjectStatus, Step};
use crate::{Attempt, Job, JobId, JobState, SceneId};

/// Why a project is not changed as its owner wishes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It has ended.
    #[error("The project is {} already.", .0.as_str())]
    Ended(ProjectStatus),
    /// Its film is made and is being stored.
    #[error("The film is made already, and is being stored.")]
    FilmMade,
    /// It was ended by its owner.
    #[error("The project was cancelled, and does not go on. Create another one.")]
    Cancelled,
    /// Nothing has failed.
    #[error("Only a failed project is resumed; this one is {}.", .0.as_str())]
    NotFailed(ProjectStatus),
    /// It has no such scene.
    #[error("The project has no such scene.")]
    NoScene,
    /// The scene is still to come.
    #[error("Work on {0} has not begun.")]
    NotBegun(SceneId),
    /// What the scene is made from is not there.
    #[error(
        "{0}, which comes before that scene, is not done. Resume the project, or begin anew with an earlier scene."
    )]
    NothingToStartFrom(JobId),
}

/// Whether `project`, whose steps are `jobs`, can be ended.
pub fn may_cancel(project: &Project, jobs: &Jobs) -> Result<(), Unfit> {
    let stitch = jobs.get(&Step::stitch(project.id.clone()).job_id());
    match project.status {
        ProjectStatus::Processing if stitch.is_some_and(is_made) => Err(Unfit::FilmMade),
        ProjectStatus::Processing => Ok(()),
        ended => Err(Unfit::Ended(ended)),
    }
}

/// The step from which `project` goes on so that `scene` is made anew.
pub fn regenerate_from(project: &Project, jobs: &Jobs, scene: SceneId) -> Result<Step, Unfit> {
    if project.status == ProjectStatus::Cancelled {
        return Err(Unfit::Cancelled);
    }
    if scene.number() > project.scenes {
        return Err(Unfit::NoScene);
    }
    let step = Step::video(project.id.clone(), scene);
    if !jobs.get(&step.job_id()).is_some_and(is_begun) {
        return Err(Unfit::NotBegun(scene));
    }
    let before = Step::all(&project.id, project.scenes).take_while(|one| *one != step);
    match first_unmade(before, jobs) {
        Some(unmade) => Err(Unfit::NothingToStartFrom(unmade.job_id())),
        None => Ok(step),
    }
}

/// The step from which the failed `project` goes on.
pub fn resume_from(project: &Project, jobs: &Jobs) -> Result<Step, Unfit> {
    if project.status != ProjectStatus::Failed {
        return Err(Unfit::NotFailed(project.status));
    }
    let unmade = first_unmade(Step::all(&project.id, project.scenes), jobs);
    unmade.ok_or(Unfit::NotFailed(ProjectStatus::Completed))
}

fn first_unmade(mut steps: impl Iterator<Item = Step>, jobs: &Jobs) -> Option<Step> {
    steps.find(|step| !jobs.get(&step.job_id()).is_some_and(is_made))
}

/// Whether its file is in our bucket, or on the way there.
const fn is_made(job: &Job) -> bool {
    matches!(job.state, JobState::Storing | JobState::Completed)
}

/// Whether anyone has worked on it since it was last released.
fn is_begun(job: &Job) -> bool {
    match job.state {
        JobState::Waiting => false,
        JobState::Queued => job.attempt > Attempt::default(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{OwnerId, Timestamp};

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn project(status: ProjectStatus) -> Project {
        let new = Project::new("proj_x".parse().unwrap(), OwnerId::new("acme"), 2, NOW);
        Project { status, ..new }
    }

    /// The steps' jobs, in the order of their work, in these states.
    fn jobs(states: &[JobState]) -> Jobs {
        let project = "proj_x".parse().unwrap();
        let steps = Step::all(&project, 2);
        let job = |(step, state): (Step, &JobState)| {
            let new = step.job(OwnerId::new("acme"), 2, NOW);
            (new.id.clone(), Job { state: *state, attempt: Attempt(1), ..new })
        };
        steps.zip(states).map(job).collect()
    }

    fn name(step: Result<Step, Unfit>) -> String {
        step.map_or_else(|unfit| format!("{unfit:?}"), |step| step.job_id().to_string())
    }

    use JobState::{Completed, Failed, Queued, Running, Storing, Waiting};

    #[test]
    fn a_scene_is_made_anew_once_it_has_begun_and_its_start_is_there() {
        let from = |status, states: &[JobState], scene| {
            name(regenerate_from(&project(status), &jobs(states), SceneId::new(scene)))
        };
        let processing = ProjectStatus::Processing;
        assert_eq!(from(processing, &[Running], 1), "proj_x-scene_001-video");
        assert_eq!(from(processing, &[Completed, Storing, Failed], 2), "proj_x-scene_002-video");
        assert_eq!(from(processing, &[Completed, Running], 2), "NotBegun(SceneId(2))");
        assert_eq!(from(processing, &[Queued, Waiting, Waiting], 2), "NotBegun(SceneId(2))");
        assert_eq!(from(processing, &[Running], 3), "NoScene");
        let lost = "NothingToStartFrom(JobId(\"proj_x-scene_001-last_frame\"))";
        assert_eq!(from(ProjectStatus::Failed, &[Completed, Failed, Running], 2), lost);
        assert_eq!(from(ProjectStatus::Cancelled, &[Completed], 1), "Cancelled");
    }

    #[test]
    fn a_failed_project_goes_on_from_what_is_missing_first() {
        let from = |status, states: &[JobState]| name(resume_from(&project(status), &jobs(states)));
        let failed = ProjectStatus::Failed;
        assert_eq!(from(failed, &[Completed, Failed, Running]), "proj_x-scene_001-last_frame");
        assert_eq!(from(failed, &[Completed, Storing]), "proj_x-scene_002-video");
        assert_eq!(from(ProjectStatus::Processing, &[Running]), "NotFailed(Processing)");
    }

    #[test]
    fn a_project_can_be_ended_until_its_film_is_made() {
        let may = |status, states: &[JobState]| may_cancel(&project(status), &jobs(states));
        let processing = ProjectStatus::Processing;
        assert_eq!(may(processing, &[Completed, Completed, Completed, Storing, Running]), Ok(()));
        let all = [Completed, Completed, Completed, Completed, Storing];
        assert_eq!(may(processing, &all), Err(Unfit::FilmMade));
        assert_eq!(may(ProjectStatus::Failed, &[]), Err(Unfit::Ended(ProjectStatus::Failed)));
    }
}
