//! What an earlier version has left behind: items of its table, messages in its queues, tasks
//! with its providers, and how its API answered. A world can start with it.

use std::path::PathBuf;

use domain::Timestamp;
use hookreel_local::aws::Aws;
use hookreel_local::{Cloud, Settings};
use serde_json::{Value, json};

use crate::samples::{PROVIDER, RECEIVER};
use crate::{World, templates};

/// The function that reads the table's stream.
const STREAM_CONSUMER: &str = "relay";

/// Everything that was there at one moment, as JSON of the services' own protocols.
#[derive(Debug, Clone)]
pub struct Stored {
    content: Value,
    is_moved: bool,
}

impl Stored {
    /// The sample `name` of `version`, as it was stored: with the addresses that provider and
    /// receiver had then.
    #[must_use]
    pub fn load(version: &str, name: &str) -> Self {
        let text = std::fs::read_to_string(file(version, name)).unwrap();
        Self { content: serde_json::from_str(&text).unwrap(), is_moved: false }
    }

    /// The same with the addresses that provider and receiver have in the world that starts
    /// with it. Ids and keys that were derived from an address stay as they are.
    #[must_use]
    pub fn moved(self) -> Self {
        Self { is_moved: true, ..self }
    }

    /// With these addresses, if they are to be those of the world.
    #[must_use]
    pub fn at(mut self, provider: &str, receiver: &str) -> Self {
        if self.is_moved {
            let text = self.content.to_string().replace(PROVIDER, provider);
            self.content = serde_json::from_str(&text.replace(RECEIVER, receiver)).unwrap();
        }
        self
    }

    /// The moment.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.content["at"].as_str().unwrap().parse().unwrap()
    }

    /// The items of the table, in DynamoDB's JSON.
    #[must_use]
    pub fn items(&self) -> &[Value] {
        self.part("items")
    }

    /// The messages, each with the function that it is for and the seconds until it is visible.
    #[must_use]
    pub fn messages(&self) -> &[Value] {
        self.part("messages")
    }

    /// What providers had been asked for, in order: as `task-1`, `task-2`, …
    #[must_use]
    pub fn tasks(&self) -> &[Value] {
        self.part("tasks")
    }

    /// Records of the table's stream, each with the messages that were sent for it.
    #[must_use]
    pub fn changes(&self) -> &[Value] {
        self.part("changes")
    }

    /// What the API answered to whom.
    #[must_use]
    pub fn answers(&self) -> &[Value] {
        self.part("answers")
    }

    fn part(&self, name: &str) -> &[Value] {
        self.content[name].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Puts items and messages into the data folder of `settings`, whose table and queues they
    /// are from then on. The stream counts as read: its consumer had come so far.
    pub async fn put(&self, settings: &Settings) {
        let template = templates::frozen();
        let cloud = Cloud::start(Settings { template, ..settings.clone() }).await.unwrap();
        let aws = cloud.aws();
        for item in self.items() {
            let item = json!({ "TableName": templates::table(), "Item": item });
            demand(aws, "DynamoDB_20120810.PutItem", &item).await;
        }
        for message in self.messages() {
            let queue = templates::queue(message["to"].as_str().unwrap());
            let message = json!({
                "QueueUrl": cloud.aws().queue_url(&queue),
                "MessageBody": message["body"].to_string(),
                "DelaySeconds": message["due_in_seconds"],
            });
            demand(aws, "AmazonSQS.SendMessage", &message).await;
        }
        let records = cloud.aws().stream_records(templates::table(), None, usize::MAX).unwrap();
        if let Some(number) = records.last().map(|last| &last["dynamodb"]["SequenceNumber"]) {
            let number = number.as_str().unwrap();
            cloud.aws().save_checkpoint(templates::table(), STREAM_CONSUMER, number).unwrap();
        }
        cloud.stop().await;
    }
}

impl World {
    /// Takes every message out of the queues when it is due, in the form that samples have. The
    /// world must be frozen.
    pub async fn drain(&self) -> Vec<Value> {
        let began = self.clock.now();
        let mut found = Vec::new();
        loop {
            for (function, queue) in templates::queues() {
                found.extend(self.visible(&function, &queue, began).await);
            }
            let Some(due) = self.cloud.next_due() else { return found };
            self.pass(due.since(self.clock.now()));
        }
    }

    async fn visible(&self, function: &str, queue: &str, began: Timestamp) -> Vec<Value> {
        let mut found = Vec::new();
        while self.cloud.aws().queue_depth(queue).unwrap().visible > 0 {
            let received = self.cloud.aws().receive(queue, 10, None).await.unwrap();
            let handles = received.iter().map(|message| message.receipt_handle.as_str());
            self.cloud.aws().delete_messages(queue, handles).unwrap();
            let seconds = self.clock.now().since(began).as_millis().div_ceil(1000);
            let seconds = u64::try_from(seconds).unwrap();
            found.extend(received.iter().map(|message| {
                let body: Value = serde_json::from_str(&message.body).unwrap();
                json!({ "to": function, "due_in_seconds": seconds, "body": body })
            }));
        }
        found
    }
}

/// The file of the sample `name` of `version`.
#[must_use]
pub fn file(version: &str, name: &str) -> PathBuf {
    templates::root().join("tests/compatibility").join(version).join(name).with_extension("json")
}

/// Calls an AWS service of the embedded cloud by its JSON protocol, which must work.
pub async fn demand(aws: &Aws, target: &str, request: &Value) -> Value {
    let (status, answer) = aws.call_json(target, request).await;
    assert_eq!(status, 200, "{target}: {answer}");
    answer
}
