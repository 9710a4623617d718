//! Removes what a killed process left in the object store's folder.
//!
//! `s3s-fs` writes every object and part to a temporary file and renames it, so an object is
//! complete or absent. It removes its own temporary files at start.
//!
//! An upload in parts ends with the process: the functions that know its id run in it, and begin a new
//! one when their message is received again. Kept for the day of the template's lifecycle rule, the parts
//! of a large file that kills interrupt would fill the disk.

use std::fs;
use std::io;
use std::path::Path;

/// Removes unfinished uploads: their records, parts and attributes.
pub(super) fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_of_upload) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether the file `name` belongs to an upload. Names of objects are in base64 there, without a dot.
fn is_of_upload(name: &str) -> bool {
    let is_attributes = name.ends_with(".metadata.json") && name.contains(".upload-");
    name.starts_with(".upload-") || name.starts_with(".upload_id-") || is_attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_uploads_are_removed_and_objects_stay() {
        let folder = tempfile::tempdir().unwrap();
        let object = ".bucket-a.object-b.metadata.json";
        for file in [
            ".upload-1.json",
            ".upload_id-1.part-1",
            ".upload_id-2.part-1",
            ".bucket-a.object-b.upload-1.metadata.json",
            object,
        ] {
            fs::write(folder.path().join(file), "x").unwrap();
        }
        fs::create_dir(folder.path().join("bucket")).unwrap();
        clear(folder.path()).unwrap();
        let left = fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [object, "bucket"]);
    }
}
