//! Where `s3s-fs` has an object's file and what it knows of it, and how they get there: written and
//! synchronised first, under names that nobody reads, and then renamed.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::Mutex;

use crate::aws::Durability;

/// The place of an object.
pub(super) struct Place {
    pub(super) file: PathBuf,
    pub(super) folder: Arc<Path>,
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

    /// Puts the file there, after what the client said of it and its tags, so that it never is there
    /// without them. Returns whether it is: a `conditional` one must be the first.
    pub(super) fn put(
        &self,
        file: TempPath,
        (attributes, internal): (TempPath, TempPath),
        conditional: Option<&Mutex<()>>,
        durability: Durability,
    ) -> io::Result<bool> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        // Held for three renames, so that no other's description gets beside this file.
        let guard = conditional.map(Mutex::blocking_lock);
        if conditional.is_some() && self.file.exists() {
            return Ok(false);
        }
        attributes.persist(self.beside(".metadata.json"))?;
        internal.persist(self.beside(".internal.json"))?;
        file.persist(&self.file)?;
        drop(guard);
        durability.sync_name(&self.file, &self.folder)?;
        Ok(true)
    }
}

/// A new file that nobody reads. It is removed with this value; `s3s-fs` removes those of a process
/// that was killed when it starts.
pub(super) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".tmp.").suffix(".internal.part").tempfile_in(folder)
}

/// The same with `content`.
pub(super) fn written(
    folder: &Path,
    content: &[u8],
    durability: Durability,
) -> io::Result<TempPath> {
    let mut file = temporary(folder)?;
    file.write_all(content)?;
    durability.sync(file.as_file())?;
    Ok(file.into_temp_path())
}
