//! Functions behind SQS: a handler for one message, run for each of a batch.

use std::future::Future;
use std::iter;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{Timestamp, schedule};
use futures::FutureExt;
use futures::future::join_all;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::DeserializeOwned;

use crate::aws::AwsService;
use crate::http::chain;
use crate::{Context, Invocable, StartError};

/// A function that handles the messages of a queue.
pub trait QueueFunction: Sized + Send + Sync + 'static {
    /// The environment variable that holds the queue's URL.
    const QUEUE: &'static str;

    /// The same for further queues of such messages.
    const FURTHER_QUEUES: &'static [&'static str] = &[];

    /// The message's body.
    type Message: DeserializeOwned + Send;

    /// Reads the settings and makes the clients, once.
    fn new(context: &Context) -> Result<Self, StartError>;

    /// Handles one message. SQS delivers at least once: a message that was handled before must
    /// have no further effect.
    fn handle(
        &self,
        message: Self::Message,
        receipt: Receipt,
    ) -> impl Future<Output = Result<(), WorkError>> + Send;
}

/// The queue's data about a message.
#[derive(Debug, Clone, Copy)]
pub struct Receipt {
    /// How often it has been received, this time included; from 1.
    pub receive_count: u32,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
}

/// Why a message could not be handled. It stays in the queue and is received again.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation}")]
pub struct WorkError {
    operation: &'static str,
    delay: Option<Duration>,
    #[source]
    cause: Box<dyn std::error::Error + Send + Sync>,
}

impl WorkError {
    /// The error of `operation`, such as `read the job`, which failed with `cause`.
    pub fn new(
        operation: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { operation, delay: None, cause: cause.into() }
    }

    /// Sets the delay until the message is received again; by default it grows with the receive
    /// count.
    #[must_use]
    pub const fn after(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }
}

struct Runner<F> {
    function: F,
    sqs: SqsClient,
    queue_urls: Vec<String>,
}

/// Created when the first message fails: most instances never use it, and it takes a quarter of
/// their start time.
type SqsClient = LazyLock<aws_sdk_sqs::Client, Box<dyn FnOnce() -> aws_sdk_sqs::Client + Send>>;

/// Serves `F` in Lambda until it is shut down.
pub async fn run<F: QueueFunction>() -> Result<(), lambda_runtime::Error> {
    let runner = Context::start(&[AwsService::DynamoDb], Runner::<F>::new).await?;
    let runner = &runner;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<SqsEvent>| {
        Ok::<_, lambda_runtime::Error>(runner.batch(event.payload).await)
    }))
    .await
}

/// `F`, to be invoked with a batch of messages.
pub fn invocable<F: QueueFunction>(context: &Context) -> Result<Invocable, StartError> {
    let runner = Arc::new(Runner::<F>::new(context)?);
    Ok(Arc::new(move |event| {
        let runner = Arc::clone(&runner);
        Box::pin(async move {
            let event = serde_json::from_value(event)?;
            Ok(serde_json::to_value(runner.batch(event).await)?)
        })
    }))
}

impl<F: QueueFunction> Runner<F> {
    fn new(context: &Context) -> Result<Self, StartError> {
        let aws = context.aws.clone();
        let queue_url =
            |name: &'static str| context.environment.required(name).map(ToOwned::to_owned);
        let names = iter::once(F::QUEUE).chain(F::FURTHER_QUEUES.iter().copied());
        Ok(Self {
            function: F::new(context)?,
            sqs: LazyLock::new(Box::new(move || aws_sdk_sqs::Client::new(&aws))),
            queue_urls: names.map(queue_url).collect::<Result<_, _>>()?,
        })
    }

    /// Handles the messages of a batch concurrently, and returns those that stay in the queue.
    async fn batch(&self, event: SqsEvent) -> SqsBatchResponse {
        let failed = join_all(event.records.into_iter().map(|record| self.message(record))).await;
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failed.into_iter().flatten().collect();
        response
    }

    /// Handles one message. A panic fails this message alone.
    async fn message(&self, record: SqsMessage) -> Option<BatchItemFailure> {
        let id = record.message_id.clone().unwrap_or_default();
        let receipt = receipt(&record);
        let body = record.body.as_deref().unwrap_or_default();
        let done = async {
            let message = serde_json::from_str(body)
                .map_err(|error| WorkError::new("read the message", error))?;
            self.function.handle(message, receipt).await
        };
        let error = match AssertUnwindSafe(done).catch_unwind().await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error,
            Err(_) => WorkError::new("handle the message", "the function panicked"),
        };
        tracing::warn!(
            message_id = id,
            receive_count = receipt.receive_count,
            cause = chain(&error),
            "message failed"
        );
        self.delay_retry(&record, &error, receipt).await;
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        Some(failure)
    }

    /// Replaces the message's visibility timeout by the retry delay. The queue's own timeout, which
    /// is long enough for the longest run, applies if this fails.
    async fn delay_retry(&self, record: &SqsMessage, error: &WorkError, receipt: Receipt) {
        let delay = error.delay.unwrap_or_else(|| schedule::work_wait(receipt.receive_count));
        let changed = self
            .sqs
            .change_message_visibility()
            .set_queue_url(self.queue_url(record))
            .set_receipt_handle(record.receipt_handle.clone())
            .visibility_timeout(i32::try_from(delay.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await;
        if let Err(error) = changed {
            tracing::warn!(cause = chain(&error), "visibility timeout not changed");
        }
    }

    /// The URL of the queue that `record` comes from: both end with its name.
    fn queue_url(&self, record: &SqsMessage) -> Option<String> {
        let arn = record.event_source_arn.as_deref().unwrap_or_default();
        let is_source = |url: &&String| last(url, '/') == last(arn, ':');
        self.queue_urls.iter().find(is_source).or(self.queue_urls.first()).cloned()
    }
}

/// The part of `text` after the last `separator`.
fn last(text: &str, separator: char) -> &str {
    text.rsplit(separator).next().unwrap_or_default()
}

fn receipt(record: &SqsMessage) -> Receipt {
    let attribute = |name| record.attributes.get(name);
    Receipt {
        receive_count: attribute("ApproximateReceiveCount")
            .and_then(|count| count.parse().ok())
            .unwrap_or(1),
        sent_at: attribute("SentTimestamp")
            .and_then(|millis| millis.parse().ok())
            .map(Timestamp::from_millis),
    }
}
