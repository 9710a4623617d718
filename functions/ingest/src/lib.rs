//! Pulls a provider's files into the bucket while the provider still has them, and confirms them
//! to the provider once bucket and table agree.
//!
//! Invariants: a job is completed only once each of its outputs is stored, but for those that it names as
//! missing if its kind may be partial; a stored file is never
//! overwritten, and adopted rather than pulled again; memory does not grow
//! with a file; a URL of a provider is followed through `outbound`'s guard alone; a source that is slow
//! is pulled in the lane of such sources, and its job is handed over before its message is acknowledged;
//! in a backlog, files that vanish soon are pulled before those that are kept for long.

mod adopt;
mod error;
mod lane;
mod media;
mod partial;
mod pull;
mod ranges;
mod retry;
mod sources;
mod version;

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use domain::credits::CreditRule;
use domain::job::{ErrorCode, FileRole, MissingOutput, Source, SourceFile};
use domain::{Job, JobError, JobState, Output, limits};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use outbound::{RetryAfter, SendError};
use providers::registry;
use queues::Queue;
use queues::message::Ingest as Message;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError};
use serde_json::json;
use store::{Change, Store, StoreError};
use tokio::time::Instant;

use crate::error::PullError;
use crate::lane::Lane;
use crate::media::Expected;
use crate::partial::{Loss, Losses, Worth};
use crate::pull::Wanted;
use crate::retry::Retry;
use crate::sources::Sources;

/// The variable with the URL of the slow lane's queue.
const SLOW_QUEUE: &str = "INGEST_SLOW_QUEUE_URL";
/// How long the provider may take to answer the confirmation of its file.
const CONFIRMATION: Duration = Duration::from_secs(5);
/// What fails when a file is not stored.
const PULL: &str = "pull the file";
/// The name of the small picture of a video.
const THUMBNAIL: &str = "thumbnail";
/// Largest such picture that is pulled, in bytes.
const THUMBNAIL_BYTES: u64 = 16 * 1024 * 1024;
/// How long it may take, since the video waits for it.
const THUMBNAIL_TIME: Duration = Duration::from_secs(20);

/// The function.
#[derive(Debug)]
pub struct Ingest {
    store: Store,
    blobs: blobs::Blobs,
    sources: Sources,
    slow: Queue<Message>,
    confirmation_timeout: Duration,
    credits: CreditRule,
    clock: Clock,
}

impl QueueFunction for Ingest {
    const QUEUE: &'static str = "INGEST_QUEUE_URL";
    const FURTHER_QUEUES: &'static [&'static str] = &[SLOW_QUEUE];

    type Message = Message;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            blobs: blobs::Blobs::new(&context.aws, environment.required("BUCKET_NAME")?),
            sources: Sources::new(environment)?,
            slow: Queue::new(&context.aws, environment.required(SLOW_QUEUE)?),
            confirmation_timeout: environment
                .seconds("DOWNLOAD_CONFIRMATION_TIMEOUT", Duration::from_mins(1))?,
            credits: environment.parsed("CLIPPING_CREDITS", CreditRule::default())?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, message: Message, receipt: Receipt) -> Result<(), WorkError> {
        let job = self.store.job(&message.job_id).await;
        let job = job.map_err(|error| WorkError::new("read the job", error))?;
        let Some(job) = job.filter(|job| job.attempt == message.attempt) else { return Ok(()) };
        let Some(source) = &job.source else { return Ok(()) };
        let retry = self.retry(&job, source, Lane::of(&message), receipt);
        match job.state {
            JobState::Storing if retry.makes_way(self.clock.now()) => {
                self.hand_over(&job, &"others vanish sooner").await
            }
            JobState::Storing => self.store_files(&job, source, retry).await,
            // The files are stored; their confirmation may not have arrived.
            JobState::Completed => self.confirm(&job, source, retry).await,
            _ => Ok(()),
        }
    }
}

/// What has come of one file.
enum Pulled {
    /// It is stored.
    Stored(Output),
    /// It is not, and the job is as good without it.
    Missing,
    /// It is not, and never will be by this attempt.
    Lost(Loss),
    /// The job was handed over.
    HandedOver,
}

impl Ingest {
    /// By when the work that `receipt` brings is retried.
    fn retry(&self, job: &Job, source: &Source, lane: Lane, receipt: Receipt) -> Retry {
        let timeout = source.confirmation_url.as_ref().map(|_| self.confirmation_timeout);
        let retention = registry::of(job.kind())
            .map_or(limits::FILE_RETENTION, |provider| provider.file_retention(timeout));
        let Receipt { receive_count, sent_at } = receipt;
        Retry { since: job.state_since, retention, receive_count, sent_at, lane }
    }

    /// Stores the files of `job`. One that has to be retried does not delay the others: they vanish
    /// at the same time.
    async fn store_files(&self, job: &Job, source: &Source, retry: Retry) -> Result<(), WorkError> {
        let mut failed = None;
        let deadline = Instant::now() + retry.lane.run_time();
        let mut outputs = Vec::with_capacity(source.files.len());
        let mut losses = Losses::default();
        for (place, file) in source.files.iter().enumerate() {
            let deadline = if job.kind().may_be_partial() {
                partial::share(deadline, source.files.len() - place)
            } else {
                deadline
            };
            let pulled = match file.role {
                FileRole::Linked if !self.sources.takes(job.kind(), file) => Ok(Pulled::Missing),
                FileRole::Output | FileRole::Linked | FileRole::Returned | FileRole::Document => {
                    self.output(job, wanted(job, file, deadline, retry), retry).await
                }
                FileRole::Thumbnail => {
                    self.thumbnail(job, wanted(job, file, deadline, retry), retry).await
                }
            };
            match pulled {
                Ok(Pulled::Stored(output)) => outputs.push(output),
                Ok(Pulled::Missing) => {}
                Ok(Pulled::Lost(loss)) if job.kind().may_be_partial() => losses.add(file, loss),
                Ok(Pulled::Lost(loss)) => return self.end(job, loss).await,
                Ok(Pulled::HandedOver) => return Ok(()),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        if let Some(error) = failed {
            return Err(error);
        }
        match losses.worth(&outputs) {
            Worth::Nothing(loss) => return self.end(job, loss).await,
            Worth::Kept(missing) => self.complete(job, &outputs, &missing).await?,
        }
        self.confirm(job, source, retry).await
    }

    async fn output(
        &self,
        job: &Job,
        wanted: Wanted<'_>,
        retry: Retry,
    ) -> Result<Pulled, WorkError> {
        // An earlier run may have stored it, and its source may have gone since.
        let is_repeated = retry.is_repeated();
        if is_repeated && let Some(output) = self.stored(&wanted).await? {
            return Ok(Pulled::Stored(output));
        }
        let error = match self.pull(job, wanted).await {
            Ok(output) => return Ok(Pulled::Stored(output)),
            Err(error @ PullError::Bucket(_)) => return Err(WorkError::new(PULL, error)),
            Err(error) => error,
        };
        if !is_repeated && let Some(output) = self.stored(&wanted).await? {
            return Ok(Pulled::Stored(output));
        }
        let now = self.clock.now();
        match error {
            PullError::Final(reason) => Ok(Pulled::Lost(Loss::Invalid(reason))),
            error if retry.lane.hands_over(&error) => {
                self.hand_over(job, &error).await?;
                Ok(Pulled::HandedOver)
            }
            error if !retry.is_over(now) => {
                let asked = error.retry_after(now);
                Err(WorkError::new(PULL, error).after(retry.delay(now, asked)))
            }
            PullError::Invalid(reason) => Ok(Pulled::Lost(Loss::Invalid(reason))),
            error => Ok(Pulled::Lost(Loss::Gone(error.to_string()))),
        }
    }

    async fn pull(&self, job: &Job, wanted: Wanted<'_>) -> Result<Output, PullError> {
        if wanted.file.role == FileRole::Returned {
            let returned = self.sources.returned(job).await?;
            return pull::store(&self.blobs, wanted, returned).await;
        }
        Box::pin(pull::pull(self.sources.client(job.kind()), &self.blobs, wanted)).await
    }

    async fn stored(&self, wanted: &Wanted<'_>) -> Result<Option<Output>, WorkError> {
        let stored = adopt::stored(&self.blobs, wanted).await;
        stored.map_err(|error| WorkError::new("look for the file in the bucket", error))
    }

    /// The small picture of a video. Without it the video is as good; but one that may already
    /// lie in our own bucket is not left there unrecorded.
    async fn thumbnail(
        &self,
        job: &Job,
        wanted: Wanted<'_>,
        retry: Retry,
    ) -> Result<Pulled, WorkError> {
        let wanted = Wanted {
            name: THUMBNAIL,
            expected: Expected::Image,
            max_bytes: THUMBNAIL_BYTES,
            ..wanted
        };
        let pulling = Box::pin(self.pull(job, wanted));
        let pulled = tokio::time::timeout(THUMBNAIL_TIME, pulling).await;
        let pulled = pulled.unwrap_or(Err(PullError::Source(SendError::Timeout)));
        match pulled {
            Ok(output) => Ok(Pulled::Stored(output)),
            Err(error @ PullError::Bucket(_)) if !retry.is_over(self.clock.now()) => {
                Err(WorkError::new("store the thumbnail", error))
            }
            Err(error) if retry.lane.hands_over(&error) => {
                self.hand_over(job, &error).await?;
                Ok(Pulled::HandedOver)
            }
            Err(error) => {
                tracing::warn!(job_id = %job.id, cause = %error, "thumbnail not stored");
                Ok(Pulled::Missing)
            }
        }
    }

    async fn complete(
        &self,
        job: &Job,
        outputs: &[Output],
        missing: &[MissingOutput],
    ) -> Result<(), WorkError> {
        let saving = "save that the file is stored";
        let change = Change::completed(job.attempt, outputs, self.clock.now())
            .and_then(|change| change.without(missing));
        let change = match partial::credits(self.credits, job, outputs) {
            Some(credits) => change.and_then(|change| change.costing(credits)),
            None => change,
        };
        self.change(job, change, saving).await?;
        for MissingOutput { name, reason, .. } in missing {
            tracing::warn!(job_id = %job.id, attempt = %job.attempt, name, reason, "file missing");
        }
        for Output { name, bytes, sha256, .. } in outputs {
            tracing::info!(job_id = %job.id, name, bytes, sha256, "file stored");
        }
        Ok(())
    }

    /// The slow lane goes on, as the source is slow or the file can wait. A job that is handed over
    /// twice is pulled twice, of which the first to store a file wins.
    async fn hand_over(&self, job: &Job, cause: &(dyn Display + Sync)) -> Result<(), WorkError> {
        tracing::info!(job_id = %job.id, attempt = %job.attempt, %cause, "moved to the slow lane");
        let sent = self.slow.send(&Message::slow(job), Duration::ZERO).await;
        sent.map_err(|error| WorkError::new("hand the job over to the slow lane", error))
    }

    /// Ends the attempt without its files.
    async fn end(&self, job: &Job, loss: Loss) -> Result<(), WorkError> {
        match loss {
            Loss::Invalid(reason) => self.fail(job, reason).await,
            Loss::Gone(reason) => self.give_up(job, &reason).await,
        }
    }

    /// The file is lost. The job is queued for another attempt, if there is one left.
    async fn give_up(&self, job: &Job, reason: &str) -> Result<(), WorkError> {
        tracing::warn!(job_id = %job.id, attempt = %job.attempt, reason, "file lost");
        let message = "The provider's file was gone before it could be fetched.";
        let error = JobError::new(ErrorCode::FileLost, message);
        let change = Change::lost_or_failed(job, reason, &error, self.clock.now());
        self.change(job, change, "queue the job again").await
    }

    /// The file cannot be used. A further attempt is not likely to bring another one.
    async fn fail(&self, job: &Job, reason: String) -> Result<(), WorkError> {
        let error = JobError::new(ErrorCode::FileInvalid, reason);
        let change = Change::failed(job.attempt, &error, self.clock.now());
        self.change(job, change, "save that the job failed").await
    }

    /// Saves `change` and what follows from it. On a conflict the job has moved on, or the change
    /// was saved before and its answer lost; neither leaves anything to do.
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

    /// Confirms the files to a provider that waits for that before it drops them.
    async fn confirm(&self, job: &Job, source: &Source, retry: Retry) -> Result<(), WorkError> {
        let Some(url) = source.confirmation_url.as_deref() else { return Ok(()) };
        match self.post_confirmation(job, url).await {
            Ok(()) => Ok(()),
            Err(error) if retry.lane.hands_over(&error) => self.hand_over(job, &error).await,
            Err(error) if retry.is_over(self.clock.now()) => {
                tracing::warn!(job_id = %job.id, cause = %error, "files not confirmed");
                Ok(())
            }
            Err(error) => {
                let now = self.clock.now();
                let delay = retry.delay(now, error.retry_after(now));
                Err(WorkError::new("confirm the files to their provider", error).after(delay))
            }
        }
    }

    async fn post_confirmation(&self, job: &Job, url: &str) -> Result<(), PullError> {
        let client = self.sources.any();
        let url = client.check_source(url)?;
        let body = json!({
            "job_id": job.id,
            "status": "downloaded",
            "timestamp": self.clock.now().as_millis(),
        });
        let json = HeaderValue::from_static("application/json");
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
        let body = Bytes::from(body.to_string());
        let answer = client.post(&url, headers, body, CONFIRMATION).await?;
        match answer.status {
            status if status.is_success() => Ok(()),
            // The worker has gone, or has dropped the job: nothing waits.
            StatusCode::NOT_FOUND | StatusCode::GONE => Ok(()),
            status => {
                let retry_after = RetryAfter::read(&answer.headers);
                Err(PullError::Status { status, retry_after })
            }
        }
    }
}

/// What `file` has to be as an output of `job`.
fn wanted<'a>(job: &'a Job, file: &'a SourceFile, deadline: Instant, retry: Retry) -> Wanted<'a> {
    Wanted {
        job,
        name: file.name.as_deref().unwrap_or(job.kind().media().output_name()),
        file,
        expected: Expected::of(job, file),
        max_bytes: limits::OUTPUT_BYTES,
        deadline,
        lane: retry.lane,
        is_repeated: retry.is_repeated(),
    }
}
