//! What the messages say. A message names what to look at; the table says what is so.

use domain::delivery::Receiver;
use domain::{
    Attempt, EventType, InboundId, Job, JobId, JobKind, MessageId, OwnerId, ProjectId, TaskId,
    Timestamp,
};
use serde::{Deserialize, Serialize};

/// To `dispatch`: submit a job to its provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// The job.
    pub job_id: JobId,
    /// The attempt that was its last when this was sent; the next one is to begin.
    pub last_attempt: Attempt,
    /// What the job makes; messages of version 0.1 do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<JobKind>,
}

impl Dispatch {
    /// Has the next attempt of `job` begin.
    #[must_use]
    pub fn of(job: &Job) -> Self {
        Self { job_id: job.id.clone(), last_attempt: job.attempt, kind: Some(job.kind()) }
    }
}

/// To `ingest`: pull a job's file into the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingest {
    /// The job.
    pub job_id: JobId,
    /// The attempt whose file it is.
    pub attempt: Attempt,
}

/// To `reconcile`: poll a job's provider, and end or restart what is stuck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconcile {
    /// The job.
    pub job_id: JobId,
    /// Polls since the job started, which follow one another until it has ended; `None` for a
    /// one-off poll.
    pub round: Option<u32>,
    /// When the job started, where it may be restarted: its restart begins polls of its own, and
    /// these end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun_at: Option<Timestamp>,
    /// A superseded task of the job's provider that is to be cancelled, if that is all this is
    /// about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abandoned_task: Option<TaskId>,
}

impl Reconcile {
    /// A one-off poll of `job`.
    #[must_use]
    pub fn once(job: &Job) -> Self {
        Self { job_id: job.id.clone(), round: None, begun_at: None, abandoned_task: None }
    }
}

/// To `inbound-retry`: a provider's webhook came before the job or task that it reports on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Early {
    /// Where it is kept.
    pub inbound_id: InboundId,
}

/// To `deliver`: send a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliver {
    /// The webhook's id, the same over all attempts.
    pub id: MessageId,
    /// Whose it is.
    pub owner: OwnerId,
    /// What it tells.
    pub event: EventType,
    /// When that happened.
    pub occurred_at: Timestamp,
    /// The job it tells of, if it tells of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The project it tells of, if it tells of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// Whom it is for.
    pub receiver: Receiver,
    /// Its body, byte for byte the same over all attempts.
    pub body: String,
    /// How many attempts had been made when this was sent.
    pub attempts_made: u32,
    /// When to send it, if that is more than one delay of a queue away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// The turn it was given under its receiver's rate limit, if it had to wait for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_at: Option<Timestamp>,
}

/// What a queue must know of a message to send it.
pub trait Message: Serialize {
    /// Whom it is for, where some may keep others waiting: the queue hands out messages of
    /// quiet groups first. At most 128 characters.
    fn group(&self) -> Option<String> {
        None
    }
}

impl Message for Dispatch {}

impl Message for Ingest {}

impl Message for Reconcile {}

impl Message for Early {}

impl Message for Deliver {
    fn group(&self) -> Option<String> {
        Some(self.receiver.key())
    }
}
