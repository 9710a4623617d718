//! The data folder. One process at a time opens it, and only its owner can read the secrets in it.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use domain::Secret;

use crate::lock::lock;

/// Secrets generated on this machine.
const SECRETS_FILE: &str = "secrets.json";
/// Locked while the folder is open.
pub const LOCK_FILE: &str = "lock";

/// An open data folder.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    secrets: Mutex<BTreeMap<String, Secret>>,
    // The kernel releases the lock when the process ends, even by a crash.
    _lock: File,
}

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    #[error(
        "another hookreel-local runs on the data folder {0}; stop it, or choose another with --data-dir"
    )]
    Locked(PathBuf),
    #[error("cannot use {path}")]
    File { path: PathBuf, source: io::Error },
}

impl DataFolder {
    /// Opens the folder at `path`; creates it if it does not exist.
    pub fn open(path: &Path) -> Result<Self, DataFolderError> {
        let path = path.to_owned();
        private_folder().create(&path).map_err(at(&path))?;
        // It may have been there before, for others to enter.
        fs::set_permissions(&path, Permissions::from_mode(0o700)).map_err(at(&path))?;
        let lock = private().create(true).open(path.join(LOCK_FILE)).map_err(at(&path))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => DataFolderError::Locked(path.clone()),
            TryLockError::Error(source) => at(&path)(source),
        })?;
        let secrets = Mutex::new(read_secrets(&path.join(SECRETS_FILE))?);
        Ok(Self { path, secrets, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The secret `name`, generated at its first use.
    pub fn secret(&self, name: &str) -> Result<Secret, DataFolderError> {
        let mut secrets = lock(&self.secrets);
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

    /// The content of the file `name`; `None` if it does not exist.
    pub fn read(&self, name: &str) -> Result<Option<String>, DataFolderError> {
        let path = self.path.join(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// Writes the file `name`, which only its owner can read.
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

/// Writes a temporary file and renames it, so that a crash leaves the old content or the new.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DataFolderError> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file = private().create(true).truncate(true).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(at(path))
}

/// Opens files that only their owner can read.
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Creates folders that only their owner can enter: `SQLite` creates the databases in them, which
/// hold secrets too.
pub fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

/// The error of using `path`.
pub fn at(path: &Path) -> impl FnOnce(io::Error) -> DataFolderError {
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
