//! The expected answer to a sample event.

use std::path::Path;

use serde_json::{Value, json};
use tests::{samples, templates};

use crate::emulator::InvokeError;

/// The answer in the snapshot of that event, which omits an empty one.
pub fn answer(function: &str, case: &Path) -> Result<Value, InvokeError> {
    let name = format!("{function}__{}.snap", samples::stem(case));
    let path = templates::root().join("tests/tests/snapshots").join(name);
    let unreadable = || InvokeError::NoSnapshot(path.clone());
    let text = std::fs::read_to_string(&path).map_err(|_| unreadable())?;
    // The file is `---`, insta's header, `---`, the content.
    let seen = text.splitn(3, "---\n").nth(2).ok_or_else(unreadable)?;
    let seen: Value = serde_json::from_str(seen).map_err(|_| unreadable())?;
    Ok(seen.get("answer").cloned().unwrap_or_else(|| json!({})))
}
