//! What a failure destination is told of a batch of a stream that was given up: where its
//! records are, not what is in them, as Lambda does it.

use domain::Timestamp;
use serde_json::{Value, json};

use super::stream::sequence_number;
use crate::aws::identity::{ACCOUNT, REGION};

/// Why a batch is not tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It failed as often as it may.
    Retries,
    /// It failed for as long as it may.
    Age,
}

impl Reason {
    /// As Lambda spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retries => "RetryAttemptsExhausted",
            Self::Age => "RecordAgeExceeded",
        }
    }
}

/// The message about `records`, which `function` failed on `failures` times.
pub(super) fn message(
    function: &str,
    records: &[Value],
    reason: Reason,
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
