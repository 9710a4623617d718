//! S3: `s3s` for the protocol and signatures, `s3s-fs` for the objects, each a file. What functions
//! upload is written without `s3s-fs`, in the same form and durably.

mod access;
mod leftovers;
mod objects;
mod parts;
mod place;
mod whole;

use std::path::{Path, PathBuf};

use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};

use super::identity::Keys;
use super::{AwsError, Durability};
pub(super) use access::accesses;
use objects::Objects;

/// All buckets of one data folder.
pub(super) struct Buckets {
    service: S3Service,
    folder: PathBuf,
}

impl Buckets {
    /// Opens the buckets in `folder`, and removes what unfinished uploads left there.
    pub fn open(folder: &Path, keys: &Keys, durability: Durability) -> Result<Self, AwsError> {
        std::fs::create_dir_all(folder)?;
        leftovers::clear(folder)?;
        let objects = Objects::open(folder, durability);
        let objects = objects.map_err(|error| AwsError::Objects(error.into()))?;
        let mut builder = S3ServiceBuilder::new(objects);
        builder.set_auth(SimpleAuth::from_single(&*keys.access_key, keys.secret_key.expose()));
        Ok(Self { service: builder.build(), folder: folder.to_owned() })
    }

    /// The service that verifies signatures and answers requests.
    pub fn service(&self) -> &S3Service {
        &self.service
    }

    /// Creates the bucket, which is a folder, unless it exists.
    pub async fn ensure(&self, name: &str) -> Result<(), AwsError> {
        Ok(tokio::fs::create_dir_all(self.folder.join(name)).await?)
    }
}
