//! Acting once more on a webhook that was kept.

use domain::{InvalidField, Timestamp};
use providers::{Report, TaskStatus, WebhookReport, registry};
use serde_json::{Map, Value};
use store::{Inbound, InboundOutcome, StoreError};

use crate::Intake;
use crate::apply::Subject;

/// The member that marks a kept body which lacks members that were too large.
pub(crate) const SHORTENED: &str = "hookreel_shortened";

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
        let report = whole(provider.report(&kept.body)?, &kept.body);
        Ok(self.apply(provider, &subject, &report, at).await?.outcome)
    }
}

/// What `report` says, which was read from the kept `body`. Of a shortened one that is no more than
/// that the task exists: its result, or why it has none, may be what was too large, and a poll finds it.
fn whole(report: WebhookReport, body: &[u8]) -> WebhookReport {
    let is_end = report.status().is_some_and(TaskStatus::is_final);
    let is_shortened = || {
        let members = serde_json::from_slice::<Map<String, Value>>(body);
        members.is_ok_and(|members| members.contains_key(SHORTENED))
    };
    if is_end && is_shortened() {
        return WebhookReport { report: Report::Status(TaskStatus::running(None)), ..report };
    }
    report
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_end_in_a_shortened_body_is_left_to_a_poll() {
        let provider = registry::named("replicate").unwrap();
        let report = |body: &[u8]| whole(provider.report(body).unwrap(), body);
        let all = br#"{"id": "t1", "status": "succeeded", "output": null}"#;
        assert!(report(all).is_success());
        for word in ["succeeded", "failed"] {
            let short = format!(
                r#"{{"id": "t1", "status": "{word}", "output": null, "{SHORTENED}": true}}"#
            );
            let report = report(short.as_bytes());
            assert_eq!(report.status(), Some(&TaskStatus::running(None)), "{word}");
            assert_eq!(report.task, Some("t1".parse().unwrap()), "its task is named");
        }
    }
}
