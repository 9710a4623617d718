//! The request and response bodies of SQS's JSON protocol.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::identity::queue_arn;
use super::SqsError;
use super::digest::{self, MessageAttributes};
use super::receive::ReceivedMessage;
use super::send::{NewMessage, Sent};
use super::settings::name_in_arn;

/// The members of every request that names one queue.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OfQueue {
    pub queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    pub queue_name: String,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    pub queue_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    #[serde(default)]
    pub queue_name_prefix: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    pub queue_url: String,
    #[serde(default)]
    pub attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    pub queue_url: String,
    pub attributes: BTreeMap<String, String>,
}

/// A message to send, by itself or in a batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    pub message_body: String,
    pub delay_seconds: Option<u32>,
    #[serde(default)]
    pub message_attributes: MessageAttributes,
    pub message_group_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    pub queue_url: String,
    pub max_number_of_messages: Option<i64>,
    pub visibility_timeout: Option<u32>,
    pub wait_time_seconds: Option<u32>,
    /// The deprecated name of the next one; both are in use.
    #[serde(default)]
    pub attribute_names: Vec<String>,
    #[serde(default)]
    pub message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub message_attribute_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    pub receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeVisibility {
    pub receipt_handle: String,
    pub visibility_timeout: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct StartMessageMoveTask {
    pub source_arn: String,
    pub destination_arn: Option<String>,
}

/// A batch: the queue, and entries with ids chosen by the sender.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch<T> {
    pub queue_url: String,
    #[serde(default = "Vec::new")]
    pub entries: Vec<Entry<T>>,
}

#[derive(Deserialize)]
pub(super) struct Entry<T> {
    #[serde(rename = "Id")]
    pub id: String,
    #[serde(flatten)]
    pub content: T,
}

/// The result of each entry of a batch.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct BatchAnswer {
    successful: Vec<Value>,
    failed: Vec<Value>,
}

impl BatchAnswer {
    pub fn add(&mut self, id: &str, outcome: Result<Value, SqsError>) {
        match outcome {
            Ok(mut answer) => {
                answer["Id"] = json!(id);
                self.successful.push(answer);
            }
            Err(error) => self.failed.push(json!({
                "Id": id,
                "SenderFault": !error.is_internal(),
                "Code": error.code(),
                "Message": error.to_string(),
            })),
        }
    }
}

impl From<SendMessage> for NewMessage {
    fn from(message: SendMessage) -> Self {
        Self {
            body: message.message_body,
            delay: message.delay_seconds,
            attributes: message.message_attributes,
            group: message.message_group_id,
        }
    }
}

impl Sent {
    /// As the sender gets it.
    pub fn answer(&self) -> Value {
        let mut answer =
            json!({ "MessageId": self.message_id, "MD5OfMessageBody": self.md5_of_body });
        if let Some(sum) = &self.md5_of_attributes {
            answer["MD5OfMessageAttributes"] = json!(sum);
        }
        answer
    }
}

impl ReceivedMessage {
    /// The system attributes as SQS names them; Lambda's events hold all of them.
    pub(crate) fn system_attributes(&self) -> BTreeMap<&'static str, String> {
        let mut attributes = BTreeMap::from([
            ("ApproximateReceiveCount", self.receive_count.to_string()),
            ("SentTimestamp", self.sent_at.as_millis().to_string()),
            ("SenderId", super::super::identity::ACCOUNT.to_owned()),
            ("ApproximateFirstReceiveTimestamp", self.first_received_at.as_millis().to_string()),
        ]);
        if let Some(group) = &self.group {
            attributes.insert("MessageGroupId", group.clone());
        }
        if let Some(trace) = &self.trace {
            attributes.insert("AWSTraceHeader", trace.clone());
        }
        if let Some(queue) = &self.moved_from {
            attributes.insert("DeadLetterQueueSourceArn", queue_arn(queue));
        }
        attributes
    }
}

impl ReceiveMessage {
    /// The message, with the attributes that were requested.
    pub fn answer(&self, message: ReceivedMessage) -> Result<Value, SqsError> {
        let is_requested = |name: &str| {
            let names = || self.attribute_names.iter().chain(&self.message_system_attribute_names);
            names().any(|wanted| wanted == name || wanted == "All")
        };
        let system = message.system_attributes().into_iter().filter(|(name, _)| is_requested(name));
        let system: Map<_, _> =
            system.map(|(name, value)| (name.to_owned(), value.into())).collect();
        let mut chosen = message.attributes;
        chosen.retain(|name, _| self.requests_attribute(name));
        let mut answer = json!({
            "MessageId": message.message_id,
            "ReceiptHandle": message.receipt_handle,
            "MD5OfBody": message.md5_of_body,
            "Body": message.body,
        });
        if !system.is_empty() {
            answer["Attributes"] = system.into();
        }
        if !chosen.is_empty() {
            answer["MD5OfMessageAttributes"] = digest::of_attributes(&chosen)?.into();
            answer["MessageAttributes"] = json!(chosen);
        }
        Ok(answer)
    }

    /// Whether a message attribute was requested: by name, by `prefix.*`, or by `All`.
    fn requests_attribute(&self, name: &str) -> bool {
        self.message_attribute_names.iter().any(|wanted| {
            wanted == "All"
                || wanted == name
                || wanted.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
        })
    }
}

/// The queue's name in its URL, whatever the host; a bare name and an ARN are accepted too.
pub(super) fn name_in_url(url: &str) -> &str {
    name_in_arn(url).unwrap_or_else(|| url.rsplit('/').next().unwrap_or(url))
}
