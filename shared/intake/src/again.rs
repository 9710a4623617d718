//! Acting once more on a webhook that was kept.

use domain::{InvalidField, Step, Timestamp};
use providers::runpod;
use providers::scenes::{Service, webhook};
use store::{Inbound, InboundOutcome, StoreError};

use crate::Intake;

/// Why a kept webhook could not be acted on.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// It is not one that would be taken.
    #[error("the webhook that was kept cannot be read")]
    Unreadable(#[from] InvalidField),
    /// The table could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Intake {
    /// Does what a kept webhook says, as if it came in `at`. The job's own conditions decide
    /// whether that still changes anything; if so, the stream does the rest.
    pub async fn take_again(
        &self,
        kept: &Inbound,
        at: Timestamp,
    ) -> Result<InboundOutcome, AgainError> {
        let job_id = &kept.id.job_id;
        let service = kept.provider.parse::<Service>().ok().zip(Step::of(job_id));
        if let Some((service, step)) = service {
            let report = webhook::parse(service, &kept.body)?;
            return Ok(self.take_report(&step, &report, at).await?.outcome);
        }
        let callback = runpod::webhook::parse(&kept.body)?;
        Ok(self.take_callback(job_id, kept.attempt, &callback, at).await?)
    }
}
