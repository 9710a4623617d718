//! The files of outputs, which are served with the API token only, until their data is removed.

use axum::http::{HeaderMap, Method};

use super::auth;
use super::problem::Problem;
use crate::faults::Fault;
use crate::output::RequestedFile;
use crate::state::StudioState;

const PREFIX: &str = "replicate_";

/// The name of the file `stem`, which begins with its task's id and a dash.
pub(super) fn filename(stem: &str, extension: &str) -> String {
    format!("{PREFIX}{stem}.{extension}")
}

/// Whether a task of Replicate made the file of that name.
pub(crate) fn is_ours(filename: &str) -> bool {
    filename.starts_with(PREFIX)
}

/// The file of that name: `None` if there is none, or the answer to a request without the token.
pub(crate) fn download(
    studio: &StudioState,
    filename: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<RequestedFile>, Problem> {
    let Some((id, _)) = filename.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')) else {
        return Ok(None);
    };
    auth::check(studio, headers)?;
    studio.replicate.settle(&studio.settings.replicate);
    let requested = studio.replicate.tasks.change(id, |task| {
        let file = task.files.iter_mut().find(|file| file.is_named(filename))?;
        Some(file.request(task.ordinal, method))
    });
    let is_there = |file: &RequestedFile| !studio.settings.faults.occurs(Fault::Gone, file.ordinal);
    Ok(requested.flatten().filter(is_there))
}
