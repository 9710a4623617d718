//! S3: `s3s`, which speaks the protocol and checks signatures, over `s3s-fs`, which keeps each
//! object as a file. Small ones are written without it, in the same form.

mod leftovers;
mod objects;
mod small;

use std::path::{Path, PathBuf};

use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

use super::AwsError;
use super::identity::{ACCESS_KEY, SECRET_KEY};
use objects::Objects;

/// All buckets of one data folder.
pub(super) struct Buckets {
    service: S3Service,
    folder: PathBuf,
}

impl Buckets {
    /// Opens the buckets kept in `folder`, and clears away what uploads left there that never
    /// came to an end.
    pub fn open(folder: &Path) -> Result<Self, AwsError> {
        std::fs::create_dir_all(folder)?;
        leftovers::clear(folder)?;
        let objects = Objects::open(folder).map_err(|error| AwsError::Objects(error.into()))?;
        let mut builder = S3ServiceBuilder::new(objects);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        Ok(Self { service: builder.build(), folder: folder.to_owned() })
    }

    /// The service that answers requests, signatures checked.
    pub fn service(&self) -> &S3Service {
        &self.service
    }

    /// Makes the bucket unless it is there. A bucket is a folder.
    pub async fn ensure(&self, name: &str) -> Result<(), AwsError> {
        Ok(tokio::fs::create_dir_all(self.folder.join(name)).await?)
    }
}
