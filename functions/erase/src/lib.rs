//! Deletes the files of jobs that have expired, and what the owners of jobs have erased.
//!
//! Invariant: a file is deleted only after the table no longer names it, so no link leads to a file
//! that is gone without saying so. A repeated batch finds nothing left to delete.
//!
//! It must not change a job: whether something is erased is decided by its owner or its time to
//! live, and saved before this function sees it.

use aws_lambda_events::dynamodb::EventRecord;
use blobs::{BlobError, Blobs};
use domain::Job;
use domain::retention::Erasure;
use runtime::stream::StreamFunction;
use runtime::{Context, StartError};
use store::stream::Entity;
use store::{Store, StoreError};

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
                    self.erased(&new).await?;
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
        Ok(self.store.erase_beside(&job.id).await?)
    }

    /// The owner of `job` has erased it. It is looked for in the bucket too, where a pull that was
    /// superseded may have left a file that no job names.
    async fn erased(&self, job: &Job) -> Result<(), EraseError> {
        let Some(erased) = job.erased else { return Ok(()) };
        self.blobs.delete_all(&format!("jobs/{}/", job.id)).await?;
        if erased.what == Erasure::All {
            self.store.erase_beside(&job.id).await?;
        }
        tracing::info!(job_id = %job.id, what = ?erased.what, "erased");
        Ok(())
    }
}
