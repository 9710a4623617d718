//! Which job a provider's task is for. Recorded where the provider has a list of its tasks, in which a job
//! whose submission was not answered looks for its own: another job may have the same input.

use domain::{Job, TaskId, Timestamp, limits};

use crate::expressions::Expressions;
use crate::item::{expiry, text};
use crate::keys::{self, ENTITY, EXPIRES_AT};
use crate::{Result, Store};

impl Store {
    /// Records that `task` is for `job`, unless it is for another; whether it is for this one. Task ids
    /// are unique within the provider of a kind.
    pub async fn claim_task(&self, job: &Job, task: &TaskId, at: Timestamp) -> Result<bool> {
        let mut update = Expressions::default();
        update.set(ENTITY, text("task"));
        update.set("job_id", text(job.id.as_str()));
        update.set(EXPIRES_AT, expiry(at + limits::JOB_DEADLINE));
        let (job_id, id) = (update.name("job_id"), update.value(text(job.id.as_str())));
        let condition = format!("attribute_not_exists(PK) OR {job_id} = {id}");
        let claimed = self.update("claim a task", keys::task(job.kind(), task), update, condition);
        Ok(claimed.await?.is_ok())
    }
}
