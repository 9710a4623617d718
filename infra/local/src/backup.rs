//! Backup of a data folder, also of one in use, and restore into a new one.
//!
//! A backup is what a crash could have left at one moment, so the next start goes on from it:
//! - While no table can change, both databases are opened as they are. A message is deleted only after
//!   its effect is in the table, a checkpoint saved only after its messages are sent, and a stream
//!   record removed only after the checkpoint; so nothing is in neither. Writers wait for about a
//!   millisecond.
//! - Objects are copied last. A job is completed only once its file is whole, which then never changes.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::aws::{OBJECTS, QUEUES, TABLES};
use crate::data_folder::{DataFolder, DataFolderError, LOCK_FILE, at, private, private_folder};

/// Written last: a backup without it is not whole.
const WHOLE: &str = "backup-is-whole";
/// How long to wait for a writer of the folder in use.
const PATIENCE: Duration = Duration::from_secs(10);
/// How unfinished uploads begin, and the temporary files of the object store. They are made again.
const UNFINISHED: [&str; 3] = [".upload-", ".upload_id-", ".tmp."];

/// Why there is no backup, or none that can be restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A database cannot be read or copied.
    #[error("cannot copy the database {path}")]
    Database {
        /// Which.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// There is something already.
    #[error("{0} is not empty; choose a new folder")]
    NotEmpty(PathBuf),
    /// The backup was interrupted, or is none.
    #[error("{0} is not a whole backup")]
    NotWhole(PathBuf),
    /// A file or folder cannot be used, or the data folder is in use.
    #[error(transparent)]
    Folder(#[from] DataFolderError),
}

type Outcome<T = ()> = Result<T, BackupError>;

/// Copies the data folder `data`, in use or not, into the new folder `to`.
pub fn backup(data: &Path, to: &Path) -> Outcome {
    make_empty(to)?;
    let databases = snapshot(data)?;
    for (name, database) in [QUEUES, TABLES].into_iter().zip(databases) {
        copy_database(&database, &to.join(name))?;
    }
    for name in names(data)?.iter().filter(|name| is_setting(name)) {
        copy_file(&data.join(name), &to.join(name))?;
    }
    copy_objects(&data.join(OBJECTS), &to.join(OBJECTS))?;
    create(&to.join(WHOLE), &[])?;
    sync(to)
}

/// Copies the backup `from` into the data folder `data`, which must be new.
pub fn restore(from: &Path, data: &Path) -> Outcome {
    if !from.join(WHOLE).exists() {
        return Err(BackupError::NotWhole(from.to_owned()));
    }
    let folder = DataFolder::open(data)?;
    if names(data)?.iter().any(|name| name != LOCK_FILE) {
        return Err(BackupError::NotEmpty(data.to_owned()));
    }
    for name in names(from)?.iter().filter(|name| *name != WHOLE && *name != OBJECTS) {
        copy_file(&from.join(name), &folder.path().join(name))?;
    }
    copy_objects(&from.join(OBJECTS), &folder.path().join(OBJECTS))?;
    sync(data)
}

/// The queues and the tables as they are at one moment, each open for reading.
fn snapshot(data: &Path) -> Outcome<[Connection; 2]> {
    let (queues, tables) = (data.join(QUEUES), data.join(TABLES));
    let gate = open(&tables)?;
    let failed = |source| BackupError::Database { path: tables.clone(), source };
    gate.execute_batch("BEGIN IMMEDIATE").map_err(failed)?;
    let databases = [read(&queues)?, read(&tables)?];
    gate.execute_batch("ROLLBACK").map_err(failed)?;
    Ok(databases)
}

/// Opens `file`, which must exist, and begins to read it: later changes are not seen.
fn read(file: &Path) -> Outcome<Connection> {
    let database = open(file)?;
    let begun = database.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema;");
    begun.map_err(|source| BackupError::Database { path: file.to_owned(), source })?;
    Ok(database)
}

fn open(file: &Path) -> Outcome<Connection> {
    let failed = |source| BackupError::Database { path: file.to_owned(), source };
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
    let database = Connection::open_with_flags(file, flags).map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    Ok(database)
}

fn copy_database(database: &Connection, to: &Path) -> Outcome {
    let failed = |source| BackupError::Database { path: to.to_owned(), source };
    create(to, &[])?;
    let mut copy = Connection::open(to).map_err(failed)?;
    let backup = Backup::new(database, &mut copy).map_err(failed)?;
    while backup.step(-1).map_err(failed)? != StepResult::Done {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Keys and secrets, which lie beside the databases. They are replaced as a whole.
fn is_setting(name: &str) -> bool {
    let is_database = name.contains(".sqlite");
    !is_database && name != OBJECTS && name != LOCK_FILE
}

/// Copies the buckets, then what the store keeps about their objects, which is written first.
fn copy_objects(from: &Path, to: &Path) -> Outcome {
    make_empty(to)?;
    let is_folder = |name: &String| from.join(name).is_dir();
    for bucket in names(from)?.into_iter().filter(is_folder) {
        copy_folder(&from.join(&bucket), &to.join(&bucket))?;
    }
    let is_whole = |name: &String| !UNFINISHED.iter().any(|start| name.starts_with(start));
    for name in names(from)?.into_iter().filter(|name| is_whole(name) && !is_folder(name)) {
        copy_file(&from.join(&name), &to.join(&name))?;
    }
    sync(to)
}

fn copy_folder(from: &Path, to: &Path) -> Outcome {
    make_empty(to)?;
    for name in names(from)? {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() { copy_folder(&from, &to)? } else { copy_file(&from, &to)? }
    }
    sync(to)
}

/// Copies a file. One that is deleted meanwhile is not needed: its job was erased.
fn copy_file(from: &Path, to: &Path) -> Outcome {
    let mut source = match File::open(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.map_err(at(from))?,
    };
    let mut target = private().create_new(true).open(to).map_err(at(to))?;
    io::copy(&mut source, &mut target).map_err(at(to))?;
    Ok(target.sync_all().map_err(at(to))?)
}

fn create(path: &Path, bytes: &[u8]) -> Outcome {
    let mut file = private().create_new(true).open(path).map_err(at(path))?;
    Ok(file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at(path))?)
}

/// Creates the folder, unless it is there and empty.
fn make_empty(path: &Path) -> Outcome {
    private_folder().create(path).map_err(at(path))?;
    if names(path)?.is_empty() { Ok(()) } else { Err(BackupError::NotEmpty(path.to_owned())) }
}

fn names(folder: &Path) -> Outcome<Vec<String>> {
    let entries = fs::read_dir(folder).map_err(at(folder))?;
    let name = |entry: io::Result<fs::DirEntry>| {
        let name = entry.map_err(at(folder))?.file_name();
        Ok(name.to_string_lossy().into_owned())
    };
    entries.map(name).collect()
}

fn sync(folder: &Path) -> Outcome {
    Ok(File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_never_overwritten_and_half_a_backup_not_restored() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("half")).unwrap();
        let restored = restore(&path("half"), &path("data"));
        assert!(matches!(restored, Err(BackupError::NotWhole(_))), "{restored:?}");
        fs::write(path("half").join(WHOLE), "").unwrap();
        fs::create_dir(path("data")).unwrap();
        fs::write(path("data").join(TABLES), "").unwrap();
        let restored = restore(&path("half"), &path("data"));
        assert!(matches!(restored, Err(BackupError::NotEmpty(_))), "{restored:?}");
        let backed_up = backup(&path("nothing"), &path("data"));
        assert!(matches!(backed_up, Err(BackupError::NotEmpty(_))), "{backed_up:?}");
        let backed_up = backup(&path("nothing"), &path("new"));
        assert!(matches!(backed_up, Err(BackupError::Database { .. })), "{backed_up:?}");
        assert!(!path("nothing").exists() && !path("new").join(WHOLE).exists());
    }
}
