//! What progress a job's present attempt has made, for clients that were not connected.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::job::ProgressCount;

/// Progress as it was saved. Stored as a list of its members, without their names: there is one for
/// each tenth of an attempt at most, in an item that is to stay small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct PastProgress {
    /// How far the attempt was, 0 to 100.
    pub percent: u8,
    /// When it was saved.
    pub at: Timestamp,
    /// What it was doing, if its provider said so.
    pub step: Option<String>,
    /// How much of it was done, if its provider counts.
    pub count: Option<ProgressCount>,
}

#[derive(Serialize, Deserialize)]
struct Stored(u8, Timestamp, Option<String>, Option<ProgressCount>);

impl From<Stored> for PastProgress {
    fn from(Stored(percent, at, step, count): Stored) -> Self {
        Self { percent, at, step, count }
    }
}

impl From<PastProgress> for Stored {
    fn from(PastProgress { percent, at, step, count }: PastProgress) -> Self {
        Self(percent, at, step, count)
    }
}
