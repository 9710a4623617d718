//! What an acknowledged write outlives.

use std::fs::File;
use std::io;
use std::path::Path;

/// What an acknowledged write outlives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A power cut: it is on the disk before it is acknowledged.
    PowerCut,
    /// The end of the process, however that ends: the operating system has it. For tests, which are
    /// over before the power is.
    ProcessEnd,
}

impl Durability {
    /// `SQLite`'s value of `synchronous`, for a database with a WAL.
    pub(super) const fn synchronous(self) -> &'static str {
        match self {
            Self::PowerCut => "FULL",
            Self::ProcessEnd => "NORMAL",
        }
    }

    /// Has what was written to `file` outlive what it must.
    pub(super) fn sync(self, file: &File) -> io::Result<()> {
        match self {
            Self::PowerCut => file.sync_all(),
            Self::ProcessEnd => Ok(()),
        }
    }

    /// The same for the names of the file at `path`, and of its folders within `root`.
    pub(super) fn sync_name(self, path: &Path, root: &Path) -> io::Result<()> {
        for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(root)) {
            self.sync(&File::open(folder)?)?;
        }
        Ok(())
    }
}
