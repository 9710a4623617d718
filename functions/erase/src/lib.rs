//! Erases what remains of jobs and projects that have expired or that their owners have erased:
//! files, what lies beside a job, and what the webhooks about them said.
//!
//! Invariant: a file is deleted only after the table no longer names it, so no link leads to a file
//! that is gone without saying so. A repeated batch finds nothing left to delete.
//!
//! It must not change a job: whether something is erased is decided by its owner or its time to
//! live, and saved before this function sees it.

use aws_lambda_events::dynamodb::EventRecord;
use blobs::{BlobError, Blobs};
use domain::retention::{Erased, Erasure, RetentionDays};
use domain::webhook::Receiver;
use domain::{Job, MessageId, OwnerId, Project, Step, Timestamp, delivery_ids, limits};
use futures::{StreamExt, TryStreamExt, stream};
use runtime::stream::StreamFunction;
use runtime::{Context, StartError};
use store::stream::Entity;
use store::{Store, StoreError};

/// How many deliveries are erased at a time.
const AT_ONCE: usize = 16;

/// The function.
#[derive(Debug)]
pub struct Erase {
    store: Store,
    blobs: Blobs,
}

/// Why a batch failed. The stream repeats it.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// An image cannot be read, or the table does not answer.
    #[error("cannot read what is to be erased, or erase it from the table")]
    Store(#[from] StoreError),
    /// S3 does not answer.
    #[error("cannot delete the files of a job")]
    Files(#[from] BlobError),
}

impl StreamFunction for Erase {
    type Error = EraseError;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            blobs: Blobs::new(&context.aws, environment.required("BUCKET_NAME")?),
        })
    }

    async fn handle(&self, records: Vec<EventRecord>) -> Result<(), EraseError> {
        for record in records {
            let old = store::stream::entity(record.change.old_image)?;
            let new = store::stream::entity(record.change.new_image)?;
            match (old, new) {
                (Some(Entity::Job(old)), None) => self.expired(&old).await?,
                (Some(Entity::Job(old)), Some(Entity::Job(new))) if old.erased != new.erased => {
                    self.erased(&old, &new).await?;
                }
                (Some(Entity::Project(old)), None) => self.project_expired(&old).await?,
                (Some(Entity::Project(old)), Some(Entity::Project(new)))
                    if old.erased != new.erased =>
                {
                    self.project_erased(&old, &new).await?;
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Erase {
    /// The table has forgotten `job`.
    async fn expired(&self, job: &Job) -> Result<(), EraseError> {
        let past = job.history.iter().flat_map(|past| &past.outputs);
        for output in job.outputs.iter().chain(past) {
            self.blobs.delete(&output.key).await?;
        }
        self.store.erase_beside(&job.id).await?;
        match job.expires_at {
            Some(at) if goes_before_deliveries(job.retention()) => {
                self.erase_deliveries_about(job, job.webhook_url.as_ref(), at).await
            }
            _ => Ok(()),
        }
    }

    /// The table has forgotten `project`. Its steps expire as jobs.
    async fn project_expired(&self, project: &Project) -> Result<(), EraseError> {
        match project.expires_at {
            Some(at) if goes_before_deliveries(project.retention_days) => {
                self.erase_deliveries_of(project, project.webhook_url.as_ref(), at).await
            }
            _ => Ok(()),
        }
    }

    /// The owner of `job` has erased it, as it was `before`. It is looked for in the bucket too,
    /// where a pull that was superseded may have left a file that no job names.
    async fn erased(&self, before: &Job, job: &Job) -> Result<(), EraseError> {
        let Some(erased) = job.erased else { return Ok(()) };
        self.blobs.delete_all(&format!("jobs/{}/", job.id)).await?;
        if erased.what == Erasure::All {
            self.store.erase_beside(&job.id).await?;
            self.erase_deliveries_about(job, before.webhook_url.as_ref(), erased.at).await?;
        }
        tracing::info!(job_id = %job.id, what = ?erased.what, "erased");
        Ok(())
    }

    /// The owner of `project` has erased it, as it was `before`. Its steps are erased as jobs.
    async fn project_erased(&self, before: &Project, project: &Project) -> Result<(), EraseError> {
        match project.erased {
            Some(Erased { at, what: Erasure::All }) => {
                self.erase_deliveries_of(project, before.webhook_url.as_ref(), at).await
            }
            _ => Ok(()),
        }
    }

    /// Erases what deliveries said about `job`, which had the URL `url`.
    async fn erase_deliveries_about(
        &self,
        job: &Job,
        url: Option<&String>,
        at: Timestamp,
    ) -> Result<(), EraseError> {
        // A step sends no webhooks.
        if Step::of(&job.id).is_some() {
            return Ok(());
        }
        let receivers = self.receivers(&job.owner, url).await?;
        let mut ids = delivery_ids::of_job(job, &receivers);
        ids.extend(delivery_ids::of_progress(job, &receivers));
        self.erase_deliveries(&job.owner, &ids, &receivers, at).await
    }

    /// Erases what deliveries said about `project`, which had the URL `url`.
    async fn erase_deliveries_of(
        &self,
        project: &Project,
        url: Option<&String>,
        at: Timestamp,
    ) -> Result<(), EraseError> {
        let mut receivers = self.receivers(&project.owner, url).await?;
        receivers.push(Receiver::NotificationService);
        let ids = delivery_ids::of_project(project, u32::MAX, &receivers);
        self.erase_deliveries(&project.owner, &ids, &receivers, at).await
    }

    async fn receivers(
        &self,
        owner: &OwnerId,
        url: Option<&String>,
    ) -> Result<Vec<Receiver>, EraseError> {
        Ok(delivery_ids::receivers(url, self.store.endpoint_ids(owner).await?))
    }

    /// Erases what the deliveries `ids` said, and the notices that one of them was exhausted.
    async fn erase_deliveries(
        &self,
        owner: &OwnerId,
        ids: &[MessageId],
        receivers: &[Receiver],
        at: Timestamp,
    ) -> Result<(), EraseError> {
        let mut deliveries = self.store.deliveries(owner, ids).await?;
        let notices = |delivery| delivery_ids::of_exhaustion(delivery, receivers);
        let notices: Vec<_> = deliveries.iter().flat_map(notices).collect();
        deliveries.extend(self.store.deliveries(owner, &notices).await?);
        let erasures = stream::iter(deliveries).map(|one| self.store.erase_delivery(one, at));
        Ok(erasures.buffer_unordered(AT_ONCE).try_collect().await?)
    }
}

/// Whether what is kept for so long expires before the deliveries about it.
fn goes_before_deliveries(retention: RetentionDays) -> bool {
    retention.duration() < limits::RETENTION
}
