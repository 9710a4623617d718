//! What comes from RunPod, or from a worker on it.

use domain::{Attempt, JobId, Timestamp};
use providers::runpod::webhook::Callback;
use store::{Change, InboundOutcome, StoreError};

use crate::Intake;

impl Intake {
    /// Saves what `callback` says of the job, if it still fits: one write. Without `attempt` it
    /// is taken for a word of the present one.
    pub async fn take_callback(
        &self,
        job_id: &JobId,
        attempt: Option<Attempt>,
        callback: &Callback,
        at: Timestamp,
    ) -> Result<InboundOutcome, StoreError> {
        let change = match callback {
            Callback::FileReady { source, .. } => Change::file_ready(attempt, source, at)?,
            Callback::Reported { .. } => Change::reported(attempt, at),
        };
        let changed = self.store.change(job_id, &change).await?;
        Ok(InboundOutcome::of(&changed, attempt))
    }
}
