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

/// The folder of an object store, to be written without `s3s-fs`.
#[derive(Clone)]
pub(super) struct Folder {
    pub(super) path: Arc<Path>,
    pub(super) durability: Durability,
    /// Held while a file is written on the condition that there is none.
    pub(super) conditional: Arc<Mutex<()>>,
}

/// The place of an object.
pub(super) struct Place {
    pub(super) file: PathBuf,
    /// The common start of the names of what is known of it.
    beside: String,
}

impl Folder {
    pub(super) fn new(path: &Path, durability: Durability) -> Self {
        Self { path: path.into(), durability, conditional: Arc::default() }
    }

    /// The place of the object `key`.
    pub(super) fn place(&self, bucket: &str, key: &str) -> Place {
        let [named_bucket, named_key] =
            [bucket, key].map(|name| BASE64_URL_SAFE_NO_PAD.encode(name));
        Place {
            file: self.path.join(bucket).join(key),
            beside: format!(".bucket-{named_bucket}.object-{named_key}"),
        }
    }

    /// The file of `kind` beside the object.
    pub(super) fn beside(&self, place: &Place, kind: &str) -> PathBuf {
        self.path.join(format!("{}{kind}", place.beside))
    }

    /// A new file that nobody reads. It is removed with this value; `s3s-fs` removes those of a
    /// process that was killed when it starts.
    pub(super) fn temporary(&self) -> io::Result<NamedTempFile> {
        tempfile::Builder::new().prefix(".tmp.").suffix(".internal.part").tempfile_in(&self.path)
    }

    /// The same with `content`.
    pub(super) fn written(&self, content: &[u8]) -> io::Result<TempPath> {
        let mut file = self.temporary()?;
        file.write_all(content)?;
        self.durability.sync(file.as_file())?;
        Ok(file.into_temp_path())
    }

    /// Puts the file there, after what the client said of it and its tags, so that it never is there
    /// without them. Returns whether it is: with `unless_there` it must be the first.
    pub(super) fn put(
        &self,
        place: &Place,
        file: TempPath,
        (attributes, internal): (TempPath, TempPath),
        unless_there: bool,
    ) -> io::Result<bool> {
        if let Some(folder) = place.file.parent() {
            fs::create_dir_all(folder)?;
        }
        // Held for three renames, so that no other's description gets beside this file.
        let guard = unless_there.then(|| self.conditional.blocking_lock());
        if unless_there && place.file.exists() {
            return Ok(false);
        }
        attributes.persist(self.beside(place, ".metadata.json"))?;
        internal.persist(self.beside(place, ".internal.json"))?;
        file.persist(&place.file)?;
        drop(guard);
        self.durability.sync_name(&place.file, &self.path)?;
        Ok(true)
    }
}
