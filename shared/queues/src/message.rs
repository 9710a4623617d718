//! The messages. A message names what to work on; its receiver reads the state from the table.
//! Names of JSON members are fixed: messages of earlier versions are in flight during a deployment.

use domain::webhook::Webhook;
use domain::{Attempt, InboundId, Job, JobId, JobKind, OwnerId, TaskId, Timestamp, Topic};
use serde::{Deserialize, Serialize};
use serde_with_macros::skip_serializing_none;
use sha2::{Digest, Sha256};

/// To `dispatch`: submit a job to its provider.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// The job.
    pub job_id: JobId,
    /// The job's latest attempt when this was sent. The message starts the next one.
    pub last_attempt: Attempt,
    /// What the job makes; messages of version 0.1 do not say it.
    pub kind: Option<JobKind>,
    /// Since when it has been put off, if it has: the provider's circuit was open.
    pub waiting_since: Option<Timestamp>,
}

impl Dispatch {
    /// Has the next attempt of `job` begin.
    pub fn of(job: &Job) -> Self {
        Self {
            job_id: job.id.clone(),
            last_attempt: job.attempt,
            kind: Some(job.kind()),
            waiting_since: None,
        }
    }
}

/// To `ingest`: pull a job's file into the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingest {
    /// The job.
    pub job_id: JobId,
    /// The attempt that produced the file.
    pub attempt: Attempt,
    /// Whether the file's source proved to be slow, so that this is for the queue of such files.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slow: bool,
    /// Its message group: owner and provider, as the source of one may be as slow as it likes.
    #[serde(skip)]
    group: Option<String>,
}

impl Ingest {
    /// Has the files of `job` pulled.
    pub fn of(job: &Job) -> Self {
        let group = Some(group(&format!("{} {}", job.kind().as_str(), job.owner.as_str())));
        Self { job_id: job.id.clone(), attempt: job.attempt, slow: false, group }
    }

    /// Has the files of `job`, whose source is slow, pulled where it delays no others.
    pub fn slow(job: &Job) -> Self {
        Self { slow: true, ..Self::of(job) }
    }
}

/// To `reconcile`: poll a job that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconcile {
    /// The job.
    pub job_id: JobId,
    /// Polls since the job started; `None` for a one-off poll, which schedules no further one.
    #[serde(rename = "round")]
    pub polls: Option<u32>,
    /// The job's `created_at` when its polls started, for jobs that can be restarted. A restart
    /// changes it and starts polls of its own, so the older series ends.
    #[serde(rename = "begun_at", default, skip_serializing_if = "Option::is_none")]
    pub job_created_at: Option<Timestamp>,
    /// A provider's task of a superseded attempt. The message then only cancels this task.
    #[serde(rename = "abandoned_task", default, skip_serializing_if = "Option::is_none")]
    pub superseded_task: Option<TaskId>,
    /// How many polls in a row the provider has answered with what cannot be used.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unusable_answers: u32,
}

impl Reconcile {
    /// A one-off poll of `job`.
    pub fn once(job: &Job) -> Self {
        Self::of(job.id.clone(), None)
    }

    /// A poll of the job with this id, `polls` after its series began.
    pub const fn of(job_id: JobId, polls: Option<u32>) -> Self {
        let (job_created_at, superseded_task, unusable_answers) = (None, None, 0);
        Self { job_id, polls, job_created_at, superseded_task, unusable_answers }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference to the field")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// To `inbound-retry`: apply a provider's webhook that arrived before its job or task was saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Early {
    /// The stored webhook.
    pub inbound_id: InboundId,
}

/// To `deliver`: send a webhook.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliver {
    /// The webhook.
    #[serde(flatten)]
    pub webhook: Webhook,
    /// How many attempts had been made when this was sent.
    pub attempts_made: u32,
    /// When to send it, if that is more than one delay of a queue away.
    pub not_before: Option<Timestamp>,
    /// When its permit under the receiver's rate limit is due, if it had to wait for one. In the
    /// message it is called `turn_at`, its earlier name.
    #[serde(rename = "turn_at")]
    pub permit_at: Option<Timestamp>,
    /// The destination of the endpoint's URL when this was sent, so that its circuit is read
    /// together with the endpoint.
    pub destination: Option<String>,
}

impl From<Webhook> for Deliver {
    /// The first attempt, at once.
    fn from(webhook: Webhook) -> Self {
        Self { webhook, attempts_made: 0, not_before: None, permit_at: None, destination: None }
    }
}

/// To `live-push`: send events to an owner's connections.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The owner.
    pub owner: OwnerId,
    /// The events, in their order.
    pub events: Vec<Pushed>,
}

/// An event and who gets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// The topics whose subscribers get it.
    pub topics: Vec<Topic>,
    /// What they get, as JSON.
    pub event: String,
}

/// To `relay`'s dead-letter queue: a change from which no work could be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// What has changed: the partition key of the item, or the id of the message.
    pub item: String,
    /// Why no work could be made.
    pub reason: String,
}

/// A message that a queue can send.
pub trait Message: Serialize {
    /// The message group of SQS's fair queues, where one owner must not delay the others: SQS
    /// delivers messages of quiet groups first. At most 128 characters.
    fn group(&self) -> Option<String> {
        None
    }
}

impl Message for Dispatch {}

impl Message for Ingest {
    fn group(&self) -> Option<String> {
        self.group.clone()
    }
}

impl Message for Reconcile {}

impl Message for Early {}

impl Message for Parked {}

impl Message for Live {
    fn group(&self) -> Option<String> {
        Some(group(self.owner.as_str()))
    }
}

impl Message for Deliver {
    fn group(&self) -> Option<String> {
        Some(group(self.webhook.owner.as_str()))
    }
}

/// The message group of whatever has this `name`: SQS takes no spaces, and no long names.
fn group(name: &str) -> String {
    hex::encode(&Sha256::digest(name)[..16])
}
