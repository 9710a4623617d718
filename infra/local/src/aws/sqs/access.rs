//! What a request does to a queue, as IAM is asked about it.

use serde_json::Value;

use super::super::calls::Access;
use super::super::identity::queue_arn;

/// What IAM is asked about a request. A batch is allowed by the action of its members.
pub(in super::super) fn accesses(operation: &str, body: &[u8]) -> Vec<Access> {
    let request = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let name = request["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next());
    let access = |name| Access {
        action: format!("sqs:{}", operation.trim_end_matches("Batch")),
        resource: queue_arn(name),
        context: Vec::new(),
    };
    name.map(access).into_iter().collect()
}
