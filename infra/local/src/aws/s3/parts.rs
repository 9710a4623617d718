//! Uploads in parts, in the files of `s3s-fs` but without its work: a part is written once and hashed
//! by its CRC-32 alone, and parts are joined by the operating system.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use crc32fast::Hasher;
use futures::TryStreamExt as _;
use md5::Digest as _;
use s3s::dto::{
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, ETag, UploadPartInput,
    UploadPartOutput,
};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use serde_json::json;
use tempfile::{NamedTempFile, TempPath};
use uuid::Uuid;

use super::objects::{no_such_upload, precondition_failed};
use super::place::{Folder, Place};

/// How many bytes are written at a time: a change of threads costs as much as copying 100 KiB.
const WRITE: usize = 1024 * 1024;
/// Smallest part but the last, in bytes.
const SMALLEST: u64 = 5 * 1024 * 1024;
/// Largest number of a part.
const LAST: i32 = 10_000;

/// An upload whose parts are complete.
struct Upload {
    parts: Vec<PathBuf>,
    /// What the client said of the file when it began.
    attributes: PathBuf,
    place: Place,
    folder: Folder,
}

impl Folder {
    /// Writes a part; one that is there already is replaced.
    pub(super) async fn upload_part(&self, input: UploadPartInput) -> S3Result<UploadPartOutput> {
        let UploadPartInput { body, upload_id, part_number, checksum_crc32, .. } = input;
        if !(1..=LAST).contains(&part_number) {
            return Err(s3_error!(InvalidArgument, "Part number must be an integer of 1 to 10000"));
        }
        let id = self.known(&upload_id)?;
        let mut body = body.ok_or_else(|| s3_error!(IncompleteBody))?;
        let file = self.temporary().map_err(S3Error::internal_error)?;
        let mut writing = Writing { file, crc: Hasher::new(), bytes: 0 };
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        loop {
            let piece = body
                .try_next()
                .await
                .map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?;
            let is_end = piece.is_none();
            bytes += piece.as_ref().map_or(0, Bytes::len);
            pieces.extend(piece);
            if bytes >= WRITE || is_end {
                let pieces = std::mem::take(&mut pieces);
                writing = blocking(move || writing.write(&pieces)).await?;
                bytes = 0;
            }
            if is_end {
                break;
            }
        }
        let crc = writing.crc.clone().finalize();
        let given = BASE64_STANDARD.encode(crc.to_be_bytes());
        if checksum_crc32.is_some_and(|checksum| checksum != given) {
            return Err(s3_error!(BadDigest, "checksum_crc32 mismatch"));
        }
        let part = self.part(id, part_number);
        let Writing { file, bytes, .. } = writing;
        blocking(move || Ok(file.into_temp_path().persist(part)?)).await?;
        Ok(UploadPartOutput {
            e_tag: Some(ETag::Strong(format!("{crc:08x}{bytes:024x}"))),
            checksum_crc32: Some(given),
            ..UploadPartOutput::default()
        })
    }

    /// Joins the parts. From then on the file is there, and the upload is not.
    pub(super) async fn complete(
        &self,
        input: CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let CompleteMultipartUploadInput { bucket, key, upload_id, .. } = input;
        let id = self.known(&upload_id)?;
        let place = self.place(&bucket, &key);
        let unless_there = input.if_none_match.is_some();
        if unless_there && place.file.exists() {
            return Err(precondition_failed());
        }
        let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let numbers: Vec<_> = listed.iter().map(|part| part.part_number.unwrap_or(0)).collect();
        if numbers.is_empty() || !numbers.is_sorted_by(|one, next| one < next) {
            return Err(s3_error!(InvalidPartOrder, "Parts must be listed in ascending order"));
        }
        let parts: Vec<_> = numbers.iter().map(|number| self.part(id, *number)).collect();
        for (index, part) in parts.iter().enumerate() {
            let bytes = fs::metadata(part).map_err(|_| s3_error!(InvalidPart))?.len();
            if bytes < SMALLEST && index + 1 < parts.len() {
                return Err(s3_error!(EntityTooSmall));
            }
        }
        let mut tags = md5::Md5::new();
        for tag in listed.iter().filter_map(|part| part.e_tag.as_ref()) {
            tags.update(tag.value());
        }
        let e_tag = format!("{}-{}", hex::encode(tags.finalize()), parts.len());
        // Whoever deletes its record completes the upload; all others find none.
        fs::remove_file(self.record(id)).map_err(|_| no_such_upload())?;
        let internal = json!({ "e_tag": e_tag }).to_string();
        let attributes = self.beside(&place, &format!(".upload-{id}.metadata.json"));
        let upload = Upload { parts, attributes, place, folder: self.clone() };
        if !blocking(move || upload.join(&internal, unless_there)).await? {
            return Err(precondition_failed());
        }
        Ok(CompleteMultipartUploadOutput {
            bucket: Some(bucket),
            key: Some(key),
            e_tag: Some(ETag::Strong(e_tag)),
            ..CompleteMultipartUploadOutput::default()
        })
    }

    /// The id of an upload that has been started and not ended.
    fn known(&self, upload_id: &str) -> S3Result<Uuid> {
        let id = Uuid::parse_str(upload_id).map_err(|_| no_such_upload())?;
        if self.record(id).exists() { Ok(id) } else { Err(no_such_upload()) }
    }

    fn record(&self, id: Uuid) -> PathBuf {
        self.path.join(format!(".upload-{id}.json"))
    }

    fn part(&self, id: Uuid, number: i32) -> PathBuf {
        self.path.join(format!(".upload_id-{id}.part-{number}"))
    }
}

/// A part that is being written.
struct Writing {
    file: NamedTempFile,
    crc: Hasher,
    bytes: u64,
}

impl Writing {
    fn write(mut self, pieces: &[Bytes]) -> io::Result<Self> {
        for piece in pieces {
            self.crc.update(piece);
            self.file.write_all(piece)?;
            self.bytes += piece.len() as u64;
        }
        Ok(self)
    }
}

impl Upload {
    /// Appends all parts to the first one, which becomes the file. Returns whether it is there: with
    /// `unless_there` it must be the first.
    fn join(self, internal: &str, unless_there: bool) -> io::Result<bool> {
        let Self { parts, attributes, place, folder } = self;
        let attributes = TempPath::try_from_path(attributes)?;
        let parts: Vec<_> =
            parts.into_iter().map(TempPath::try_from_path).collect::<Result<_, _>>()?;
        let mut parts = parts.into_iter();
        let Some(first) = parts.next() else { return Ok(false) };
        let mut file = OpenOptions::new().write(true).open(&first)?;
        file.seek(SeekFrom::End(0))?;
        for part in parts {
            // Within the kernel, where the file system shares or copies blocks.
            io::copy(&mut File::open(&part)?, &mut file)?;
        }
        folder.durability.sync(&file)?;
        let internal = folder.written(internal.as_bytes())?;
        folder.put(&place, first, (attributes, internal), unless_there)
    }
}

/// Runs what waits for the disk on a thread that may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> S3Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(S3Error::internal_error)?;
    done.map_err(S3Error::internal_error)
}
