//! The event that Lambda makes of received messages.

use serde_json::{Map, Value, json};

use crate::aws::ReceivedMessage;
use crate::aws::identity::{REGION, queue_arn};
use crate::aws::sqs::MessageAttribute;

/// The sender of every message: this machine has one.
const SENDER: &str = "hookreel";

/// The event for `messages` of the queue `queue`.
pub(super) fn of(queue: &str, messages: &[ReceivedMessage]) -> Value {
    let arn = queue_arn(queue);
    let records: Vec<_> = messages.iter().map(|message| record(&arn, message)).collect();
    json!({ "Records": records })
}

fn record(arn: &str, message: &ReceivedMessage) -> Value {
    let attributes: Map<_, _> =
        message.attributes.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
    let mut event = json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": message.system_attributes(),
        "messageAttributes": attributes,
        "md5OfBody": message.md5_of_body,
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": REGION,
    });
    event["attributes"]["SenderId"] = json!(SENDER);
    event
}

fn attribute(attribute: &MessageAttribute) -> Value {
    let mut event = json!({
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute.data_type,
    });
    if let Some(text) = &attribute.string_value {
        event["stringValue"] = json!(text);
    }
    if let Some(bytes) = &attribute.binary_value {
        event["binaryValue"] = json!(bytes);
    }
    event
}
