//! Which step a project restarts from, and whether it can still be cancelled.

use crate::project::resource::Jobs;
use crate::project::{Project, ProjectStatus, Step};
use crate::{Attempt, Job, JobId, JobState, SceneId};

/// Why a project cannot be cancelled, regenerated, resumed or erased. The text is for its owner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectConflict {
    /// It has ended.
    #[error("The project is already {0}.")]
    Ended(ProjectStatus),
    /// Its film is being stored.
    #[error("The film is complete and is being stored. It is too late to cancel.")]
    FilmComplete,
    /// Its owner has cancelled it.
    #[error("The project is cancelled and cannot be continued. Create a new one.")]
    Cancelled,
    /// It has not failed.
    #[error("Only a failed project can be resumed. This one is {0}.")]
    NotFailed(ProjectStatus),
    /// It has no such scene.
    #[error("The project has no such scene.")]
    NoScene,
    /// The scene has not been started.
    #[error("{0} has not started. Retry when it has.")]
    SceneNotStarted(SceneId),
    /// An earlier step, which the scene depends on, is not complete.
    #[error(
        "{0}, an earlier step, is not complete. Resume the project, or regenerate an earlier scene."
    )]
    EarlierStepMissing(JobId),
    /// A provider may still be at work for it.
    #[error("{0} has not ended. Cancel the project, and erase it when all its steps have ended.")]
    UnderWay(String),
    /// Its files have been erased.
    #[error("The project's files are erased. Create a new one.")]
    Erased,
}

/// Checks that `project`, whose steps are `jobs`, can be erased.
pub fn may_erase(project: &Project, jobs: &Jobs) -> Result<(), ProjectConflict> {
    if project.status == ProjectStatus::Processing {
        return Err(ProjectConflict::UnderWay("The project".to_owned()));
    }
    let is_under_way = |job: &&Job| match job.state {
        JobState::Waiting | JobState::Queued => false,
        state => !state.is_terminal(),
    };
    match jobs.values().find(is_under_way) {
        Some(job) => Err(ProjectConflict::UnderWay(job.id.to_string())),
        None => Ok(()),
    }
}

/// Checks that `project`, whose steps are `jobs`, can be cancelled.
pub fn may_cancel(project: &Project, jobs: &Jobs) -> Result<(), ProjectConflict> {
    let stitch = jobs.get(&Step::stitch(project.id.clone()).job_id());
    match project.status {
        ProjectStatus::Processing if stitch.is_some_and(has_output) => {
            Err(ProjectConflict::FilmComplete)
        }
        ProjectStatus::Processing => Ok(()),
        ended => Err(ProjectConflict::Ended(ended)),
    }
}

/// The step that `project` restarts from to regenerate `scene`.
pub fn regenerate_from(
    project: &Project,
    jobs: &Jobs,
    scene: SceneId,
) -> Result<Step, ProjectConflict> {
    if project.status == ProjectStatus::Cancelled {
        return Err(ProjectConflict::Cancelled);
    }
    check_files(project)?;
    if scene.number() > project.scenes {
        return Err(ProjectConflict::NoScene);
    }
    let step = Step::video(project.id.clone(), scene);
    if !jobs.get(&step.job_id()).is_some_and(is_started) {
        return Err(ProjectConflict::SceneNotStarted(scene));
    }
    let earlier = Step::all(&project.id, project.scenes).take_while(|one| *one != step);
    match first_without_output(earlier, jobs) {
        Some(missing) => Err(ProjectConflict::EarlierStepMissing(missing.job_id())),
        None => Ok(step),
    }
}

/// The step that the failed `project` resumes from: the first one without output.
pub fn resume_from(project: &Project, jobs: &Jobs) -> Result<Step, ProjectConflict> {
    if project.status != ProjectStatus::Failed {
        return Err(ProjectConflict::NotFailed(project.status));
    }
    check_files(project)?;
    let missing = first_without_output(Step::all(&project.id, project.scenes), jobs);
    missing.ok_or(ProjectConflict::NotFailed(ProjectStatus::Completed))
}

/// Checks that what `project` has made so far can be worked on.
const fn check_files(project: &Project) -> Result<(), ProjectConflict> {
    if project.erased.is_some() { Err(ProjectConflict::Erased) } else { Ok(()) }
}

fn first_without_output(mut steps: impl Iterator<Item = Step>, jobs: &Jobs) -> Option<Step> {
    steps.find(|step| !jobs.get(&step.job_id()).is_some_and(has_output))
}

/// Whether its file is stored, or being stored.
const fn has_output(job: &Job) -> bool {
    matches!(job.state, JobState::Storing | JobState::Completed)
}

/// Whether an attempt has been made since it was last released.
fn is_started(job: &Job) -> bool {
    match job.state {
        JobState::Waiting => false,
        JobState::Queued => job.attempt > Attempt::default(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{OwnerId, Timestamp};

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn project(status: ProjectStatus) -> Project {
        let new = Project::new("proj_x".parse().unwrap(), OwnerId::new("acme"), 2, NOW);
        Project { status, ..new }
    }

    /// The jobs of the steps, in their order and in these states.
    fn jobs(states: &[JobState]) -> Jobs {
        let whole = project(ProjectStatus::Processing);
        let steps = Step::all(&whole.id, 2);
        let job = |(step, state): (Step, &JobState)| {
            let new = step.new_job(&whole, NOW);
            (new.id.clone(), Job { state: *state, attempt: Attempt(1), ..new })
        };
        steps.zip(states).map(job).collect()
    }

    fn name(step: Result<Step, ProjectConflict>) -> String {
        step.map_or_else(|conflict| format!("{conflict:?}"), |step| step.job_id().to_string())
    }

    use JobState::{Completed, Failed, Queued, Running, Storing, Waiting};

    #[test]
    fn scene_can_be_regenerated_after_it_started_and_earlier_steps_completed() {
        let from = |status, states: &[JobState], scene| {
            name(regenerate_from(&project(status), &jobs(states), SceneId::new(scene)))
        };
        let processing = ProjectStatus::Processing;
        assert_eq!(from(processing, &[Running], 1), "proj_x-scene_001-video");
        assert_eq!(from(processing, &[Completed, Storing, Failed], 2), "proj_x-scene_002-video");
        assert_eq!(from(processing, &[Completed, Running], 2), "SceneNotStarted(SceneId(2))");
        assert_eq!(from(processing, &[Queued, Waiting, Waiting], 2), "SceneNotStarted(SceneId(2))");
        assert_eq!(from(processing, &[Running], 3), "NoScene");
        let missing = "EarlierStepMissing(JobId(\"proj_x-scene_001-last_frame\"))";
        assert_eq!(from(ProjectStatus::Failed, &[Completed, Failed, Running], 2), missing);
        assert_eq!(from(ProjectStatus::Cancelled, &[Completed], 1), "Cancelled");
    }

    #[test]
    fn failed_project_resumes_from_the_first_missing_output() {
        let from = |status, states: &[JobState]| name(resume_from(&project(status), &jobs(states)));
        let failed = ProjectStatus::Failed;
        assert_eq!(from(failed, &[Completed, Failed, Running]), "proj_x-scene_001-last_frame");
        assert_eq!(from(failed, &[Completed, Storing]), "proj_x-scene_002-video");
        assert_eq!(from(ProjectStatus::Processing, &[Running]), "NotFailed(Processing)");
    }

    #[test]
    fn project_can_be_cancelled_until_its_film_is_complete() {
        let may = |status, states: &[JobState]| may_cancel(&project(status), &jobs(states));
        let processing = ProjectStatus::Processing;
        assert_eq!(may(processing, &[Completed, Completed, Completed, Storing, Running]), Ok(()));
        let all = [Completed, Completed, Completed, Completed, Storing];
        assert_eq!(may(processing, &all), Err(ProjectConflict::FilmComplete));
        let ended = ProjectConflict::Ended(ProjectStatus::Failed);
        assert_eq!(may(ProjectStatus::Failed, &[]), Err(ended));
    }
}
