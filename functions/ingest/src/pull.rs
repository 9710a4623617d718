//! Pulling one file: streamed from the provider into the bucket, taken up again where the
//! source breaks off, and checked on the way.

use std::time::Duration;

use blobs::{Blobs, Upload};
use bytes::Bytes;
use domain::job::SourceFile;
use domain::{Job, Output, Timestamp};
use http::StatusCode;
use outbound::{Client, Download, Fetch, PublicUrl, Refused, Resume, RetryAfter, SendError};
use tokio::time::Instant;

use crate::media::{Expected, FileType, Head};

/// How long pulling one file may take within one run, whose own limit is 15 minutes.
const RUN_TIME: Duration = Duration::from_mins(12);
/// How often a download that breaks off is taken up again within one run, as long as each
/// time brings more of the file.
const RESUMPTIONS: u32 = 32;

/// Why a file could not be pulled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PullError {
    /// The file is never taken, whatever its source answers later. The text is a sentence for the
    /// client.
    #[error("{0}")]
    Final(String),
    /// What came is not what it has to be: empty, an error page, or incomplete. The source may
    /// still be writing it. The text is a sentence for the client.
    #[error("{0}")]
    Invalid(String),
    /// The source answers with an error.
    #[error("the source answered {status}")]
    Status {
        /// Its status.
        status: StatusCode,
        /// When it asks for the next request.
        retry_after: Option<RetryAfter>,
    },
    /// The source does not answer, or breaks off.
    #[error("the source cannot be read")]
    Source(#[source] SendError),
    /// The bucket does not take it.
    #[error("the bucket does not take the file")]
    Bucket(#[from] blobs::BlobError),
}

impl From<SendError> for PullError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Refused(refused) => refused.into(),
            SendError::TooLarge { limit } => {
                Self::Final(format!("The provider's file is larger than {limit} bytes."))
            }
            SendError::Unsendable(_) => {
                Self::Final("The provider's address cannot be requested.".to_owned())
            }
            error => Self::Source(error),
        }
    }
}

impl From<Refused> for PullError {
    fn from(refused: Refused) -> Self {
        Self::Final(format!("The provider's address is refused: it {refused}."))
    }
}

impl PullError {
    /// How long the source asks us to wait from `now` on.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => Some((*retry_after)?.from(now)),
            _ => None,
        }
    }

    const fn broke_off(&self) -> bool {
        matches!(self, Self::Source(SendError::Broken(_) | SendError::Timeout))
    }
}

/// A file to be pulled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// The job that it belongs to.
    pub(crate) job: &'a Job,
    /// What the output will be called.
    pub(crate) name: &'a str,
    /// Where it is, and what its provider says of it.
    pub(crate) file: &'a SourceFile,
    /// What it has to be.
    pub(crate) expected: Expected,
    /// How large it may be, in bytes.
    pub(crate) max_bytes: u64,
}

/// Pulls a file into the bucket and says what it is.
pub(crate) async fn pull(
    client: &Client,
    blobs: &Blobs,
    wanted: Wanted<'_>,
) -> Result<Output, PullError> {
    let url = client.check_url(&wanted.file.url)?;
    let job = wanted.job;
    let mut pull = Pull::new(client, blobs, wanted, url);
    for _ in 0..RESUMPTIONS {
        let before = pull.written();
        match pull.advance().await {
            Ok(()) => return pull.finish().await,
            Err(error) if error.broke_off() && pull.written() > before => {
                tracing::info!(job_id = %job.id, bytes = pull.written(), "download taken up again");
            }
            Err(error) => return pull.abandon(error).await,
        }
    }
    pull.abandon(PullError::Source(SendError::Timeout)).await
}

struct Pull<'a> {
    client: &'a Client,
    blobs: &'a Blobs,
    wanted: Wanted<'a>,
    url: PublicUrl,
    deadline: Instant,
    etag: Option<String>,
    total: Option<u64>,
    head: Head,
    /// What came before it was clear what the file is.
    pending: Vec<Bytes>,
    upload: Option<Copying>,
}

/// A file that is what it has to be, on its way into the bucket.
struct Copying {
    upload: Upload,
    key: String,
    file_type: FileType,
}

impl<'a> Pull<'a> {
    fn new(client: &'a Client, blobs: &'a Blobs, wanted: Wanted<'a>, url: PublicUrl) -> Self {
        let (etag, total, head, pending, upload) = (None, None, Head::default(), Vec::new(), None);
        let deadline = Instant::now() + RUN_TIME;
        Self { client, blobs, wanted, url, deadline, etag, total, head, pending, upload }
    }

    fn written(&self) -> u64 {
        self.upload.as_ref().map_or(0, |copying| copying.upload.bytes())
    }

    /// Copies from where we are to the end, if the source lasts that long.
    async fn advance(&mut self) -> Result<(), PullError> {
        let mut download = self.begin().await?;
        while let Some(chunk) = download.chunk().await? {
            match &mut self.upload {
                Some(copying) => copying.upload.write(chunk).await?,
                None => self.hold(chunk).await?,
            }
        }
        if self.upload.is_none() {
            self.begin_upload().await?;
        }
        let written = self.written();
        match self.total {
            Some(total) if total != written => Err(PullError::Invalid(format!(
                "The provider announced {total} bytes and sent {written}."
            ))),
            _ => Ok(()),
        }
    }

    /// Keeps a piece back until there is enough to see what the file is.
    async fn hold(&mut self, chunk: Bytes) -> Result<(), PullError> {
        self.head.add(&chunk);
        self.pending.push(chunk);
        if self.head.is_whole() { self.begin_upload().await } else { Ok(()) }
    }

    /// Nothing goes to the bucket before the file has proved to be what it has to be.
    async fn begin_upload(&mut self) -> Result<(), PullError> {
        if self.pending.is_empty() {
            return Err(PullError::Invalid("The provider's file is empty.".to_owned()));
        }
        let file_type = self.head.check(self.wanted.expected).map_err(PullError::Invalid)?;
        let key = key(self.wanted.job, self.wanted.name, file_type);
        let mut upload = self.blobs.upload(&key, file_type.content_type, self.total);
        for chunk in self.pending.drain(..) {
            upload.write(chunk).await?;
        }
        self.upload = Some(Copying { upload, key, file_type });
        Ok(())
    }

    async fn begin(&mut self) -> Result<Download, PullError> {
        let mut fetch = Fetch::whole(self.wanted.max_bytes).until(self.deadline);
        if self.written() > 0 {
            fetch = fetch.resuming(Resume { from: self.written(), etag: self.etag.clone() });
        }
        let download = self.client.get_stream(&self.url, fetch).await?;
        if !matches!(download.status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            let Download { status, retry_after, .. } = download;
            return Err(PullError::Status { status, retry_after });
        }
        if self.upload.is_none() || download.range_start != self.written() {
            // It starts over, since its file has changed or it knows no ranges, or for the first
            // time.
            self.start_over().await;
        }
        self.etag.clone_from(&download.etag);
        self.total = download.total_length;
        Ok(download)
    }

    async fn start_over(&mut self) {
        self.head = Head::default();
        self.pending.clear();
        self.abort().await;
    }

    async fn finish(self) -> Result<Output, PullError> {
        let Some(Copying { upload, key, file_type }) = self.upload else {
            return Err(PullError::Invalid("The provider's file is empty.".to_owned()));
        };
        let stored = upload.finish().await?;
        let file = self.wanted.file;
        Ok(Output {
            name: self.wanted.name.to_owned(),
            index: file.index,
            attributes: file.attributes.clone(),
            duration_ms: self.head.duration_ms(stored.bytes).or(file.duration_ms),
            content_type: file_type.content_type.to_owned(),
            key,
            bytes: stored.bytes,
            sha256: hex::encode(stored.sha256),
        })
    }

    async fn abandon<T>(mut self, error: PullError) -> Result<T, PullError> {
        self.abort().await;
        Err(error)
    }

    async fn abort(&mut self) {
        if let Some(copying) = self.upload.take() {
            copying.upload.abort().await;
        }
    }
}

/// The place of a file. Attempts do not share one, so that a late one cannot overwrite the
/// file that counts; the same attempt run twice writes the same place.
fn key(job: &Job, name: &str, file_type: FileType) -> String {
    format!("jobs/{}/{}/{name}.{}", job.id, job.attempt, file_type.extension)
}
