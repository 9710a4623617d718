//! Pulling one file: streamed from the provider into the bucket, taken up again where the
//! source breaks off, and checked on the way.

use blobs::{Blobs, Upload};
use domain::job::FileSource;
use domain::{Job, Output, limits};
use http::StatusCode;
use outbound::{Client, Download, Fetch, PublicUrl, Refused, Resume, SendError};

use crate::media::Head;

/// How often a download that breaks off is taken up again within one run, as long as each
/// time brings more of the file.
const RESUMPTIONS: u32 = 32;

/// Why a file could not be pulled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PullError {
    /// It is not what was asked for; no other try will make it so.
    #[error("{0}")]
    Invalid(String),
    /// The source says that it is not there, or no longer.
    #[error("the source answered {0}")]
    Gone(StatusCode),
    /// The source answers with another error.
    #[error("the source answered {0}")]
    Status(StatusCode),
    /// The source does not answer, or breaks off.
    #[error("the source cannot be read")]
    Source(#[from] SendError),
    /// The bucket does not take it.
    #[error("the bucket does not take the file")]
    Bucket(#[from] blobs::BlobError),
}

impl PullError {
    /// An address that we never go to.
    pub(crate) fn refused(refused: Refused) -> Self {
        Self::Invalid(format!("The provider's address is refused: it {refused}."))
    }

    /// Whether the source, and not our own side, is what failed.
    pub(crate) const fn is_sources_fault(&self) -> bool {
        matches!(self, Self::Status(_) | Self::Source(_))
    }

    const fn broke_off(&self) -> bool {
        matches!(self, Self::Source(SendError::Broken(_) | SendError::Timeout))
    }
}

/// Pulls the file of `job` from `source` and says what it is.
pub(crate) async fn pull(
    client: &Client,
    blobs: &Blobs,
    job: &Job,
    source: &FileSource,
) -> Result<Output, PullError> {
    let url = client.check_url(&source.download_url).map_err(PullError::refused)?;
    let mut pull = Pull::new(client, blobs, job, url);
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
    job: &'a Job,
    url: PublicUrl,
    name: &'static str,
    key: String,
    etag: Option<String>,
    total: Option<u64>,
    head: Head,
    upload: Option<Upload>,
}

impl<'a> Pull<'a> {
    fn new(client: &'a Client, blobs: &'a Blobs, job: &'a Job, url: PublicUrl) -> Self {
        let name = job.kind.media().output_name();
        let key = key(job, name);
        let (etag, total, head, upload) = (None, None, Head::default(), None);
        Self { client, blobs, job, url, name, key, etag, total, head, upload }
    }

    fn written(&self) -> u64 {
        self.upload.as_ref().map_or(0, Upload::bytes)
    }

    /// Copies from where we are to the end, if the source lasts that long.
    async fn advance(&mut self) -> Result<(), PullError> {
        let mut download = self.begin().await?;
        let content_type = self.job.format.unwrap_or_default().content_type();
        let upload = self.upload.get_or_insert_with(|| {
            self.blobs.upload(&self.key, content_type, download.total_length)
        });
        while let Some(chunk) = download.chunk().await? {
            self.head.add(&chunk);
            upload.write(chunk).await?;
        }
        match self.total {
            Some(total) if total != upload.bytes() => Err(PullError::Invalid(format!(
                "The provider announced {total} bytes and sent {}.",
                upload.bytes()
            ))),
            _ => Ok(()),
        }
    }

    async fn begin(&mut self) -> Result<Download, PullError> {
        let mut fetch = Fetch::whole(limits::OUTPUT_BYTES);
        if self.written() > 0 {
            fetch = fetch.resuming(Resume { from: self.written(), etag: self.etag.clone() });
        }
        let download = self.client.get_stream(&self.url, fetch).await?;
        match download.status {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => {}
            gone @ (StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::FORBIDDEN) => {
                return Err(PullError::Gone(gone));
            }
            status => return Err(PullError::Status(status)),
        }
        if download.range_start != self.written() {
            // It starts over, since its file has changed or it knows no ranges.
            self.start_over().await;
        }
        self.etag.clone_from(&download.etag);
        self.total = download.total_length;
        Ok(download)
    }

    async fn start_over(&mut self) {
        self.head = Head::default();
        if let Some(upload) = self.upload.take() {
            upload.abort().await;
        }
    }

    /// Nothing appears in the bucket before the file has proved to be what was asked for.
    async fn finish(mut self) -> Result<Output, PullError> {
        if let Err(reason) = self.head.check(self.job.format.unwrap_or_default()) {
            return self.abandon(PullError::Invalid(reason)).await;
        }
        let Some(upload) = self.upload.take() else {
            return Err(PullError::Invalid("The provider's file is empty.".to_owned()));
        };
        let stored = upload.finish().await?;
        Ok(Output {
            name: self.name.to_owned(),
            duration_ms: self.head.duration_ms(stored.bytes),
            content_type: self.job.format.unwrap_or_default().content_type().to_owned(),
            key: self.key,
            bytes: stored.bytes,
            sha256: hex::encode(stored.sha256),
        })
    }

    async fn abandon<T>(mut self, error: PullError) -> Result<T, PullError> {
        if let Some(upload) = self.upload.take() {
            upload.abort().await;
        }
        Err(error)
    }
}

/// The place of a file. Attempts do not share one, so that a late one cannot overwrite the
/// file that counts; the same attempt run twice writes the same place.
fn key(job: &Job, name: &str) -> String {
    format!("jobs/{}/{}/{name}.{}", job.id, job.attempt, job.format.unwrap_or_default().as_str())
}
