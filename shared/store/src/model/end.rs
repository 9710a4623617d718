//! The end of a training, as its model keeps it.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::job::Training;
use domain::{Job, JobState, Timestamp};

use crate::expressions::Expressions;
use crate::item::{text, time};
use crate::job::change::Change;
use crate::{Result, Store, keys};

/// The status of a model whose latest training has not ended.
pub(crate) const TRAINING: &str = "Training";

impl Store {
    /// What `change`, which is made of the job of `training`, changes of its model; `None` if it
    /// does not end the job. Of a model's trainings only the latest counts.
    pub(crate) fn model_end_item(
        &self,
        job: &Job,
        training: &Training,
        change: &Change,
        at: Timestamp,
    ) -> Result<Option<TransactWriteItem>> {
        let saved = |name| change.set.iter().find(|(set, _)| *set == name).map(|(_, value)| value);
        let mut end = Expressions::default();
        match change.to {
            Some(JobState::Completed) => {
                end.set("status", text("Ready"));
                // Where there were files to pull, the result was saved with the job before.
                let before = || job.result.as_ref().map(|result| text(result.to_string()));
                if let Some(result) = saved("result").cloned().or_else(before) {
                    end.set("output", result);
                }
            }
            Some(JobState::Failed) => {
                let error = saved("error").and_then(|error| error.as_m().ok()?.get("message"));
                end.set("status", text("Failed"));
                end.set("error", error.cloned().unwrap_or_else(|| text("The training failed.")));
            }
            Some(JobState::Cancelled) => {
                end.set("status", text("Failed"));
                end.set("error", text("The training was cancelled."));
            }
            _ => return Ok(None),
        }
        end.set("updated_at", time(at));
        let (latest, id) = (end.name("latest"), end.value(text(job.id.as_str())));
        let condition = format!("{latest} = {id}");
        self.update_item(keys::model(&training.model_id), end, condition).map(Some)
    }
}
