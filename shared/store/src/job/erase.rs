//! Erasing what a job was given and has made.

use domain::job::PastAttempt;
use domain::retention::{Erased, Erasure};
use domain::{Job, JobId, OwnerId, Timestamp};

use crate::item::attribute;
use crate::job::change::{Change, PAST_PROGRESS};
use crate::keys::{self, SK};
use crate::{Result, Store};

/// Its files and its result.
const OUTPUTS: &[&str] = &["outputs", "missing", "source", "result"];
/// What else its owner or its provider has said.
const SAID: &[&str] = &[
    "request",
    "options",
    "metadata",
    "webhook_url",
    "error",
    "history",
    "progress_step",
    "progress_count",
    PAST_PROGRESS,
];

impl Change {
    /// The `owner` erases `what` of `job`, as it was read. The files themselves are deleted once
    /// this is saved.
    pub fn erased(job: &Job, owner: &OwnerId, what: Erasure, at: Timestamp) -> Result<Self> {
        let set = vec![("erased", attribute(&Erased { at, what })?)];
        let change = Self { fence: Some(job.attempt), ..Self::from(&[], set) };
        let mut change = Self { owner: Some(owner.clone()), ..change }.only_from(job);
        match what {
            Erasure::All => change.remove = &[OUTPUTS, SAID],
            Erasure::Outputs => {
                change.remove = &[OUTPUTS];
                if job.history.iter().any(|past| !past.outputs.is_empty()) {
                    let without =
                        |past: &PastAttempt| PastAttempt { outputs: Vec::new(), ..past.clone() };
                    let history: Vec<_> = job.history.iter().map(without).collect();
                    change.set.push(("history", attribute(&history)?));
                }
            }
        }
        Ok(change)
    }
}

impl Store {
    /// Deletes what is kept beside the job `id`: its request, and what its provider sent.
    pub async fn erase_beside(&self, id: &JobId) -> Result<()> {
        let operation = "erase what is kept beside a job";
        let query = self
            .client
            .query()
            .key_condition_expression("PK = :job")
            .expression_attribute_values(":job", keys::job_partition(id))
            .projection_expression("PK, SK");
        let is_beside = |key: &keys::Attributes| {
            let place = key.get(SK).and_then(|place| place.as_s().ok());
            place.is_some_and(|place| place == keys::REQUEST || place.starts_with(keys::INBOUND))
        };
        for key in self.query_all(operation, query).await?.into_iter().filter(is_beside) {
            self.delete(operation, key).await?;
        }
        Ok(())
    }
}
