//! `s3s-fs`, with S3's errors where its own differ.

use std::path::Path;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
    CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteBucketInput,
    DeleteBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput,
    ListBucketsInput, ListBucketsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput, PutObjectOutput,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;
use tokio::sync::MutexGuard;

use super::place::Folder;
use crate::aws::Durability;

/// The objects of all buckets.
pub(super) struct Objects {
    files: FileSystem,
    folder: Folder,
}

impl Objects {
    /// Opens the objects in `folder`.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, s3s_fs::Error> {
        Ok(Self { files: FileSystem::new(folder)?, folder: Folder::new(folder, durability) })
    }

    /// Checks `If-None-Match: *`, if it `applies`. No other conditional write comes between the check
    /// and the write as long as the guard is held.
    async fn unless_there(
        &self,
        bucket: &str,
        key: &str,
        applies: bool,
    ) -> S3Result<Option<MutexGuard<'_, ()>>> {
        if !applies {
            return Ok(None);
        }
        let guard = self.folder.conditional.lock().await;
        if self.folder.path.join(bucket).join(key).exists() {
            return Err(precondition_failed());
        }
        Ok(Some(guard))
    }

    /// Refuses a key for which the files of `s3s-fs` have no name: each name contains bucket and
    /// key in base64, and has at most 255 bytes on this machine.
    fn check_key(bucket: &str, key: &str) -> S3Result<()> {
        const ENDS: usize =
            ".bucket-.object-.upload-00000000-0000-0000-0000-000000000000.metadata.json".len();
        let encoded = |text: &str| (4 * text.len()).div_ceil(3);
        if ENDS + encoded(bucket) + encoded(key) > 255 {
            return Err(s3_error!(KeyTooLongError, "Your key is too long"));
        }
        Ok(())
    }

    /// Refuses a bucket that does not exist, which `s3s-fs` does not check before it writes. `s3s`
    /// has validated the name, so it leads nowhere else.
    fn check_bucket(&self, bucket: &str) -> S3Result<()> {
        // One system call that does not block: another thread would cost far more.
        match self.folder.path.join(bucket).try_exists() {
            Ok(true) => Ok(()),
            Ok(false) => Err(s3_error!(NoSuchBucket, "The specified bucket does not exist")),
            Err(error) => Err(S3Error::internal_error(error)),
        }
    }
}

/// The error where a file is there that must not be.
pub(super) fn precondition_failed() -> S3Error {
    s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
}

/// The error for an unknown upload. A client that repeats a completion whose answer was lost must be
/// able to tell.
pub(super) fn no_such_upload() -> S3Error {
    s3_error!(NoSuchUpload, "The specified multipart upload does not exist.")
}

/// `s3s-fs` answers `AccessDenied` for an unknown upload.
fn of_upload(error: S3Error) -> S3Error {
    match error.code() {
        S3ErrorCode::AccessDenied => no_such_upload(),
        _ => error,
    }
}

/// Operations that are delegated unchanged, and those of an upload with their error corrected.
macro_rules! delegate {
    (
        plain { $($plain:ident($plain_in:ty) -> $plain_out:ty,)* }
        upload { $($upload:ident($upload_in:ty) -> $upload_out:ty,)* }
        rest { $($rest:tt)* }
    ) => {
        #[async_trait::async_trait]
        impl S3 for Objects {
            $(async fn $plain(&self, request: S3Request<$plain_in>) -> S3Result<S3Response<$plain_out>> {
                self.files.$plain(request).await
            })*
            $(async fn $upload(&self, request: S3Request<$upload_in>) -> S3Result<S3Response<$upload_out>> {
                self.files.$upload(request).await.map_err(of_upload)
            })*
            $($rest)*
        }
    };
}

delegate! {
    plain {
        create_bucket(CreateBucketInput) -> CreateBucketOutput,
        delete_bucket(DeleteBucketInput) -> DeleteBucketOutput,
        head_bucket(HeadBucketInput) -> HeadBucketOutput,
        list_buckets(ListBucketsInput) -> ListBucketsOutput,
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput,
        list_objects(ListObjectsInput) -> ListObjectsOutput,
        list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output,
        copy_object(CopyObjectInput) -> CopyObjectOutput,
        delete_object(DeleteObjectInput) -> DeleteObjectOutput,
        delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput,
        list_parts(ListPartsInput) -> ListPartsOutput,
    }
    upload {
        upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput,
        abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput,
    }
    rest {
        async fn put_object(
            &self,
            request: S3Request<PutObjectInput>,
        ) -> S3Result<S3Response<PutObjectOutput>> {
            let PutObjectInput { bucket, key, if_none_match, .. } = &request.input;
            self.check_bucket(bucket)?;
            Self::check_key(bucket, key)?;
            if Folder::takes_whole(&request) {
                return self.folder.put_whole(request.input).await.map(S3Response::new);
            }
            let condition = self.unless_there(bucket, key, if_none_match.is_some()).await?;
            let answer = self.files.put_object(request).await;
            drop(condition);
            answer
        }

        async fn create_multipart_upload(
            &self,
            request: S3Request<CreateMultipartUploadInput>,
        ) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
            self.check_bucket(&request.input.bucket)?;
            Self::check_key(&request.input.bucket, &request.input.key)?;
            self.files.create_multipart_upload(request).await
        }

        async fn complete_multipart_upload(
            &self,
            request: S3Request<CompleteMultipartUploadInput>,
        ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
            if request.input.if_match.is_some() {
                return self.files.complete_multipart_upload(request).await.map_err(of_upload);
            }
            self.folder.complete(request.input).await.map(S3Response::new)
        }

        async fn upload_part(
            &self,
            request: S3Request<UploadPartInput>,
        ) -> S3Result<S3Response<UploadPartOutput>> {
            self.folder.upload_part(request.input).await.map(S3Response::new)
        }

        async fn head_object(
            &self,
            request: S3Request<HeadObjectInput>,
        ) -> S3Result<S3Response<HeadObjectOutput>> {
            let mut answer = self.files.head_object(request).await?;
            answer.output.accept_ranges = Some("bytes".to_owned());
            Ok(answer)
        }

        async fn get_object(
            &self,
            request: S3Request<GetObjectInput>,
        ) -> S3Result<S3Response<GetObjectOutput>> {
            let bucket = request.input.bucket.clone();
            let mut answer = self.files.get_object(request).await;
            match &mut answer {
                Ok(answer) => answer.output.accept_ranges = Some("bytes".to_owned()),
                Err(_) => self.check_bucket(&bucket)?,
            }
            answer
        }
    }
}
