//! The answer that the tests agreed on for a sample event.

use std::path::Path;

use serde_json::{Value, json};
use tests::{samples, templates};

use crate::emulator::InvokeError;

/// The answer in the snapshot of that event. One that is empty is left out there.
pub fn answer(function: &str, case: &Path) -> Result<Value, InvokeError> {
    let name = format!("{function}__{}.snap", samples::stem(case));
    let path = templates::root().join("tests/tests/snapshots").join(name);
    let unreadable = || InvokeError::NoSnapshot(path.clone());
    let text = std::fs::read_to_string(&path).map_err(|_| unreadable())?;
    // Three dashes, what insta notes, three dashes, what was seen.
    let seen = text.splitn(3, "---\n").nth(2).ok_or_else(unreadable)?;
    let seen: Value = serde_json::from_str(seen).map_err(|_| unreadable())?;
    Ok(seen.get("answer").cloned().unwrap_or_else(|| json!({})))
}
