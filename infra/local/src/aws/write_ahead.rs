//! Working `SQLite`'s write-ahead logs into their files, beside those who write and little by
//! little. A commit that does it itself waits for the disk, and so does everyone behind it: of 300
//! events a second one in a hundred took 17 ms or more, where it is 4 ms now. The disk holds up
//! writers even so, and the longer the more there is to be synchronised: once a second instead of
//! five times it was 10 ms.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

/// For connections that write: they do it themselves only if nobody else has for long.
pub(super) const SELDOM: &str = "PRAGMA wal_autocheckpoint = 16000;";

/// Pages, 32 MiB of them, after which writers are held up for a moment, so that the log can begin
/// anew: it does when all of it has been worked in, and nothing added since.
const LONG: i64 = 8000;

/// The log of one file.
pub(super) struct WriteAhead(Mutex<Connection>);

impl WriteAhead {
    /// Opens a connection of its own to `file`.
    pub fn open(file: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        connection.execute_batch("PRAGMA synchronous = NORMAL;")?;
        Ok(Self(Mutex::new(connection)))
    }

    /// Works in what there is. Of a long log what has come meanwhile is done too, while nobody
    /// writes, which holds for as long as what `hold` returns is kept.
    pub fn work_in<T>(&self, hold: impl FnOnce() -> T) -> rusqlite::Result<()> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pass(&connection)? > LONG {
            let _held = hold();
            pass(&connection)?;
        }
        Ok(())
    }
}

/// Works in what there is, but for what somebody reads the state before of; the log's length in
/// pages.
fn pass(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PAGE: i64 = 4096;

    struct World {
        folder: tempfile::TempDir,
        writer: Connection,
        log: WriteAhead,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("some.sqlite");
            let writer = Connection::open(&file).unwrap();
            writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE some (bytes)").unwrap();
            writer.execute_batch(SELDOM).unwrap();
            let log = WriteAhead::open(&file).unwrap();
            Self { folder, writer, log }
        }

        fn write(&self, pages: i64) {
            let insert = "INSERT INTO some VALUES (zeroblob(?1))";
            self.writer.execute(insert, [pages * PAGE]).unwrap();
        }

        fn size(&self) -> u64 {
            std::fs::metadata(self.folder.path().join("some.sqlite-wal")).unwrap().len()
        }

        /// Somebody who still looks at what is there now, past which nothing can be worked in.
        fn reader(&self) -> Connection {
            let reader = Connection::open(self.folder.path().join("some.sqlite")).unwrap();
            reader.execute_batch("BEGIN; SELECT count(*) FROM some;").unwrap();
            reader
        }
    }

    #[test]
    fn a_long_log_is_finished_while_nobody_writes_and_begins_anew() {
        let world = World::new();
        let reader = world.reader();
        world.write(LONG + 1);
        let mut is_held = false;
        let hold = || {
            is_held = true;
            reader.execute_batch("COMMIT").unwrap();
        };
        world.log.work_in(hold).unwrap();
        assert!(is_held);
        let size = world.size();
        world.write(LONG - 100);
        assert_eq!(world.size(), size, "the log is written from its beginning");
    }

    #[test]
    fn nobody_is_held_up_for_a_short_log() {
        let world = World::new();
        world.write(LONG - 100);
        world.log.work_in(|| panic!("it is short")).unwrap();
        let size = world.size();
        world.write(LONG - 100);
        assert_eq!(world.size(), size, "all of it was worked in");
    }
}
