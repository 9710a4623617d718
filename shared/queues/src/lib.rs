//! The queues between the functions: what their messages say, and sending them.

pub mod message;

use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::limits;

use crate::message::Message;

/// Most messages that one call to SQS takes.
const BATCH: usize = 10;

/// A queue of messages that say `M`.
#[derive(Debug)]
pub struct Queue<M> {
    aws: SdkConfig,
    /// Made for the first message: a function with four queues would start a third later.
    client: OnceLock<Client>,
    url: String,
    says: PhantomData<fn(M)>,
}

/// Why messages could not be sent. Some of them may have been; sending them all again does
/// no harm, since whoever receives one twice finds nothing left to do.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// SQS did not answer, or refused.
    #[error("cannot send to {url}")]
    Send {
        /// The queue.
        url: String,
        /// What came back.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// SQS took some of a batch and not the rest.
    #[error("{url} took all but {refused} messages: {reason}")]
    Partial {
        /// The queue.
        url: String,
        /// How many it did not take.
        refused: usize,
        /// Why it did not take the first of them.
        reason: String,
    },
}

impl<M: Message> Queue<M> {
    /// The queue at `url`.
    pub fn new(aws: &SdkConfig, url: impl Into<String>) -> Self {
        let client = OnceLock::new();
        Self { aws: aws.clone(), client, url: url.into(), says: PhantomData }
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.aws))
    }

    /// Sends one message, to be seen after `delay`, at most 15 minutes.
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

    /// Sends messages, each to be seen after its delay, ten to a call.
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
                refused: output.failed.len(),
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

/// SQS counts whole seconds; a wait is never cut short.
fn whole_seconds(delay: Duration) -> i32 {
    let seconds = delay.min(limits::QUEUE_DELAY).as_millis().div_ceil(1000);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}
