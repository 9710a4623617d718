//! SQS's JSON protocol: maps an operation's name and body to its answer.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::json::JsonAnswer;
use super::send::NewMessage;
use super::settings::{MAX_BYTES, MAX_VISIBILITY, MAX_WAIT};
use super::wire::{
    Batch, BatchAnswer, ChangeVisibility, DeleteMessage, Entry, OfQueue, ReceiveMessage,
    SendMessage, StartMessageMoveTask, name_in_url,
};
use super::{Queues, SqsError};

/// Most entries of a batch, and most messages of a receive.
const MAX_ENTRIES: usize = 10;

impl Queues {
    /// Answers a request of the JSON protocol with that trace header, which messages keep.
    pub async fn answer(&self, operation: &str, body: &[u8], trace: Option<&str>) -> JsonAnswer {
        let result = match operation {
            // The one operation that may wait.
            "ReceiveMessage" => self.receive_message(body).await,
            _ => self.answer_at_once(operation, body, trace),
        };
        match result {
            Ok(answer) => JsonAnswer::ok(answer.to_string().into_bytes()),
            Err(error) => {
                if error.is_internal() {
                    tracing::error!(
                        operation,
                        error = &error as &dyn std::error::Error,
                        "sqs failed"
                    );
                }
                error.into_answer()
            }
        }
    }

    fn answer_at_once(
        &self,
        operation: &str,
        body: &[u8],
        trace: Option<&str>,
    ) -> Result<Value, SqsError> {
        match operation {
            "SendMessage" => self.send_message(body, trace),
            "SendMessageBatch" => self.send_batch(body, trace),
            "DeleteMessage" => self.delete_message(body),
            "DeleteMessageBatch" => self.delete_batch(body),
            "ChangeMessageVisibility" => self.change_message_visibility(body),
            "ChangeMessageVisibilityBatch" => self.change_visibility_batch(body),
            "CreateQueue" => self.create_queue(&read(body)?),
            "DeleteQueue" => self.delete_queue(&read(body)?),
            "ListQueues" => self.list_queues(&read(body)?),
            "GetQueueUrl" => self.get_queue_url(&read(body)?),
            "GetQueueAttributes" => self.get_queue_attributes(&read(body)?),
            "SetQueueAttributes" => self.set_queue_attributes(&read(body)?),
            "PurgeQueue" => {
                self.purge(name_in_url(&read::<OfQueue>(body)?.queue_url))?;
                Ok(json!({}))
            }
            "StartMessageMoveTask" => {
                let request: StartMessageMoveTask = read(body)?;
                let destination = request.destination_arn.as_deref();
                let task = self.start_move_task(&request.source_arn, destination)?;
                Ok(json!({ "TaskHandle": task }))
            }
            "ListDeadLetterSourceQueues" => {
                let names = self.sources_of(name_in_url(&read::<OfQueue>(body)?.queue_url))?;
                let urls: Vec<_> = names.iter().map(|name| self.url(name)).collect();
                Ok(json!({ "queueUrls": urls }))
            }
            _ => Err(SqsError::UnsupportedOperation(format!("{operation} is not available."))),
        }
    }

    async fn receive_message(&self, body: &[u8]) -> Result<Value, SqsError> {
        let request: ReceiveMessage = read(body)?;
        let name = name_in_url(&request.queue_url);
        let max = request.max_number_of_messages.unwrap_or(1);
        let max = usize::try_from(max).ok().filter(|max| (1..=MAX_ENTRIES).contains(max));
        let max = max.ok_or_else(|| out_of_range("MaxNumberOfMessages", "between 1 and 10"))?;
        if request.visibility_timeout.is_some_and(|seconds| seconds > MAX_VISIBILITY) {
            return Err(out_of_range("VisibilityTimeout", "between 0 and 43200"));
        }
        let wait = match request.wait_time_seconds {
            Some(wait) => wait,
            None => self.lock().queue(name)?.settings.wait,
        };
        if wait > MAX_WAIT {
            return Err(out_of_range("WaitTimeSeconds", "between 0 and 20"));
        }
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let visibility = request.visibility_timeout.map(seconds);
        let messages = self.receive(name, max, visibility, Some(seconds(wait))).await?;
        if messages.is_empty() {
            return Ok(json!({}));
        }
        let messages = messages.into_iter().map(|message| request.answer(message));
        Ok(json!({ "Messages": messages.collect::<Result<Vec<_>, _>>()? }))
    }

    fn send_message(&self, body: &[u8], trace: Option<&str>) -> Result<Value, SqsError> {
        let queue: OfQueue = read(body)?;
        let message: SendMessage = read(body)?;
        let sent = self.send(name_in_url(&queue.queue_url), &[message.into()], trace)?;
        let sent = sent.into_iter().next().ok_or(SqsError::EmptyBatchRequest)??;
        Ok(sent.answer())
    }

    fn send_batch(&self, body: &[u8], trace: Option<&str>) -> Result<Value, SqsError> {
        let (queue, ids, messages) = batch::<SendMessage>(body)?;
        let messages: Vec<NewMessage> = messages.into_iter().map(Into::into).collect();
        let sizes: Result<Vec<_>, _> = messages.iter().map(NewMessage::size).collect();
        let size = sizes?.into_iter().sum();
        if size > MAX_BYTES {
            return Err(SqsError::BatchRequestTooLong(size));
        }
        let sent = self.send(name_in_url(&queue), &messages, trace)?;
        Ok(batch_answer(&ids, sent.into_iter().map(|sent| sent.map(|sent| sent.answer()))))
    }

    fn delete_message(&self, body: &[u8]) -> Result<Value, SqsError> {
        let queue: OfQueue = read(body)?;
        let message: DeleteMessage = read(body)?;
        let handle = message.receipt_handle.as_str();
        self.delete(name_in_url(&queue.queue_url), [handle])?
            .into_iter()
            .collect::<Result<(), _>>()?;
        Ok(json!({}))
    }

    fn delete_batch(&self, body: &[u8]) -> Result<Value, SqsError> {
        let (queue, ids, messages) = batch::<DeleteMessage>(body)?;
        let handles = messages.iter().map(|message| message.receipt_handle.as_str());
        let deleted = self.delete(name_in_url(&queue), handles)?;
        Ok(batch_answer(&ids, deleted.into_iter().map(|deleted| deleted.map(|()| json!({})))))
    }

    fn change_message_visibility(&self, body: &[u8]) -> Result<Value, SqsError> {
        let queue: OfQueue = read(body)?;
        let change: ChangeVisibility = read(body)?;
        let name = name_in_url(&queue.queue_url);
        self.change_visibility(name, &change.receipt_handle, change.visibility_timeout)?;
        Ok(json!({}))
    }

    fn change_visibility_batch(&self, body: &[u8]) -> Result<Value, SqsError> {
        let (queue, ids, changes) = batch::<ChangeVisibility>(body)?;
        let name = name_in_url(&queue);
        self.lock().queue(name)?;
        let outcomes = changes.into_iter().map(|change| {
            self.change_visibility(name, &change.receipt_handle, change.visibility_timeout)?;
            Ok(json!({}))
        });
        Ok(batch_answer(&ids, outcomes))
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SqsError> {
    serde_json::from_slice(body).map_err(SqsError::Unreadable)
}

fn out_of_range(parameter: &str, range: &str) -> SqsError {
    SqsError::InvalidParameterValue(format!(
        "Value for parameter {parameter} is invalid. Reason: Must be {range}, if provided."
    ))
}

/// Parses a batch and checks the rules of every batch; returns its queue, ids and contents.
fn batch<T: DeserializeOwned>(body: &[u8]) -> Result<(String, Vec<String>, Vec<T>), SqsError> {
    let Batch { queue_url, entries } = read::<Batch<T>>(body)?;
    if entries.is_empty() {
        return Err(SqsError::EmptyBatchRequest);
    }
    if entries.len() > MAX_ENTRIES {
        return Err(SqsError::TooManyEntriesInBatchRequest(entries.len()));
    }
    for (place, Entry { id, .. }) in entries.iter().enumerate() {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if id.is_empty() || id.len() > 80 || !id.chars().all(plain) {
            return Err(SqsError::InvalidBatchEntryId);
        }
        if entries[..place].iter().any(|earlier| earlier.id == *id) {
            return Err(SqsError::BatchEntryIdsNotDistinct(id.clone()));
        }
    }
    let (ids, contents) = entries.into_iter().map(|entry| (entry.id, entry.content)).unzip();
    Ok((queue_url, ids, contents))
}

fn batch_answer(ids: &[String], outcomes: impl Iterator<Item = Result<Value, SqsError>>) -> Value {
    let mut answer = BatchAnswer::default();
    for (id, outcome) in ids.iter().zip(outcomes) {
        answer.add(id, outcome);
    }
    json!(answer)
}
