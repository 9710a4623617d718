//! The entries of a timeline, as clients read them.

use serde::Serialize;
use serde_json::Value;

use crate::time::Rfc3339;
use crate::{
    Attempt, EventType, InboundId, JobError, JobId, JobKind, MessageId, Output, SceneId, TaskId,
};

/// One event.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "TimelineEntry"))]
pub struct Entry {
    pub(super) at: Rfc3339,
    #[serde(flatten)]
    pub(super) what: What,
    /// The job of which it is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) job_id: Option<JobId>,
    /// The scene of that job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scene_id: Option<SceneId>,
}

/// A stored webhook of a provider.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub struct InboundWebhook {
    /// Its id, under which the raw body is stored.
    pub inbound_id: InboundId,
    /// The provider that sent it.
    pub provider: String,
    /// The outcome of its processing.
    pub outcome: Value,
    /// The attempt that it reports on, if it names one.
    pub attempt: Option<Attempt>,
    /// The provider's task that it reports on, if it names one.
    pub provider_task: Option<TaskId>,
    /// When it was last replayed.
    pub replayed_at: Option<Rfc3339>,
}

/// What happened, with its evidence.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum What {
    /// It was created by a request.
    Created {
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<JobKind>,
    },
    /// The step was released: its input was ready.
    Released {
        kind: JobKind,
    },
    /// Its first dispatch to the provider started.
    Dispatched,
    Accepted {
        attempt: Attempt,
        provider_task: Option<TaskId>,
    },
    /// The provider's answer to the submission was lost.
    Uncertain {
        attempt: Attempt,
    },
    Progress {
        attempt: Attempt,
        progress_percent: u8,
    },
    WebhookReceived(InboundWebhook),
    /// An unsigned webhook reported the end, and the provider was polled for it.
    EndReported,
    CancelRequested,
    /// The provider refused the cancel, or had not carried it out in time; its task may go on.
    CancelUnconfirmed {
        attempt: Attempt,
    },
    /// The task succeeded, and its file is ready to be pulled.
    FileOffered {
        attempt: Attempt,
    },
    Stored {
        attempt: Attempt,
        outputs: Vec<StoredFile>,
    },
    Completed,
    Failed {
        error: Option<JobError>,
        #[serde(skip_serializing_if = "Option::is_none")]
        failed_job_id: Option<JobId>,
    },
    Cancelled,
    /// An attempt ended without a result, or was superseded.
    AttemptEnded {
        attempt: Attempt,
        reason: String,
        provider_task: Option<TaskId>,
    },
    Regenerated {
        from_job_id: Option<JobId>,
        #[serde(skip_serializing_if = "Option::is_none")]
        old_prompt: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        new_prompt: Option<String>,
    },
    Resumed {
        from_job_id: Option<JobId>,
    },
    DeliveryAttempted(DeliveryEvidence),
}

impl What {
    /// Where it stands among the events of one moment, such as a webhook, the end of its step and the
    /// release of the next one.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Created { .. } => 0,
            Self::Regenerated { .. } | Self::Resumed { .. } | Self::CancelRequested => 1,
            Self::Dispatched => 2,
            Self::Accepted { .. } | Self::Uncertain { .. } => 3,
            Self::Progress { .. } | Self::CancelUnconfirmed { .. } => 4,
            Self::WebhookReceived(_) => 5,
            Self::EndReported => 6,
            Self::FileOffered { .. } => 7,
            Self::Stored { .. } => 8,
            Self::Completed | Self::Failed { .. } | Self::Cancelled => 9,
            Self::AttemptEnded { .. } => 10,
            Self::Released { .. } => 11,
            Self::DeliveryAttempted(_) => 12,
        }
    }
}

/// An output without its key in the bucket.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct StoredFile {
    name: String,
    content_type: String,
    bytes: u64,
    sha256: String,
    duration_ms: Option<u64>,
}

/// An attempt of a delivery.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
pub(super) struct DeliveryEvidence {
    pub(super) delivery_id: MessageId,
    /// The event that the webhook reports.
    #[serde(rename = "tells")]
    pub(super) event: EventType,
    /// The endpoint, or the URL without its query.
    pub(super) to: String,
    /// The receiver's, if it answered.
    pub(super) status_code: Option<u16>,
    pub(super) latency_ms: u64,
    /// Why there was no answer.
    pub(super) error: Option<String>,
}

pub(super) fn files(outputs: &[Output]) -> Vec<StoredFile> {
    let file = |output: &Output| StoredFile {
        name: output.name.clone(),
        content_type: output.content_type.clone(),
        bytes: output.bytes,
        sha256: output.sha256.clone(),
        duration_ms: output.duration_ms,
    };
    outputs.iter().map(file).collect()
}
