//! Removes what a killed process left in the object store's folder.
//!
//! `s3s-fs` writes every object and part to a temporary file and renames it, so an object is
//! complete or absent. But it deletes an upload's record before it joins the parts: a kill in
//! between leaves parts without a record. It removes its own temporary files at start.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How long an upload may stay unfinished, as in the lifecycle rule of the template's bucket.
const ABANDONED: Duration = Duration::from_hours(24);

/// Removes abandoned uploads, and parts whose upload no longer exists.
pub(super) fn clear(folder: &Path) -> io::Result<()> {
    let entries: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    let now = SystemTime::now();
    let mut live = HashSet::new();
    for entry in &entries {
        let name = entry.file_name();
        let Some(upload) = name.to_str().and_then(upload) else { continue };
        let age = now.duration_since(entry.metadata()?.modified()?).unwrap_or_default();
        if age < ABANDONED {
            live.insert(upload.to_owned());
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    for entry in &entries {
        let name = entry.file_name();
        let Some(upload) = name.to_str().and_then(upload_of_piece) else { continue };
        if !live.contains(upload) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The id of the upload that the file `name` records.
fn upload(name: &str) -> Option<&str> {
    name.strip_prefix(".upload-")?.strip_suffix(".json")
}

/// The id of the upload that a part, or stored metadata, belongs to.
fn upload_of_piece(name: &str) -> Option<&str> {
    let part = || Some(name.strip_prefix(".upload_id-")?.split_once(".part-")?.0);
    let metadata =
        || name.strip_suffix(".metadata.json")?.rsplit_once(".upload-").map(|(_, upload)| upload);
    part().or_else(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_without_an_upload_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ".upload-live.json",
            ".upload_id-live.part-1",
            ".upload_id-gone.part-1",
            ".bucket-a.object-b.upload-gone.metadata.json",
            ".bucket-a.object-b.metadata.json",
        ];
        for file in files {
            fs::write(folder.path().join(file), "x").unwrap();
        }
        clear(folder.path()).unwrap();
        let left: HashSet<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 3, "{left:?}");
        assert!(left.contains(std::ffi::OsStr::new(".upload_id-live.part-1")));
        assert!(left.contains(std::ffi::OsStr::new(".bucket-a.object-b.metadata.json")));
    }
}
