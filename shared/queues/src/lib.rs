//! The SQS queues between the functions: their messages, and sending them.

pub mod message;

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::limits;

use crate::message::Message;

/// Maximum number of messages in one SQS call.
const BATCH: usize = 10;

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
    /// SQS rejected some messages of a batch.
    #[error("{url} rejected {rejected} messages of a batch: {reason}")]
    Partial {
        /// The queue.
        url: String,
        /// How many messages it rejected.
        rejected: usize,
        /// The error code of the first of them.
        reason: String,
    },
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

    /// Sends messages, each with its delay, ten per call.
    pub async fn send_all(&self, messages: &[(M, Duration)]) -> Result<(), QueueError> {
        for batch in messages.chunks(BATCH) {
            self.send_batch(batch).await?;
        }
        Ok(())
    }

    async fn send_batch(&self, batch: &[(M, Duration)]) -> Result<(), QueueError> {
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
        output.failed.first().map_or(Ok(()), |first| {
            Err(QueueError::Partial {
                url: self.url.clone(),
                rejected: output.failed.len(),
                reason: first.code.clone(),
            })
        })
    }

    fn body(&self, message: &M) -> Result<String, QueueError> {
        serde_json::to_string(message).map_err(|error| self.failed(error))
    }

    fn failed(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> QueueError {
        QueueError::Send { url: self.url.clone(), cause: cause.into() }
    }
}

/// The delay in whole seconds, the unit of SQS, rounded up.
fn whole_seconds(delay: Duration) -> i32 {
    let seconds = delay.min(limits::QUEUE_DELAY).as_millis().div_ceil(1000);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}
