//! Pulls a provider's file into the bucket while the provider still has it, and tells the
//! provider once the file and the table agree.

mod media;
mod pull;

use std::time::Duration;

use bytes::Bytes;
use domain::job::{ErrorCode, FileSource};
use domain::{Job, JobError, JobState, Output, limits};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use outbound::{Client, Guard, SendError};
use queues::message::Ingest as Message;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError};
use serde_json::json;
use store::{Change, Store, StoreError};

use crate::media::Expected;
use crate::pull::{PullError, Wanted};

/// How long the provider may take to hear that its file has arrived.
const CONFIRMATION: Duration = Duration::from_secs(5);
/// From which receipt on a source that does not answer counts as gone. Receipts come 1 s,
/// 2 s, 4 s … apart, so about a minute has passed: as long as a pod waits (seed 000).
const PATIENCE: u32 = 7;
/// What the small picture of a video is called.
const THUMBNAIL: &str = "thumbnail";
/// Largest such picture that is taken, in bytes.
const THUMBNAIL_BYTES: u64 = 16 * 1024 * 1024;
/// How long it may take, since the video waits for it.
const THUMBNAIL_TIME: Duration = Duration::from_secs(20);

/// The function.
#[derive(Debug)]
pub struct Ingest {
    store: Store,
    blobs: blobs::Blobs,
    client: Client,
    clock: Clock,
}

impl QueueFunction for Ingest {
    const QUEUE: &'static str = "INGEST_QUEUE_URL";

    type Message = Message;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let guard = Guard {
            allow_loopback: environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?,
            allowed_hosts: None,
        };
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            blobs: blobs::Blobs::new(&context.aws, environment.required("BUCKET_NAME")?),
            client: Client::new(guard)
                .map_err(|error| StartError::client("the HTTP client", &error))?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, message: Message, receipt: Receipt) -> Result<(), WorkError> {
        let job = self.store.job(&message.job_id).await;
        let job = job.map_err(|error| WorkError::new("read the job", error))?;
        let Some(job) = job.filter(|job| job.attempt == message.attempt) else { return Ok(()) };
        match job.state {
            JobState::Storing => self.store_file(&job, receipt).await,
            // The file is here; the word to its provider may not have got through.
            JobState::Completed => self.confirm(&job, receipt).await,
            _ => Ok(()),
        }
    }
}

impl Ingest {
    async fn store_file(&self, job: &Job, receipt: Receipt) -> Result<(), WorkError> {
        let Some(source) = &job.source else { return Ok(()) };
        match pull::pull(&self.client, &self.blobs, file(job, source)).await {
            Ok(output) => {
                let thumbnail = self.thumbnail(job, source, receipt).await?;
                let outputs: Vec<_> = std::iter::once(output).chain(thumbnail).collect();
                self.complete(job, &outputs).await?;
                self.confirm(job, receipt).await
            }
            Err(PullError::Invalid(reason)) => {
                self.fail(job, JobError::new(ErrorCode::FileInvalid, reason)).await
            }
            Err(error @ PullError::Gone(_)) => self.give_up(job, &error.to_string()).await,
            Err(error) if receipt.receive_count >= PATIENCE && error.is_sources_fault() => {
                self.give_up(job, &error.to_string()).await
            }
            Err(error) => Err(WorkError::new("pull the file", error)),
        }
    }

    /// The small picture of a video. Without it the video is as good; but what may already lie in
    /// our own bucket is not left there untold.
    async fn thumbnail(
        &self,
        job: &Job,
        source: &FileSource,
        receipt: Receipt,
    ) -> Result<Option<Output>, WorkError> {
        let Some(url) = source.thumbnail_url.as_deref() else { return Ok(None) };
        let wanted = Wanted {
            job,
            name: THUMBNAIL,
            url,
            expected: Expected::Image,
            max_bytes: THUMBNAIL_BYTES,
            duration_ms: None,
        };
        let pulling = pull::pull(&self.client, &self.blobs, wanted);
        let pulled = tokio::time::timeout(THUMBNAIL_TIME, pulling).await;
        let pulled = pulled.unwrap_or(Err(PullError::Source(SendError::Timeout)));
        match pulled {
            Ok(output) => Ok(Some(output)),
            Err(error @ PullError::Bucket(_)) if receipt.receive_count < PATIENCE => {
                Err(WorkError::new("store the thumbnail", error))
            }
            Err(error) => {
                tracing::warn!(job_id = %job.id, cause = %error, "no thumbnail");
                Ok(None)
            }
        }
    }

    async fn complete(&self, job: &Job, outputs: &[Output]) -> Result<(), WorkError> {
        let saving = "save that the file is stored";
        let change = Change::completed(job.attempt, outputs, self.clock.now());
        self.change(job, change, saving).await?;
        for Output { name, bytes, sha256, .. } in outputs {
            tracing::info!(job_id = %job.id, name, bytes, sha256, "file stored");
        }
        Ok(())
    }

    /// The file is lost. The job goes back for another attempt, if it may have one.
    async fn give_up(&self, job: &Job, reason: &str) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason, "file lost");
        let message = "The provider's file was gone before it could be fetched.";
        let error = JobError::new(ErrorCode::FileLost, message);
        let change = Change::lost_or_failed(job, reason, &error, self.clock.now());
        self.change(job, change, "send the job back").await
    }

    async fn fail(&self, job: &Job, error: JobError) -> Result<(), WorkError> {
        let change = Change::failed(job.attempt, &error, self.clock.now());
        self.change(job, change, "save that the job failed").await
    }

    /// Saves `change` and what follows from it. If it no longer fits, the job has moved on
    /// without us, or it was saved before and the answer was lost; neither leaves anything to do.
    async fn change(
        &self,
        job: &Job,
        change: Result<Change, StoreError>,
        saving: &'static str,
    ) -> Result<(), WorkError> {
        let change = change.map_err(|error| WorkError::new(saving, error))?;
        let saved = self.store.advance(job, &change, self.clock.now()).await;
        saved.map(drop).map_err(|error| WorkError::new(saving, error))
    }

    /// Tells the provider that it may let go of the file (seed 000).
    async fn confirm(&self, job: &Job, receipt: Receipt) -> Result<(), WorkError> {
        let url = job.source.as_ref().and_then(|source| source.confirmation_url.as_deref());
        let Some(url) = url else { return Ok(()) };
        match self.post_confirmation(job, url).await {
            Ok(()) => Ok(()),
            Err(error) if receipt.receive_count >= PATIENCE => {
                tracing::warn!(job_id = %job.id, cause = %error, "provider not told of the file");
                Ok(())
            }
            Err(error) => Err(WorkError::new("confirm the file to its provider", error)),
        }
    }

    async fn post_confirmation(&self, job: &Job, url: &str) -> Result<(), PullError> {
        let url = self.client.check_url(url).map_err(PullError::refused)?;
        let body = json!({
            "job_id": job.id,
            "status": "downloaded",
            "timestamp": self.clock.now().as_millis(),
        });
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        let body = Bytes::from(body.to_string());
        let answer = self.client.post(&url, headers, body, CONFIRMATION).await?;
        match answer.status {
            status if status.is_success() => Ok(()),
            // The pod has gone, or knows nothing of the job any more: nobody waits.
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
            status => Err(PullError::Status(status)),
        }
    }
}

/// The file that `job` is about.
fn file<'a>(job: &'a Job, source: &'a FileSource) -> Wanted<'a> {
    Wanted {
        job,
        name: job.kind.media().output_name(),
        url: &source.download_url,
        expected: Expected::of(job),
        max_bytes: limits::OUTPUT_BYTES,
        duration_ms: source.duration_ms,
    }
}
