//! Saving a change of a job with what follows from it, in one transaction: where it is a step of a
//! project, the next step or the end of the project; where it is a training, its model's.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, ConditionCheck, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
    Update,
};
use domain::project::step::then;
use domain::project::{Step, Then};
use domain::{Job, JobState, ProjectId, ProjectStatus, Timestamp};

use crate::expressions::Expressions;
use crate::item::{expiry, number, read, text, time};
use crate::job::change::Change;
use crate::job::save::{Changed, expressions};
use crate::keys::{self, ENTITY, EXPIRES_AT, SEQUENCE};
use crate::{Result, Store, StoreError};

const OPERATION: &str = "change a step of a project";

/// The result of a change of a job, and of what follows from it.
#[derive(Debug)]
pub enum Advanced {
    /// It is saved, and so is what follows from it.
    Done,
    /// It is saved. Its project has ended meanwhile, so nothing follows.
    Alone,
    /// Its condition failed; the job as it is, or `None` if there is none.
    Conflict(Option<Box<Job>>),
}

impl Store {
    /// Saves `change` of `job`, which was read before, and what follows from it in its project.
    /// The end of a training is saved with its model. For any other job of no project this is
    /// [`change`](Self::change).
    pub async fn advance(&self, job: &Job, change: &Change, at: Timestamp) -> Result<Advanced> {
        let next = change.to.map_or(Then::Nothing, |state| then(job, state));
        let following = match (job.step(), job.work.as_training()) {
            (Some(step), _) => self.following(job, &step.project, change, next, at)?,
            (None, Some(training)) => {
                self.model_end_item(job, training, change, at)?.into_iter().collect()
            }
            (None, None) => Vec::new(),
        };
        if following.is_empty() {
            return self.change_alone(job, change).await;
        }
        let mut writes = vec![self.change_item(job, change)?];
        writes.extend(following);
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(Advanced::Done),
            Err(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                match failed(cancelled.cancellation_reasons()) {
                    Some(Failed::Job(job)) => Ok(Advanced::Conflict(job)),
                    Some(Failed::Rest) => self.change_alone(job, change).await.map(alone),
                    None => Err(StoreError::call(OPERATION)(cancelled)),
                }
            }
            Err(error) => Err(StoreError::call(OPERATION)(error)),
        }
    }

    async fn change_alone(&self, job: &Job, change: &Change) -> Result<Advanced> {
        Ok(match self.change(&job.id, change).await? {
            Changed::Done(_) => Advanced::Done,
            Changed::Conflict(job) => Advanced::Conflict(job),
        })
    }

    /// The change of the job itself.
    pub(crate) fn change_item(&self, job: &Job, change: &Change) -> Result<TransactWriteItem> {
        let (update, condition) = expressions(change);
        self.update_item(keys::job(&job.id), update, condition)
    }

    fn following(
        &self,
        job: &Job,
        project: &ProjectId,
        change: &Change,
        next: Then,
        at: Timestamp,
    ) -> Result<Vec<TransactWriteItem>> {
        match next {
            Then::Nothing => Ok(Vec::new()),
            Then::Release(step) => {
                Ok(vec![self.release_item(job, &step, at)?, self.still_processing(project)?])
            }
            Then::CompleteProject => {
                let end = end(ProjectStatus::Completed, at);
                Ok(vec![self.end_item(project, end)?])
            }
            Then::FailProject => {
                let mut end = end(ProjectStatus::Failed, at);
                end.set("failed_job", text(job.id.as_str()));
                let error = change.set.iter().find(|(name, _)| *name == "error");
                if let Some((name, error)) = error {
                    end.set(name, error.clone());
                }
                Ok(vec![self.end_item(project, end)?])
            }
        }
    }

    /// Releases `step` to be dispatched: creates its job, or queues the one that waits.
    pub(crate) fn release_item(
        &self,
        before: &Job,
        step: &Step,
        at: Timestamp,
    ) -> Result<TransactWriteItem> {
        let id = step.job_id();
        let mut update = Expressions::default();
        update.set(ENTITY, text("job"));
        update.set("id", text(id.as_str()));
        update.set("owner", text(before.owner.as_str()));
        update.set("kind", text(step.kind().as_str()));
        update.set("scenes", number(before.work.as_step().unwrap_or_default().scenes));
        update.set("created_at", time(at));
        update.set("state", text(JobState::Queued.as_str()));
        update.set("state_since", time(at));
        update.set_once("attempt", number(0));
        update.set(EXPIRES_AT, expiry(at + before.retention().duration()));
        let (state, waiting) = (update.name("state"), JobState::Waiting.as_str());
        let waiting = update.value(text(waiting));
        let condition = format!("attribute_not_exists(PK) OR {state} = {waiting}");
        self.update_item(keys::job(&id), update, condition)
    }

    fn end_item(&self, project: &ProjectId, mut end: Expressions) -> Result<TransactWriteItem> {
        let condition = processing(&mut end);
        self.update_item(keys::project(project), end, condition)
    }

    fn still_processing(&self, project: &ProjectId) -> Result<TransactWriteItem> {
        let mut check = Expressions::default();
        let condition = processing(&mut check);
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(keys::project(project)))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(check.names))
            .set_expression_attribute_values(Some(check.values))
            .build()
            .map_err(StoreError::call(OPERATION))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// One update of a transaction.
    pub(crate) fn update_item(
        &self,
        key: keys::Attributes,
        update: Expressions,
        condition: String,
    ) -> Result<TransactWriteItem> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .update_expression(update.update())
            .condition_expression(condition)
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(StoreError::call(OPERATION))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

fn end(status: ProjectStatus, at: Timestamp) -> Expressions {
    let mut end = Expressions::default();
    end.set("status", text(status.as_str()));
    end.set("status_since", time(at));
    end.add(SEQUENCE, number(1));
    end
}

fn processing(update: &mut Expressions) -> String {
    let status = update.name("status");
    let processing = update.value(text(ProjectStatus::Processing.as_str()));
    format!("{status} = {processing}")
}

fn alone(advanced: Advanced) -> Advanced {
    match advanced {
        Advanced::Done | Advanced::Alone => Advanced::Alone,
        conflict @ Advanced::Conflict(_) => conflict,
    }
}

/// Whose condition cancelled a transaction.
pub(crate) enum Failed {
    /// That of its first item, which is this job, if there is one.
    Job(Option<Box<Job>>),
    /// That of another item.
    Rest,
}

/// Whose condition cancelled a transaction; `None` if no condition did.
pub(crate) fn failed(reasons: &[CancellationReason]) -> Option<Failed> {
    let by_condition =
        |reason: &CancellationReason| reason.code() == Some("ConditionalCheckFailed");
    let place = reasons.iter().position(by_condition)?;
    if place > 0 {
        return Some(Failed::Rest);
    }
    let item = reasons[0].item().filter(|item| !item.is_empty());
    Some(Failed::Job(item.and_then(|item| read(item.clone()).ok()).map(Box::new)))
}
