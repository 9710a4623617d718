//! The invocation record for a discarded stream batch: as in Lambda, it names the place of the
//! records, not their content.

use domain::Timestamp;
use serde_json::{Value, json};

use super::stream::sequence_number;
use crate::aws::identity::{ACCOUNT, REGION};

/// Why a batch is discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DiscardReason {
    /// It failed at its last retry.
    Retries,
    /// It exceeded the maximum age.
    Age,
}

impl DiscardReason {
    /// As Lambda names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retries => "RetryAttemptsExhausted",
            Self::Age => "RecordAgeExceeded",
        }
    }
}

/// The record for `records`, with which `function` failed `failures` times.
pub(super) fn message(
    function: &str,
    records: &[Value],
    reason: DiscardReason,
    failures: u32,
    now: Timestamp,
) -> Value {
    json!({
        "requestContext": {
            "requestId": uuid::Uuid::from_bytes(runtime::random::bytes()).to_string(),
            "functionArn": format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"),
            "condition": reason.as_str(),
            "approximateInvokeCount": failures,
        },
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "version": "1.0",
        "timestamp": now.to_string(),
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000000000000000000-00000000",
            "startSequenceNumber": records.first().map(sequence_number),
            "endSequenceNumber": records.last().map(sequence_number),
            "batchSize": records.len(),
            "streamArn": records.first().map(|record| &record["eventSourceARN"]),
        },
    })
}
