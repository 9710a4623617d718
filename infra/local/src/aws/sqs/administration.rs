//! The operations on queues themselves: create, find, describe, change, delete.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::identity::queue_arn;
use super::settings::Settings;
use super::wire::{
    CreateQueue, GetQueueAttributes, GetQueueUrl, ListQueues, OfQueue, SetQueueAttributes,
    name_in_url,
};
use super::{Queues, SqsError};

impl Queues {
    pub(super) fn create_queue(&self, request: &CreateQueue) -> Result<Value, SqsError> {
        let name = &request.queue_name;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 80 || !name.chars().all(plain) {
            let message = "Can only include alphanumeric characters, hyphens, or underscores. \
                           1 to 80 in length";
            return Err(SqsError::InvalidParameterValue(message.to_owned()));
        }
        let mut settings = Settings::default();
        for (attribute, value) in &request.attributes {
            settings.set(attribute, value)?;
        }
        let now = self.clock.now();
        let mut store = self.lock();
        if let Ok(queue) = store.queue(name) {
            let existing = queue.settings.attributes();
            let differs = |(name, value)| existing.get(name) != Some(value);
            if request.attributes.iter().any(differs) {
                return Err(SqsError::QueueNameExists("an attribute"));
            }
        } else {
            store.write(name, settings, now)?;
        }
        Ok(json!({ "QueueUrl": self.url(name) }))
    }

    pub(super) fn delete_queue(&self, request: &OfQueue) -> Result<Value, SqsError> {
        let name = name_in_url(&request.queue_url);
        let mut store = self.lock();
        let id = store.queue(name)?.id;
        store.connection.execute("DELETE FROM queues WHERE id = ?1", [id])?;
        store.queues.remove(name);
        Ok(json!({}))
    }

    #[allow(clippy::unnecessary_wraps, reason = "the operations share one shape")]
    pub(super) fn list_queues(&self, request: &ListQueues) -> Result<Value, SqsError> {
        let store = self.lock();
        let names = store.queues.keys();
        let mut names: Vec<_> =
            names.filter(|name| name.starts_with(&request.queue_name_prefix)).collect();
        names.sort();
        let urls: Vec<_> = names.into_iter().map(|name| self.url(name)).collect();
        Ok(json!({ "QueueUrls": urls }))
    }

    pub(super) fn get_queue_url(&self, request: &GetQueueUrl) -> Result<Value, SqsError> {
        self.lock().queue(&request.queue_name)?;
        Ok(json!({ "QueueUrl": self.url(&request.queue_name) }))
    }

    pub(super) fn get_queue_attributes(
        &self,
        request: &GetQueueAttributes,
    ) -> Result<Value, SqsError> {
        let name = name_in_url(&request.queue_url);
        let mut attributes = self.attributes(name)?;
        let names = &request.attribute_names;
        attributes.retain(|name, _| names.iter().any(|wanted| wanted == name || wanted == "All"));
        Ok(json!({ "Attributes": attributes }))
    }

    /// Every attribute of the queue: its settings, times and depth.
    fn attributes(&self, name: &str) -> Result<BTreeMap<String, String>, SqsError> {
        let depth = self.depth(name)?;
        let store = self.lock();
        let queue = store.queue(name)?;
        let mut attributes = queue.settings.attributes();
        let computed = [
            ("QueueArn", queue_arn(name)),
            ("CreatedTimestamp", queue.created_at.as_seconds().to_string()),
            ("LastModifiedTimestamp", queue.modified_at.as_seconds().to_string()),
            ("ApproximateNumberOfMessages", depth.visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", depth.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed", depth.delayed.to_string()),
        ];
        attributes.extend(computed.map(|(name, value)| (name.to_owned(), value)));
        Ok(attributes)
    }

    pub(super) fn set_queue_attributes(
        &self,
        request: &SetQueueAttributes,
    ) -> Result<Value, SqsError> {
        let name = name_in_url(&request.queue_url);
        let now = self.clock.now();
        let mut store = self.lock();
        let mut settings = store.queue(name)?.settings.clone();
        for (attribute, value) in &request.attributes {
            settings.set(attribute, value)?;
        }
        store.write(name, settings, now)?;
        Ok(json!({}))
    }
}
