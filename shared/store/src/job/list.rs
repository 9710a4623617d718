//! Listing an owner's jobs.

use domain::{Job, JobId, JobKind, JobStatus, OwnerId};

use crate::keys::{self, Attributes};
use crate::listing::{Listed, Wanted};
use crate::{Cursor, Page, Result, Store};

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
            && self.kind.is_none_or(|kind| job.kind() == kind)
    }

    const fn fits_all(self) -> bool {
        self.status.is_none() && self.kind.is_none()
    }
}

impl Listed for Job {
    type Id = JobId;

    fn id(&self) -> &JobId {
        &self.id
    }

    fn key(id: &JobId) -> Attributes {
        keys::job(id)
    }

    fn list(owner: &OwnerId) -> String {
        keys::owner_partition(owner)
    }
}

impl Store {
    /// At most `limit` of the owner's jobs that fit `filter`, from `cursor` on.
    pub async fn list_jobs(
        &self,
        owner: &OwnerId,
        filter: JobFilter,
        limit: usize,
        cursor: Option<Cursor<JobId>>,
    ) -> Result<Page<Job, Cursor<JobId>>> {
        let fits = |job: &Job| filter.fits(job);
        let fits = if filter.fits_all() { None } else { Some(&fits as _) };
        self.list(&Wanted { owner, limit, fits, since: None }, cursor).await
    }
}
