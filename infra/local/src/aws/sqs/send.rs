//! Sends messages.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::params;

use super::digest::{self, MessageAttributes};
use super::settings::{MAX_DELAY, Settings};
use super::{Queues, SqsError};

/// A message to be sent.
pub(super) struct NewMessage {
    pub body: String,
    /// Delay in seconds; the queue's own delay if absent.
    pub delay: Option<u32>,
    pub attributes: MessageAttributes,
    /// Its message group; messages of groups with few in flight are received first.
    pub group: Option<String>,
}

/// A message that was sent.
pub(super) struct Sent {
    pub message_id: String,
    pub md5_of_body: String,
    pub md5_of_attributes: Option<String>,
}

impl NewMessage {
    /// Its size as SQS counts it, in bytes.
    pub fn size(&self) -> Result<usize, SqsError> {
        Ok(self.body.len() + digest::size_of(&self.attributes)?)
    }

    fn check(&self, settings: &Settings) -> Result<(), SqsError> {
        if self.body.is_empty() {
            return Err(SqsError::MissingParameter("MessageBody"));
        }
        if self.size()? > settings.max_bytes {
            return Err(SqsError::InvalidParameterValue(format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
                settings.max_bytes
            )));
        }
        if self.delay.is_some_and(|delay| delay > MAX_DELAY) {
            let message = "DelaySeconds must be >= 0 and <= 900.".to_owned();
            return Err(SqsError::InvalidParameterValue(message));
        }
        if !self.group.as_deref().is_none_or(is_group) {
            let message = "MessageGroupId can only include alphanumeric and punctuation \
                           characters. 1 to 128 in length.";
            return Err(SqsError::InvalidParameterValue(message.to_owned()));
        }
        if !self.body.chars().all(is_allowed) {
            return Err(SqsError::InvalidMessageContents);
        }
        Ok(())
    }

    fn attributes_document(&self) -> Result<Option<String>, SqsError> {
        let document = || serde_json::to_string(&self.attributes).map_err(SqsError::Document);
        (!self.attributes.is_empty()).then(document).transpose()
    }

    fn receipt(&self) -> Result<Sent, SqsError> {
        let attributes = &self.attributes;
        let sum = (!attributes.is_empty()).then(|| digest::of_attributes(attributes));
        Ok(Sent {
            message_id: uuid::Uuid::now_v7().to_string(),
            md5_of_body: digest::of_body(&self.body),
            md5_of_attributes: sum.transpose()?,
        })
    }
}

fn is_group(group: &str) -> bool {
    (1..=128).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether SQS accepts the character: those that XML 1.0 allows.
fn is_allowed(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

impl Queues {
    /// Sends the messages in one commit, each with its own result. They keep the sender's trace
    /// header.
    pub(super) fn send(
        &self,
        name: &str,
        messages: &[NewMessage],
        trace: Option<&str>,
    ) -> Result<Vec<Result<Sent, SqsError>>, SqsError> {
        let now = self.clock.now();
        let mut store = self.lock();
        let queue = store.queue(name)?.clone();
        let transaction = store.connection.transaction()?;
        let mut sent = Vec::with_capacity(messages.len());
        for message in messages {
            if let Err(error) = message.check(&queue.settings) {
                sent.push(Err(error));
                continue;
            }
            let receipt = message.receipt()?;
            let delay = u64::from(message.delay.unwrap_or(queue.settings.delay));
            let visible_at = now + Duration::from_secs(delay);
            let mut statement = transaction.prepare_cached(
                "INSERT INTO messages (queue, message_id, body, attributes, sent_at, visible_at,
                                       message_group, trace)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?;
            statement.execute(params![
                queue.id,
                receipt.message_id,
                message.body,
                message.attributes_document()?,
                now.as_millis(),
                visible_at.as_millis(),
                message.group.as_deref().unwrap_or_default(),
                trace,
            ])?;
            sent.push(Ok(receipt));
        }
        transaction.commit()?;
        drop(store);
        // Also for a delayed message: a waiting receiver must compute its next wake-up again.
        Arc::clone(&queue.arrived).notify_waiters();
        Ok(sent)
    }
}
