//! Cancelling and restarting a project. The project and all steps concerned change in one
//! transaction.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::project::{Plan, Project, ProjectAct, ProjectVerb, Step};
use domain::{JobState, OwnerId, ProjectStatus, Timestamp};

use crate::expressions::Expressions;
use crate::item::{attribute, expiry, number, text, time};
use crate::job::advance::failed;
use crate::job::change::Change;
use crate::keys::{self, EXPIRES_AT, SEQUENCE};
use crate::{Result, Store, StoreError, WholeProject};

const OPERATION: &str = "change a project";
/// Why a step's attempt ended, in its history.
const SUPERSEDED: &str = "superseded: the scene, or a step that it depends on, was regenerated";
const RESUMED: &str = "the project was resumed";

/// The result of changing a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProjectChanged {
    /// It is saved.
    Done,
    /// The project or one of its steps has changed since it was read. Read it again.
    Conflict,
}

impl Store {
    /// Cancels `whole` for its `owner`: steps not yet dispatched are cancelled at once, for the
    /// others a cancel is requested, and no further step is released.
    pub async fn cancel_project(
        &self,
        owner: &OwnerId,
        whole: &WholeProject,
        at: Timestamp,
    ) -> Result<ProjectChanged> {
        let act = ProjectAct::new(ProjectVerb::Cancelled, at);
        let mut update = with_act(&whole.project, act)?;
        update.set("status", text(ProjectStatus::Cancelled.as_str()));
        update.set("status_since", time(at));
        let mut writes = vec![self.project_item(&whole.project, update)?];
        for job in whole.jobs.values() {
            let change = match job.state {
                JobState::Waiting | JobState::Queued => Change::cancelled_by(owner, at),
                JobState::Dispatched | JobState::Uncertain | JobState::Running => {
                    Change::cancel_requested_by(owner, at)
                }
                JobState::Storing
                | JobState::Completed
                | JobState::Failed
                | JobState::Cancelled => continue,
            };
            writes.push(self.change_item(job, &change)?);
        }
        self.change_project(writes).await
    }

    /// Restarts `whole` from `step` on, for its owner's `act`. That step is queued at once; those
    /// after it wait. A `plan` replaces the stored one.
    pub async fn restart_project(
        &self,
        whole: &WholeProject,
        step: &Step,
        act: ProjectAct,
        plan: Option<&Plan>,
    ) -> Result<ProjectChanged> {
        let project = &whole.project;
        let (at, what) = (act.at, act.what);
        let mut update = with_act(project, ProjectAct { from: Some(step.job_id()), ..act })?;
        update.set("status", text(ProjectStatus::Processing.as_str()));
        update.set("status_since", time(at));
        update.set("revision", number(project.revision + 1));
        update.set(EXPIRES_AT, expiry(at + project.retention_days.duration()));
        update.remove("failed_job");
        update.remove("error");
        let mut writes = vec![self.project_item(project, update)?];
        if let Some(plan) = plan {
            writes.push(self.plan_item(project, plan, at)?);
        }
        let reason = if what == ProjectVerb::Resumed { RESUMED } else { SUPERSEDED };
        let restarted = Step::all(&project.id, project.scenes).skip_while(|one| one != step);
        for (position, one) in restarted.enumerate() {
            match whole.jobs.get(&one.job_id()) {
                // It has no attempt that could be superseded.
                Some(job) if position > 0 && job.state == JobState::Waiting => {}
                Some(job) => {
                    let change = Change::restarted(job, position == 0, reason, at)?;
                    writes.push(self.change_item(job, &change)?);
                }
                None if position == 0 => {
                    writes.push(self.release_item(&one.new_job(project, at), &one, at)?);
                }
                None => {}
            }
        }
        self.change_project(writes).await
    }

    /// The project's own update, with the condition that it is as it was read.
    pub(super) fn project_item(
        &self,
        project: &Project,
        mut update: Expressions,
    ) -> Result<TransactWriteItem> {
        let (status, since) = (update.name("status"), update.name("status_since"));
        let revision = update.name("revision");
        let was = update.value(text(project.status.as_str()));
        let was_since = update.value(time(project.status_since));
        let was_revision = update.value(number(project.revision));
        let condition =
            format!("{status} = {was} AND {since} = {was_since} AND {revision} = {was_revision}");
        self.update_item(keys::project(&project.id), update, condition)
    }

    pub(super) fn plan_item(
        &self,
        project: &Project,
        plan: &Plan,
        at: Timestamp,
    ) -> Result<TransactWriteItem> {
        let mut update = Expressions::default();
        update.set("scenes", attribute(&plan.scenes)?);
        update.set("prompts_changed", attribute(&plan.prompts_changed)?);
        update.set(EXPIRES_AT, expiry(at + project.retention_days.duration()));
        self.update_item(keys::plan(&project.id), update, "attribute_exists(PK)".to_owned())
    }

    pub(super) async fn change_project(
        &self,
        writes: Vec<TransactWriteItem>,
    ) -> Result<ProjectChanged> {
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(ProjectChanged::Done),
            Err(TransactWriteItemsError::TransactionCanceledException(cancelled))
                if failed(cancelled.cancellation_reasons()).is_some() =>
            {
                Ok(ProjectChanged::Conflict)
            }
            Err(error) => Err(StoreError::call(OPERATION)(error)),
        }
    }
}

/// An update that appends `act`, which is an event, to the project's history.
fn with_act(project: &Project, act: ProjectAct) -> Result<Expressions> {
    let mut update = Expressions::default();
    update.set("history", attribute(&project.history_with(act))?);
    update.add(SEQUENCE, number(1));
    Ok(update)
}
