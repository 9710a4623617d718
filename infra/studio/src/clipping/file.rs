//! The files of clips, transcripts and plans, which are served with a valid link only.

use axum::body::Body;
use axum::http::{Method, Response, StatusCode, header};
use axum::response::IntoResponse;

use super::link::Refused;
use crate::faults::Fault;
use crate::output::RequestedFile;
use crate::state::StudioState;

/// The prefix of every task's id, and so of its files' names.
pub(super) const TASK: &str = "clipping_";

/// Whether the clipping worker made the file of that name.
pub(crate) fn is_ours(filename: &str) -> bool {
    filename.starts_with(TASK)
}

/// The file of that name: `None` if there is none or it vanished by a fault, or the answer to a
/// request without a valid link.
pub(crate) fn download(
    studio: &StudioState,
    filename: &str,
    query: &str,
    method: &Method,
) -> Result<Option<RequestedFile>, Refused> {
    if !is_ours(filename) {
        return Ok(None);
    }
    studio.clipping.links.check(filename, query, studio.settings.clipping.clock.now())?;
    let id = filename.split('.').next().unwrap_or_default();
    let found = studio.clipping.tasks.change(id, |task| {
        let ordinal = task.ordinal;
        let outputs = &mut task.outcome.as_mut()?.outputs;
        let place = outputs.iter().position(|output| output.is_named(filename))?;
        Some((outputs[place].request(ordinal, method), place as u64))
    });
    // Each file of a task vanishes by itself, so that some clips are left.
    let is_there = |(file, place): &(RequestedFile, u64)| {
        !studio.settings.faults.occurs(Fault::Gone, file.ordinal | (place << 40))
    };
    Ok(found.flatten().filter(is_there).map(|(file, _)| file))
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response<Body> {
        let body = format!("<Error><Code>AccessDenied</Code><Message>{self}</Message></Error>");
        (StatusCode::FORBIDDEN, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
    }
}
