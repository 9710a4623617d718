//! A project: scenes that become one film. Each scene's video starts from the last frame of
//! the one before; the videos are then stitched. Every step is a job of its own.

pub mod body;
pub mod id;
pub mod plan;
pub mod resource;
pub mod restart;
pub mod step;
pub mod summary;

use serde::{Deserialize, Serialize};

pub use id::{ProjectId, SceneId};
pub use plan::{Plan, Scene, Stitch};
pub use step::{Step, Then};

use crate::metadata::Metadata;
use crate::{InvalidField, JobError, JobId, OwnerId, Timestamp, limits};

/// Where a project stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectStatus {
    /// Its steps are under way.
    Processing,
    /// Its film is in our bucket.
    Completed,
    /// A step failed, and nothing follows until it is resumed.
    Failed,
    /// Ended by its owner.
    Cancelled,
}

impl ProjectStatus {
    /// Every status there is.
    pub const ALL: [Self; 4] = [Self::Processing, Self::Completed, Self::Failed, Self::Cancelled];

    /// The status as clients read it, and as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl std::str::FromStr for ProjectStatus {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Self::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            InvalidField::new("status", "must be processing, completed, failed or cancelled")
        })
    }
}

/// A project as it is stored, but for its plan, which lies beside it: this item is written and
/// checked again and again, the plan hardly ever.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Whose it is.
    pub owner: OwnerId,
    /// Where it stands.
    pub status: ProjectStatus,
    /// How many scenes it has.
    pub scenes: u16,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it came to its present status.
    pub status_since: Timestamp,
    /// How often it has been begun anew, by `regenerate` or `resume`. It fences: whoever read
    /// the project before does not change it any more.
    pub revision: u32,
    /// Where its owner wants to be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    /// What its owner attached to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// SHA-256 of the request's body, hex; kept when an idempotency key was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_sha256: Option<String>,
    /// Which step failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_job: Option<JobId>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// What its owner did to it, the first thing first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<ProjectAct>,
}

impl Project {
    /// A new project of `scenes` scenes.
    #[must_use]
    pub const fn new(id: ProjectId, owner: OwnerId, scenes: u16, now: Timestamp) -> Self {
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
        }
    }

    /// What names its present course in the ids of webhooks, since it can end more than once.
    #[must_use]
    pub fn occasion(&self) -> String {
        occasion(&self.id, self.revision)
    }

    /// What its owner did under the idempotency key whose SHA-256 is `mark`, if that is known
    /// and no day has passed.
    #[must_use]
    pub fn act_marked(&self, mark: &str, now: Timestamp) -> Option<&ProjectAct> {
        let known = |act: &&ProjectAct| {
            act.mark.as_deref() == Some(mark) && now.since(act.at) < limits::IDEMPOTENCY_WINDOW
        };
        self.history.iter().rev().find(known)
    }

    /// Its past with `act` added. Of a very long one the first acts are forgotten.
    #[must_use]
    pub fn history_with(&self, act: ProjectAct) -> Vec<ProjectAct> {
        let surplus = (self.history.len() + 1).saturating_sub(limits::PAST_ATTEMPTS);
        self.history.iter().skip(surplus).cloned().chain([act]).collect()
    }

    /// When it ended, if it has.
    #[must_use]
    pub const fn ended_at(&self) -> Option<Timestamp> {
        match self.status {
            ProjectStatus::Processing => None,
            ProjectStatus::Completed | ProjectStatus::Failed | ProjectStatus::Cancelled => {
                Some(self.status_since)
            }
        }
    }
}

/// What names the course that the project `id` took in its `revision`.
#[must_use]
pub fn occasion(id: &ProjectId, revision: u32) -> String {
    format!("{id}#{revision}")
}

/// Something that an owner did to a project after it was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectAct {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: ProjectVerb,
    /// The step from which it goes on, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<JobId>,
    /// SHA-256 of the idempotency key it was asked for with, hex, so that it is done once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// SHA-256 of what was asked for with that key, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_sha256: Option<String>,
}

impl ProjectAct {
    /// It is done at `at`.
    #[must_use]
    pub const fn new(what: ProjectVerb, at: Timestamp) -> Self {
        Self { at, what, from: None, mark: None, request_sha256: None }
    }
}

/// What an owner can do to a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProjectVerb {
    /// One scene and what depends on it are made anew.
    Regenerated,
    /// It goes on after a failed step.
    Resumed,
    /// It ends.
    Cancelled,
}
