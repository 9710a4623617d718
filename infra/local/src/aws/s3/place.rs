//! Where `s3s-fs` has an object's file and what it knows of it, and how they are written there.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::aws::Durability;

/// What the client said of the object.
pub(super) const ATTRIBUTES: &str = ".metadata.json";
/// Its tag and checksums.
pub(super) const INTERNAL: &str = ".internal.json";

/// The place of an object.
pub(super) struct Place {
    pub(super) file: PathBuf,
    folder: Arc<Path>,
    /// The common start of the names of what is known of it.
    beside: String,
}

impl Place {
    /// The place of the object `key`.
    pub(super) fn new(folder: &Arc<Path>, bucket: &str, key: &str) -> Self {
        let [named_bucket, named_key] =
            [bucket, key].map(|name| BASE64_URL_SAFE_NO_PAD.encode(name));
        Self {
            file: folder.join(bucket).join(key),
            folder: Arc::clone(folder),
            beside: format!(".bucket-{named_bucket}.object-{named_key}"),
        }
    }

    /// The file of `kind` beside the object.
    pub(super) fn beside(&self, kind: &str) -> PathBuf {
        self.folder.join(format!("{}{kind}", self.beside))
    }

    /// Makes the file `written` the object's: it is there whole or not at all.
    pub(super) fn put(&self, written: &Path, durability: Durability) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::rename(written, &self.file)?;
        durability.sync_name(&self.file, &self.folder)
    }
}

/// The name of a temporary file, one of those that `s3s-fs` removes when it starts.
pub(super) fn temporary(kind: &str, number: u64) -> String {
    format!(".tmp.{kind}-{number}.internal.part")
}

/// Writes a file.
pub(super) fn write(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    durability.sync(&file)
}
