//! Pulling one file: streamed from the provider into the bucket, or copied out of the message that
//! contains it; resumed where the source breaks off, and checked on the way.
//!
//! Invariant: parts of two versions of a file are never joined. A pull is resumed only if the source
//! states the same validators as before; otherwise it starts over.

use std::time::Duration;

use blobs::{Blobs, Upload};
use bytes::Bytes;
use domain::job::SourceFile;
use domain::job::source::inline_bytes;
use domain::{Job, Output};
use http::StatusCode;
use outbound::{Client, Download, Fetch, Pace, PublicUrl, Resume, SendError};
use tokio::time::Instant;

use crate::adopt;
use crate::error::PullError;
use crate::lane::Lane;
use crate::media::{Expected, FileType, Media};
use crate::ranges::{self, Ranges, Support};
use crate::version::Version;

/// How many requests one run makes for a file, as long as each brings more of it. Caches may answer
/// with much less than what was asked for.
const REQUESTS: u32 = 1000;
/// How often a run starts over.
const RESTARTS: u32 = 3;

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
    /// When it must be here.
    pub(crate) deadline: Instant,
    /// How long its source may make us wait.
    pub(crate) lane: Lane,
    /// Whether an earlier run may have pulled it in vain.
    pub(crate) is_repeated: bool,
}

/// Pulls a file into the bucket and says what it is.
pub(crate) async fn pull(
    client: &Client,
    blobs: &Blobs,
    wanted: Wanted<'_>,
) -> Result<Output, PullError> {
    if wanted.file.url.is_empty() {
        let reason = "The provider announced the file and gave no address for it.";
        return Err(PullError::Final(reason.to_owned()));
    }
    if wanted.file.is_inline() {
        let Some((_, bytes)) = inline_bytes(&wanted.file.url) else {
            return Err(PullError::Final("The provider's file is not valid base64.".to_owned()));
        };
        // Its bytes stay as they are.
        return store(blobs, wanted, bytes.into()).await.map_err(|error| match error {
            PullError::Invalid(reason) => PullError::Final(reason),
            error => error,
        });
    }
    let mut pull = Pull::new(blobs, wanted);
    let url = client.check_source(&wanted.file.url)?;
    let job = wanted.job;
    for _ in 0..REQUESTS {
        let before = pull.at;
        match pull.advance(client, &url).await {
            Ok(Progress::Whole) => return pull.finish().await,
            Ok(Progress::Part) => {}
            Err(error) if error.broke_off() && pull.at > before => {
                tracing::info!(job_id = %job.id, bytes = pull.at, "pull resumed");
            }
            Err(error) => return pull.abandon(error).await,
        }
    }
    pull.abandon(PullError::Source(SendError::TooSlow)).await
}

/// Stores `bytes`, which are all of a file, and says what it is.
pub(crate) async fn store(
    blobs: &Blobs,
    wanted: Wanted<'_>,
    bytes: Bytes,
) -> Result<Output, PullError> {
    let mut pull = Pull::new(blobs, wanted);
    match pull.write(bytes).await {
        Ok(()) => pull.finish().await,
        Err(error) => pull.abandon(error).await,
    }
}

struct Pull<'a> {
    blobs: &'a Blobs,
    wanted: Wanted<'a>,
    /// The minimum throughput of all requests together, if there is such.
    pace: Option<Pace>,
    restarts: u32,
    /// Whether the source is requested for several parts at a time.
    support: Support,
    /// How long the source was waited for, where it is requested for one part at a time.
    waited: Duration,
    /// Which version of the file it is, once a part of it has come.
    version: Version,
    /// How many bytes of the file have come.
    at: u64,
    media: Media,
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

/// How far a request has brought the file.
enum Progress {
    /// All of it has come.
    Whole,
    /// There is more to be requested.
    Part,
}

/// What the answer to a request is good for.
enum Answer {
    /// It is the file from where we are on, after so many bytes that we have.
    Body(Box<Download>, u64),
    /// We have all of the file.
    Whole,
    /// It is of no use, and the file has to be requested anew.
    Nothing,
}

impl<'a> Pull<'a> {
    fn new(blobs: &'a Blobs, wanted: Wanted<'a>) -> Self {
        Self {
            blobs,
            wanted,
            pace: wanted.lane.pace(),
            restarts: 0,
            // Several connections may have been what the source did not bear.
            support: if wanted.is_repeated { Support::Off } else { Support::Unknown },
            waited: Duration::ZERO,
            version: Version::default(),
            at: 0,
            media: Media::new(wanted.expected),
            pending: Vec::new(),
            upload: None,
        }
    }

    /// Copies from where we are to the end, if the source lasts that long.
    async fn advance(&mut self, client: &Client, url: &PublicUrl) -> Result<Progress, PullError> {
        if self.goes_by_ranges() {
            let fetch = self.fetch(self.wanted.lane.pace());
            let ranges = Ranges::new(client, url, fetch, self.version.clone(), self.at);
            return self.advance_by_ranges(ranges).await;
        }
        let requested = Instant::now();
        let answer = self.request(client, url).await?;
        self.waited += requested.elapsed();
        let (mut download, mut overlap) = match answer {
            Answer::Body(download, overlap) => (download, overlap),
            Answer::Whole => return Ok(Progress::Whole),
            Answer::Nothing => {
                self.start_over().await?;
                return Ok(Progress::Part);
            }
        };
        let before = self.at;
        while let Some(mut chunk) = self.wait_for(download.chunk()).await? {
            let known =
                usize::try_from(overlap).map_or(chunk.len(), |bytes| bytes.min(chunk.len()));
            overlap -= chunk.split_to(known).len() as u64;
            self.write(chunk).await?;
            if self.goes_by_ranges() {
                return Ok(Progress::Part);
            }
        }
        match self.version.total {
            Some(total) if self.at < total && self.at > before => Ok(Progress::Part),
            Some(total) if self.at != total => Err(PullError::Invalid(format!(
                "The provider announced {total} bytes and sent {}.",
                self.at
            ))),
            _ => Ok(Progress::Whole),
        }
    }

    /// What `coming` brings; the wait for it is the source's.
    async fn wait_for<T>(&mut self, coming: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let come = coming.await;
        self.waited += began.elapsed();
        come
    }

    fn goes_by_ranges(&self) -> bool {
        self.support == Support::Offered
            && ranges::are_worthwhile(&self.version, self.at, self.waited)
    }

    /// The same by parallel ranges. If one of them is of no use, what came before it counts, and the
    /// rest comes by one request.
    async fn advance_by_ranges(&mut self, mut ranges: Ranges) -> Result<Progress, PullError> {
        while let Some(range) = ranges.next().await {
            match range {
                Ok(bytes) => self.write(bytes).await?,
                Err(error) => {
                    let (job_id, bytes) = (&self.wanted.job.id, self.at);
                    tracing::info!(%job_id, bytes, cause = %error, "parallel ranges ended");
                    self.support = Support::Off;
                    return Ok(Progress::Part);
                }
            }
        }
        Ok(Progress::Whole)
    }

    fn fetch(&self, pace: Option<Pace>) -> Fetch {
        let fetch = Fetch::whole(self.wanted.max_bytes).until(self.wanted.deadline);
        match pace {
            Some(pace) => fetch.paced(pace),
            None => fetch,
        }
    }

    /// Requests what is missing, and compares the answer with what we have.
    async fn request(&mut self, client: &Client, url: &PublicUrl) -> Result<Answer, PullError> {
        if self.at > 0 && !self.version.can_resume() {
            self.start_over().await?;
        }
        let mut fetch = self.fetch(self.pace.clone());
        if self.at > 0 {
            let etag = self.version.etag.clone();
            fetch = fetch.resuming(Resume { from: self.at, to: None, etag });
        }
        let download = client.get_stream(url, fetch).await?;
        self.support.learn(&download);
        let version = Version::of(&download);
        let continues = self.version.continues_as(&version);
        match (download.status, download.range_start) {
            (StatusCode::OK, _) => {
                if self.at > 0 {
                    self.start_over().await?;
                }
                self.version = version;
                Ok(Answer::Body(Box::new(download), 0))
            }
            (StatusCode::PARTIAL_CONTENT, None | Some(0)) if self.at == 0 => {
                self.version = version;
                Ok(Answer::Body(Box::new(download), 0))
            }
            (StatusCode::PARTIAL_CONTENT, Some(start)) if continues && start <= self.at => {
                self.version.total = self.version.total.or(version.total);
                Ok(Answer::Body(Box::new(download), self.at - start))
            }
            (StatusCode::PARTIAL_CONTENT, _) if self.at > 0 => Ok(Answer::Nothing),
            (StatusCode::RANGE_NOT_SATISFIABLE, _) if self.at > 0 => {
                let is_whole = version.total == Some(self.at) && self.version.agrees_with(&version);
                Ok(if is_whole { Answer::Whole } else { Answer::Nothing })
            }
            (status, _) => {
                let retry_after = download.retry_after;
                Err(PullError::Status { status, retry_after })
            }
        }
    }

    /// Nothing goes to the bucket before the file has proved to be what it has to be.
    async fn write(&mut self, chunk: Bytes) -> Result<(), PullError> {
        self.at += chunk.len() as u64;
        self.media.add(&chunk);
        if let Some(copying) = &mut self.upload {
            return Ok(copying.upload.write(chunk).await?);
        }
        self.pending.push(chunk);
        if self.media.is_known() { self.begin_upload().await } else { Ok(()) }
    }

    async fn begin_upload(&mut self) -> Result<(), PullError> {
        let file_type = self.media.file_type().map_err(PullError::Invalid)?;
        let key = key(self.wanted.job, self.wanted.name, file_type);
        let mut upload = self.blobs.upload(&key, file_type.content_type, self.version.total);
        for chunk in self.pending.drain(..) {
            upload.write(chunk).await?;
        }
        self.upload = Some(Copying { upload, key, file_type });
        Ok(())
    }

    async fn start_over(&mut self) -> Result<(), PullError> {
        self.restarts += 1;
        if self.restarts > RESTARTS {
            return Err(PullError::Invalid("The provider's file changes all the time.".to_owned()));
        }
        self.version = Version::default();
        self.at = 0;
        self.waited = Duration::ZERO;
        self.media = Media::new(self.wanted.expected);
        self.pending.clear();
        self.abort().await;
        Ok(())
    }

    async fn finish(mut self) -> Result<Output, PullError> {
        let duration_ms = match self.check_whole().await {
            Ok(duration_ms) => duration_ms,
            Err(error) => return self.abandon(error).await,
        };
        let Some(Copying { upload, key, file_type }) = self.upload else {
            return Err(PullError::Invalid("The provider's file is empty.".to_owned()));
        };
        let Some(stored) = upload.finish().await? else {
            return adopt::read_back(self.blobs, key, &self.wanted).await;
        };
        let file = self.wanted.file;
        Ok(Output {
            name: self.wanted.name.to_owned(),
            index: file.index,
            attributes: file.attributes.clone(),
            duration_ms: duration_ms.or(file.duration_ms),
            content_type: file_type.content_type.to_owned(),
            key,
            bytes: stored.bytes,
            sha256: hex::encode(stored.sha256),
        })
    }

    /// Checks what the file says of its own size, and returns how long it plays.
    async fn check_whole(&mut self) -> Result<Option<u64>, PullError> {
        if self.at == 0 {
            return Err(PullError::Invalid("The provider's file is empty.".to_owned()));
        }
        self.media.end();
        if self.upload.is_none() {
            self.begin_upload().await?;
        }
        if !self.media.is_whole() {
            return Err(PullError::Invalid("The provider's file is incomplete.".to_owned()));
        }
        Ok(self.media.duration_ms())
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

/// Where the files of an attempt are. Attempts do not share a folder, so that a late one cannot
/// take the place of the file that counts.
pub(crate) fn folder(job: &Job) -> String {
    format!("jobs/{}/{}/", job.id, job.attempt)
}

/// The place of a file, which the same attempt run twice shares. The first to store it wins.
fn key(job: &Job, name: &str, file_type: FileType) -> String {
    format!("{}{name}.{}", folder(job), file_type.extension)
}
