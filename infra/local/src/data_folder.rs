//! The folder that holds everything: opened by one process at a time, its secrets readable by
//! its owner alone.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use domain::Secret;

/// Where secrets made on this machine are kept.
const SECRETS_FILE: &str = "secrets.json";
/// Whoever holds the lock on this file has the folder.
const LOCK_FILE: &str = "lock";

/// An open data folder.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    secrets: Mutex<BTreeMap<String, Secret>>,
    // The lock goes with the file, and so with the process however it ends.
    _lock: File,
}

/// A data folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// Another process has it.
    #[error(
        "another hookreel-local runs on the data folder {0}; stop it, or choose another with --data-dir"
    )]
    Locked(PathBuf),
    /// A file in it cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl DataFolder {
    /// Opens the folder at `path`, and makes it if it is not there.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        let path = path.to_owned();
        private_folder().create(&path).map_err(at(&path))?;
        let lock = private().open(path.join(LOCK_FILE)).map_err(at(&path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => DataFolderError::Locked(path.clone()),
            TryLockError::Error(source) => at(&path)(source),
        })?;
        let secrets = Mutex::new(read_secrets(&path.join(SECRETS_FILE))?);
        Ok(Self { path, secrets, _lock: lock })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret called `name`, made at random when it is first asked for.
    pub fn secret(&self, name: &str) -> Result<Secret, DataFolderError> {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = secrets.get(name) {
            return Ok(secret.clone());
        }
        let made = Secret::new(hex::encode(runtime::random::bytes::<32>()));
        secrets.insert(name.to_owned(), made.clone());
        let texts: BTreeMap<_, _> = secrets.iter().map(|(k, v)| (k, v.expose())).collect();
        let text = serde_json::to_vec_pretty(&texts).map_err(io::Error::other);
        let path = self.path.join(SECRETS_FILE);
        write_private(&path, &text.map_err(at(&path))?)?;
        Ok(made)
    }

    /// The text of the file `name`, if it is there.
    pub fn read(&self, name: &str) -> Result<Option<String>, DataFolderError> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// Writes the file `name`, for its owner's eyes only.
    pub fn write(&self, name: &str, text: &str) -> Result<(), DataFolderError> {
        write_private(&self.path.join(name), text.as_bytes())
    }
}

fn read_secrets(path: &Path) -> Result<BTreeMap<String, Secret>, DataFolderError> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| at(path)(error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(at(path)(error)),
    }
}

/// Written beside and moved into place, so that whoever dies in between leaves the old file.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DataFolderError> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file = private().truncate(true).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(at(path))
}

/// How files are opened that only their owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The same for a folder: the databases in it hold secrets too, and their files are made by
/// those who read them.
fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> DataFolderError {
    let path = path.to_owned();
    move |source| DataFolderError::File { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let open = DataFolder::open(folder.path()).unwrap();
        let second = DataFolder::open(folder.path()).unwrap_err();
        assert!(second.to_string().contains("--data-dir"), "{second}");
        drop(open);
        DataFolder::open(folder.path()).unwrap();
    }

    #[test]
    fn secrets_stay_the_same_and_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataFolder::open(folder.path()).unwrap().secret("KEY").unwrap();
        let reopened = DataFolder::open(folder.path()).unwrap();
        assert_eq!(reopened.secret("KEY").unwrap(), first);
        assert_ne!(reopened.secret("OTHER").unwrap(), first);
        let mode = std::os::unix::fs::MetadataExt::mode(
            &folder.path().join(SECRETS_FILE).metadata().unwrap(),
        );
        assert_eq!(mode & 0o777, 0o600);
    }
}
