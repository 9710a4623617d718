//! Acting once more on a webhook that was kept.

use domain::{InvalidField, Timestamp};
use providers::registry;
use store::{Inbound, InboundOutcome, StoreError};

use crate::Intake;
use crate::apply::Subject;

/// Why a kept webhook could not be acted on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It is not one that would be accepted.
    #[error("the webhook that was kept cannot be read")]
    Unreadable(#[from] InvalidField),
    /// The table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Intake {
    /// Acts on a kept webhook as if it were received `at`. The job's own conditions decide
    /// whether that still changes anything; if so, the stream does the rest.
    pub async fn replay(
        &self,
        kept: &Inbound,
        at: Timestamp,
    ) -> Result<InboundOutcome, ReplayError> {
        let unknown = || InvalidField::new("provider", "is none that we know");
        let provider = registry::named(&kept.provider).ok_or_else(unknown)?;
        let subject = Subject { job_id: kept.id.job_id.clone(), attempt: kept.attempt };
        let report = provider.report(&kept.body)?;
        Ok(self.apply(provider, &subject, &report, at).await?.outcome)
    }
}
