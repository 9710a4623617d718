//! The settings of a queue, typed, and as SQS attributes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use template::Redrive;

use super::super::identity::queue_arn;
use super::error::SqsError;

/// Longest time a message can stay hidden, in seconds: 12 h.
pub(super) const MAX_VISIBILITY: u32 = 43_200;
/// Longest delay, in seconds: 15 min.
pub(super) const MAX_DELAY: u32 = 900;
/// Longest long poll, in seconds.
pub(super) const MAX_WAIT: u32 = 20;
/// Largest message or batch, in bytes: 1 MiB.
pub(super) const MAX_BYTES: usize = 1_048_576;

/// Attributes that are accepted and returned, but have no effect here.
const IGNORED: [&str; 7] = [
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
    "ContentBasedDeduplication",
    "FifoQueue",
];

/// How a queue behaves. All times in seconds, as SQS has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The visibility timeout.
    pub visibility_timeout: u32,
    /// The retention.
    pub retention: u32,
    /// The delay of a new message, unless its sender sets one.
    pub delay: u32,
    /// How long a receive waits for a message, unless the receiver sets it.
    pub wait: u32,
    /// Largest message, in bytes.
    pub max_bytes: usize,
    /// The dead letter queue.
    pub redrive: Option<Redrive>,
    /// Attributes without effect.
    pub ignored: BTreeMap<String, String>,
}

impl Default for Settings {
    /// SQS's defaults.
    fn default() -> Self {
        Self {
            visibility_timeout: 30,
            retention: 345_600,
            delay: 0,
            wait: 0,
            max_bytes: MAX_BYTES,
            redrive: None,
            ignored: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// Sets the attribute of that name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SqsError> {
        let number = |low: u32, high: u32| number(name, value, low, high);
        match name {
            "VisibilityTimeout" => self.visibility_timeout = number(0, MAX_VISIBILITY)?,
            "MessageRetentionPeriod" => self.retention = number(60, 1_209_600)?,
            "DelaySeconds" => self.delay = number(0, MAX_DELAY)?,
            "ReceiveMessageWaitTimeSeconds" => self.wait = number(0, MAX_WAIT)?,
            "MaximumMessageSize" => self.max_bytes = number(1024, 1_048_576)? as usize,
            "RedrivePolicy" => self.redrive = redrive(value)?,
            "FifoQueue" | "ContentBasedDeduplication" if value == "true" => {
                let message = "Only standard queues are available.".to_owned();
                return Err(SqsError::UnsupportedOperation(message));
            }
            _ if IGNORED.contains(&name) => {
                self.ignored.insert(name.to_owned(), value.to_owned());
            }
            _ => return Err(SqsError::InvalidAttributeName(name.to_owned())),
        }
        Ok(())
    }

    /// The settings as SQS attributes.
    pub fn attributes(&self) -> BTreeMap<String, String> {
        let mut attributes = self.ignored.clone();
        let mut put = |name: &str, value: String| attributes.insert(name.to_owned(), value);
        put("VisibilityTimeout", self.visibility_timeout.to_string());
        put("MessageRetentionPeriod", self.retention.to_string());
        put("DelaySeconds", self.delay.to_string());
        put("ReceiveMessageWaitTimeSeconds", self.wait.to_string());
        put("MaximumMessageSize", self.max_bytes.to_string());
        if let Some(redrive) = &self.redrive {
            let policy = json!({
                "deadLetterTargetArn": queue_arn(&redrive.dead_letter_queue),
                "maxReceiveCount": redrive.max_receive_count,
            });
            put("RedrivePolicy", policy.to_string());
        }
        attributes
    }
}

fn number(name: &str, value: &str, low: u32, high: u32) -> Result<u32, SqsError> {
    value
        .parse()
        .ok()
        .filter(|number| (low..=high).contains(number))
        .ok_or_else(|| SqsError::InvalidAttributeValue(name.to_owned()))
}

/// Parses a redrive policy; clients write the count as a number or a string. An empty policy
/// removes the dead-letter queue.
fn redrive(policy: &str) -> Result<Option<Redrive>, SqsError> {
    if policy.is_empty() {
        return Ok(None);
    }
    let invalid = || SqsError::InvalidAttributeValue("RedrivePolicy".to_owned());
    let policy: Value = serde_json::from_str(policy).map_err(|_| invalid())?;
    let arn = policy["deadLetterTargetArn"].as_str().ok_or_else(invalid)?;
    let count = &policy["maxReceiveCount"];
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok()).ok_or_else(invalid)?;
    let max_receive_count = u32::try_from(count).ok().filter(|count| (1..=1000).contains(count));
    Ok(Some(Redrive {
        dead_letter_queue: name_in_arn(arn).ok_or_else(invalid)?.to_owned(),
        max_receive_count: max_receive_count.ok_or_else(invalid)?,
    }))
}

/// The queue's name in its ARN.
pub(super) fn name_in_arn(arn: &str) -> Option<&str> {
    arn.strip_prefix("arn:aws:sqs:")?.rsplit_once(':').map(|(_, name)| name)
}
