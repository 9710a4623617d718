//! The SQS queues between the functions: their messages, and sending them.

pub mod message;

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::limits;
use futures::{StreamExt, TryStreamExt, stream};

use crate::message::Message;

/// Maximum number of messages in one SQS call.
const BATCH: usize = 10;
/// Calls to one queue at a time.
const CALLS: usize = 4;

/// A queue of messages of type `M`.
#[derive(Debug)]
pub struct Queue<M> {
    aws: SdkConfig,
    /// Created for the first message: four of them would make a function start a third later.
    client: OnceLock<Client>,
    url: String,
    message: PhantomData<fn(M)>,
}

/// Why messages were not sent. Some of a batch may have been: the caller sends all of them again,
/// since a duplicate has no further effect.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The call failed.
    #[error("cannot send to {url}")]
    Send {
        /// The queue.
        url: String,
        /// The SDK's error.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// SQS did not take some messages of a batch, for a reason of its own.
    #[error("{url} did not take {failed} messages of a batch: {reason}")]
    Partial {
        /// The queue.
        url: String,
        /// How many messages it did not take.
        failed: usize,
        /// The error code of the first of them.
        reason: String,
    },
}

/// A message that SQS will never take, such as one that is too large.
#[derive(Debug, Clone)]
pub struct Rejected {
    /// Its place among those that were to be sent.
    pub index: usize,
    /// The error code.
    pub reason: String,
}

impl<M: Message> Queue<M> {
    /// The queue at `url`.
    pub fn new(aws: &SdkConfig, url: impl Into<String>) -> Self {
        let client = OnceLock::new();
        Self { aws: aws.clone(), client, url: url.into(), message: PhantomData }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.aws))
    }

    /// Sends one message, delivered after `delay`, which is cut to 15 minutes.
    pub async fn send(&self, message: &M, delay: Duration) -> Result<(), QueueError> {
        self.client()
            .send_message()
            .queue_url(&self.url)
            .message_body(self.body(message)?)
            .set_message_group_id(message.group())
            .delay_seconds(whole_seconds(delay))
            .send()
            .await
            .map_err(|error| self.failed(error))?;
        Ok(())
    }

    /// Sends messages, each with its delay, ten per call and several calls at a time. Returns those
    /// that SQS rejects; all others are sent.
    pub async fn send_all(&self, messages: &[(M, Duration)]) -> Result<Vec<Rejected>, QueueError> {
        let batches = messages.chunks(BATCH).enumerate();
        let sends: Vec<_> =
            batches.map(|(number, batch)| self.send_batch(number * BATCH, batch)).collect();
        stream::iter(sends).buffer_unordered(CALLS).try_concat().await
    }

    /// Sends a batch of which the first message has the place `first`.
    async fn send_batch(
        &self,
        first: usize,
        batch: &[(M, Duration)],
    ) -> Result<Vec<Rejected>, QueueError> {
        let entry = |(index, (message, delay)): (usize, &(M, Duration))| {
            SendMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .message_body(self.body(message)?)
                .set_message_group_id(message.group())
                .delay_seconds(whole_seconds(*delay))
                .build()
                .map_err(|error| self.failed(error))
        };
        let entries = batch.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let output = self
            .client()
            .send_message_batch()
            .queue_url(&self.url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|error| self.failed(error))?;
        let (ours, theirs): (Vec<_>, Vec<_>) =
            output.failed.into_iter().partition(|failed| failed.sender_fault);
        if let Some(one) = theirs.first() {
            let (url, reason) = (self.url.clone(), one.code.clone());
            return Err(QueueError::Partial { url, failed: theirs.len(), reason });
        }
        let place = |id: &str| first + id.parse::<usize>().unwrap_or_default();
        let rejected = ours.into_iter();
        Ok(rejected.map(|one| Rejected { index: place(&one.id), reason: one.code }).collect())
    }

    fn body(&self, message: &M) -> Result<String, QueueError> {
        let json = serde_json::to_string(message).map_err(|error| self.failed(error))?;
        Ok(escaped(json))
    }

    fn failed(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> QueueError {
        QueueError::Send { url: self.url.clone(), cause: cause.into() }
    }
}

/// The same JSON without a character that SQS refuses. It takes those of XML 1.0: of a text in JSON,
/// in which control characters are escaped already, only U+FFFE and U+FFFF are not among them. They
/// can stand in a string alone, where an escape means the same.
fn escaped(json: String) -> String {
    if json.contains(['\u{fffe}', '\u{ffff}']) {
        json.replace('\u{fffe}', "\\ufffe").replace('\u{ffff}', "\\uffff")
    } else {
        json
    }
}

/// The delay in whole seconds, the unit of SQS, rounded up.
fn whole_seconds(delay: Duration) -> i32 {
    let seconds = delay.min(limits::QUEUE_DELAY).as_millis().div_ceil(1000);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What XML 1.0 calls a `Char`.
    const fn is_accepted(c: char) -> bool {
        matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
    }

    #[test]
    fn no_text_makes_a_body_that_sqs_refuses() {
        let all: String = ('\0'..=char::MAX).collect();
        let body = escaped(serde_json::to_string(&all).unwrap());
        assert!(body.chars().all(is_accepted));
        assert_eq!(serde_json::from_str::<String>(&body).unwrap(), all);
    }
}
