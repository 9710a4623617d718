//! A project: scenes that are made into one film. Each scene's video starts from the last frame of
//! the previous one, and the videos are then stitched. Every step is a job of its own.

pub mod body;
pub mod id;
pub mod plan;
pub mod resource;
pub mod restart;
pub mod step;
pub mod summary;

use serde::{Deserialize, Serialize};
use serde_with_macros::skip_serializing_none;

pub use id::{ProjectId, SceneId};
pub use plan::{Plan, Scene, Stitch};
pub use step::{Step, Then};

use crate::idempotency::KeyedRequest;
use crate::job::is_zero;
use crate::json_object::JsonObject;
use crate::retention::{Erased, RetentionDays};
use crate::time::time_to_live;
use crate::{JobError, JobId, OwnerId, Timestamp, limits, named};

named! {
    /// The status of a project.
    #[derive(Hash)]
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    pub enum ProjectStatus {
        /// Its steps are being worked on.
        Processing = "processing",
        /// Its film is stored.
        Completed = "completed",
        /// A step failed. No further step starts until the project is resumed.
        Failed = "failed",
        /// Cancelled by its owner.
        Cancelled = "cancelled",
    }
    else "status", "must be processing, completed, failed or cancelled"
}

/// A project as it is stored. Its plan is an item of its own: this one is written and checked at
/// every step, the plan hardly ever.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its owner.
    pub owner: OwnerId,
    /// Its status.
    pub status: ProjectStatus,
    /// Number of its scenes.
    pub scenes: u16,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its status last changed.
    pub status_since: Timestamp,
    /// How often it has been restarted, by `regenerate` or `resume`. It is a fence: a change based
    /// on an earlier revision fails its condition.
    pub revision: u32,
    /// The URL for webhooks about it.
    pub webhook_url: Option<String>,
    /// The client's metadata.
    pub metadata: Option<JsonObject>,
    /// SHA-256 of the request's body in hex, if it was created with an idempotency key.
    pub request_sha256: Option<String>,
    /// The step that failed.
    pub failed_job: Option<JobId>,
    /// The error of that step.
    pub error: Option<JobError>,
    /// The owner's acts after its creation, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<ProjectAct>,
    /// How many events clients may have seen of it itself: the [sequence](crate::live) of the
    /// latest.
    #[serde(default, rename = "seq", skip_serializing_if = "is_zero")]
    pub sequence: u32,
    /// How long it is kept from its creation or its last restart on.
    #[serde(default)]
    pub retention_days: RetentionDays,
    /// When it is forgotten with its files: the table's time to live.
    #[serde(default, with = "time_to_live")]
    pub expires_at: Option<Timestamp>,
    /// What its owner has erased of it.
    pub erased: Option<Erased>,
}

impl Project {
    /// A new project of `scenes` scenes, with the default retention.
    pub fn new(id: ProjectId, owner: OwnerId, scenes: u16, now: Timestamp) -> Self {
        Self {
            id,
            owner,
            status: ProjectStatus::Processing,
            scenes,
            created_at: now,
            status_since: now,
            revision: 0,
            webhook_url: None,
            metadata: None,
            request_sha256: None,
            failed_job: None,
            error: None,
            history: Vec::new(),
            sequence: 0,
            retention_days: RetentionDays::default(),
            expires_at: Some(now + RetentionDays::default().duration()),
            erased: None,
        }
    }

    /// The request that created it.
    pub fn keyed(&self) -> KeyedRequest {
        KeyedRequest::kept(self.request_sha256.as_ref(), self.created_at)
    }

    /// The same with another retention.
    #[must_use]
    pub fn kept_for(self, retention_days: RetentionDays) -> Self {
        let expires_at = Some(self.created_at + retention_days.duration());
        Self { retention_days, expires_at, ..self }
    }

    /// What its owner last did under the idempotency key whose SHA-256 is `mark`.
    pub fn act_marked(&self, mark: &str) -> Option<&ProjectAct> {
        self.history.iter().rev().find(|act| act.mark.as_deref() == Some(mark))
    }

    /// Its history with `act` appended. Beyond the limit the oldest acts are dropped.
    pub fn history_with(&self, act: ProjectAct) -> Vec<ProjectAct> {
        let surplus = (self.history.len() + 1).saturating_sub(limits::PAST_ATTEMPTS);
        self.history.iter().skip(surplus).cloned().chain([act]).collect()
    }

    /// When it ended, if it has.
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self.status {
            ProjectStatus::Processing => None,
            ProjectStatus::Completed | ProjectStatus::Failed | ProjectStatus::Cancelled => {
                Some(self.status_since)
            }
        }
    }
}

/// An owner's act on a project after its creation.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectAct {
    /// When it happened.
    pub at: Timestamp,
    /// What was done.
    pub what: ProjectVerb,
    /// The step that the project restarts from, if it does.
    pub from: Option<JobId>,
    /// SHA-256 of the request's idempotency key in hex.
    pub mark: Option<String>,
    /// SHA-256 of the request with that key in hex.
    pub request_sha256: Option<String>,
}

impl ProjectAct {
    /// The act `what` at `at`, without idempotency key.
    pub const fn new(what: ProjectVerb, at: Timestamp) -> Self {
        Self { at, what, from: None, mark: None, request_sha256: None }
    }

    /// The request for it, as the idempotency check compares it.
    pub fn keyed(&self) -> KeyedRequest {
        KeyedRequest::kept(self.request_sha256.as_ref(), self.at)
    }
}

/// What an owner can do to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectVerb {
    /// One scene and the steps that depend on it are regenerated.
    Regenerated,
    /// It continues after a failed step.
    Resumed,
    /// It is cancelled.
    Cancelled,
}
