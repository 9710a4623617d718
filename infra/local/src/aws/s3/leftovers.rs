//! What a killed process leaves in the object store's folder.
//!
//! `s3s-fs` writes every object and part to a temporary file and renames it, so an object is
//! there whole or not at all. But it forgets an upload before it joins its parts: killed in
//! between, the parts lie about with nothing that leads to them. It clears its own temporary
//! files when it is opened.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// How long an upload may stay unfinished, like the lifecycle rule of the template's bucket.
const ABANDONED: Duration = Duration::from_hours(24);

/// Removes abandoned uploads, and the parts of uploads that are no more.
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

/// The id of an upload, by the name of the file that stands for it.
fn upload(name: &str) -> Option<&str> {
    name.strip_prefix(".upload-")?.strip_suffix(".json")
}

/// The id of the upload that a part, or the kept-back metadata, belongs to.
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
    fn removes_the_parts_of_uploads_that_are_no_more() {
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
