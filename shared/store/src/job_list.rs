//! Listing an owner's jobs, newest first.

use std::collections::HashMap;
use std::str::FromStr;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{InvalidField, Job, JobId, JobKind, JobStatus, OwnerId};

use crate::item::{read, text};
use crate::keys::{self, Attributes, OWNER_INDEX, OWNER_PK, OWNER_SK};
use crate::{Store, StoreError};

/// Most rounds to the table for one page. With a filter that fits few jobs a page may come
/// out short; its cursor goes on from where it stopped.
const ROUNDS: usize = 5;
/// Most keys that `BatchGetItem` takes.
const BATCH: i32 = 100;
/// How often keys are asked for again that DynamoDB did not get to.
const BATCH_TRIES: usize = 5;

/// Which of an owner's jobs to list.
#[derive(Debug, Clone, Copy, Default)]
pub struct JobFilter {
    /// Only those of this status.
    pub status: Option<JobStatus>,
    /// Only those of this kind.
    pub kind: Option<JobKind>,
}

impl JobFilter {
    fn fits(self, job: &Job) -> bool {
        self.status.is_none_or(|status| job.state.status() == status)
            && self.kind.is_none_or(|kind| job.kind == kind)
    }

    const fn fits_all(self) -> bool {
        self.status.is_none() && self.kind.is_none()
    }
}

/// A place in a list. To clients it is opaque. It names no owner: used with another's key it
/// is a place in that other owner's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    place: String,
    job: JobId,
}

impl Cursor {
    fn at(place: &str) -> Option<Self> {
        keys::job_at(place).map(|job| Self { place: place.to_owned(), job })
    }

    fn start_key(&self, owner: &OwnerId) -> Attributes {
        let mut key = keys::job(&self.job);
        key.insert(OWNER_PK.to_owned(), keys::owner_partition(owner));
        key.insert(OWNER_SK.to_owned(), text(&self.place));
        key
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(&self.place))
    }
}

impl FromStr for Cursor {
    type Err = InvalidField;

    fn from_str(encoded: &str) -> Result<Self, InvalidField> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok();
        let place = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        place
            .and_then(|place| Self::at(&place))
            .ok_or_else(|| InvalidField::new("cursor", "must be a next_cursor of this list"))
    }
}

/// A page of jobs, and where the next one starts if there is more.
#[derive(Debug)]
pub struct JobPage {
    /// The jobs, newest first.
    pub jobs: Vec<Job>,
    /// Where to go on.
    pub next: Option<Cursor>,
}

impl Store {
    /// At most `limit` of the owner's jobs that fit `filter`, from `cursor` on.
    pub async fn list_jobs(
        &self,
        owner: &OwnerId,
        filter: JobFilter,
        limit: usize,
        mut cursor: Option<Cursor>,
    ) -> Result<JobPage, StoreError> {
        let mut jobs = Vec::new();
        for _ in 0..ROUNDS {
            let size = if filter.fits_all() { limit - jobs.len() } else { BATCH as usize };
            let (places, more) = self.places(owner, cursor.as_ref(), size).await?;
            let mut found = self.jobs(&places).await?;
            for place in places {
                jobs.extend(found.remove(&place.job).filter(|job| filter.fits(job)));
                cursor = Some(place);
                if jobs.len() == limit {
                    return Ok(JobPage { jobs, next: cursor });
                }
            }
            if !more {
                return Ok(JobPage { jobs, next: None });
            }
        }
        Ok(JobPage { jobs, next: cursor })
    }

    /// At most `size` places of the owner's list after `cursor`, and whether there are more.
    async fn places(
        &self,
        owner: &OwnerId,
        cursor: Option<&Cursor>,
        size: usize,
    ) -> Result<(Vec<Cursor>, bool), StoreError> {
        let output = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(OWNER_INDEX)
            .key_condition_expression("GSI1PK = :owner")
            .expression_attribute_values(":owner", keys::owner_partition(owner))
            .scan_index_forward(false)
            .limit(i32::try_from(size).unwrap_or(BATCH).min(BATCH))
            .set_exclusive_start_key(cursor.map(|cursor| cursor.start_key(owner)))
            .send()
            .await
            .map_err(StoreError::call("list jobs"))?;
        let more = output.last_evaluated_key.is_some();
        let place = |item: &Attributes| {
            item.get(OWNER_SK)
                .and_then(|value| value.as_s().ok())
                .and_then(|place| Cursor::at(place))
        };
        Ok((output.items().iter().filter_map(place).collect(), more))
    }

    async fn jobs(&self, places: &[Cursor]) -> Result<HashMap<JobId, Job>, StoreError> {
        let mut jobs = HashMap::new();
        let mut wanted: Vec<_> = places.iter().map(|place| keys::job(&place.job)).collect();
        for _ in 0..BATCH_TRIES {
            if wanted.is_empty() {
                return Ok(jobs);
            }
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .build()
                .map_err(StoreError::call("list jobs"))?;
            let output = self
                .client
                .batch_get_item()
                .request_items(&self.table, keys)
                .send()
                .await
                .map_err(StoreError::call("list jobs"))?;
            for item in output.responses.unwrap_or_default().into_values().flatten() {
                let job: Job = read(item)?;
                jobs.insert(job.id.clone(), job);
            }
            let rest = output.unprocessed_keys.unwrap_or_default().into_values().next();
            wanted = rest.map(|rest| rest.keys).unwrap_or_default();
        }
        Err(StoreError::call("list jobs")("the table is too busy to read all of them"))
    }
}
