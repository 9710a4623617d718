//! What comes in from the services, and what they answer when they are asked for a task: the
//! same body (seed 001).

use domain::job::{ErrorCode, FileSource};
use domain::{InvalidField, JobError};
use serde_json::{Map, Value};

use super::Service;
use crate::ProviderNews;
use crate::body::{error_text, is_task_id, number, progress_percent, text, url};

/// How a task stands, as its service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The task, in characters that are safe in a URL's path.
    pub task: String,
    /// The project that it is for, as the service was told.
    pub project_id: String,
    /// The scene that it is for; a film is for none.
    pub scene_id: Option<String>,
    /// How it stands, in the service's word.
    pub status: String,
    /// The same in the words of all providers.
    pub news: ProviderNews,
}

/// Reads a body, or names the field that is at fault.
pub fn parse(service: Service, body: &[u8]) -> Result<Report, InvalidField> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else {
        return Err(InvalidField::new("body", "must be a JSON object"));
    };
    let scene_id = match service {
        Service::Video | Service::LastFrame => Some(required(&object, "scene_id")?.to_owned()),
        Service::Stitch => None,
    };
    let status = required(&object, "status")?;
    Ok(Report {
        task: task(&object)?.to_owned(),
        project_id: required(&object, "project_id")?.to_owned(),
        scene_id,
        news: news(service, status, &object)?,
        status: status.to_owned(),
    })
}

fn news(
    service: Service,
    status: &str,
    object: &Map<String, Value>,
) -> Result<ProviderNews, InvalidField> {
    Ok(match status {
        "queued" => ProviderNews::Queued,
        "processing" => ProviderNews::StillRunning {
            progress_percent: object.get("progress").and_then(progress_percent),
        },
        "completed" => ProviderNews::FileReady(source(service, object)?),
        "failed" => ProviderNews::Failed(failure(service, object)),
        "cancelled" => ProviderNews::Cancelled,
        _ => {
            let known = "must be queued, processing, completed, failed or cancelled";
            return Err(InvalidField::new("status", known));
        }
    })
}

fn source(service: Service, object: &Map<String, Value>) -> Result<FileSource, InvalidField> {
    let field = match service {
        Service::Video => "video_url",
        Service::LastFrame => "last_frame_url",
        Service::Stitch => "final_video_url",
    };
    Ok(FileSource {
        download_url: url(object, field)?.ok_or_else(|| InvalidField::new(field, "is missing"))?,
        // A picture beside the file is not worth losing the file for.
        thumbnail_url: url(object, "thumbnail_url").ok().flatten(),
        duration_ms: object.get("duration").and_then(number).and_then(milliseconds),
        ..FileSource::default()
    })
}

/// A service says how long a video plays in seconds. What cannot be is passed over.
fn milliseconds(seconds: f64) -> Option<u64> {
    let duration = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from((duration + HALF_A_MILLISECOND).as_millis()).ok()
}

/// So that cutting off rounds.
const HALF_A_MILLISECOND: std::time::Duration = std::time::Duration::from_micros(500);

/// Why `service` failed, in a line for the job's owner.
pub(super) fn failure(service: Service, object: &Map<String, Value>) -> JobError {
    let reason = object.get("error").and_then(error_text);
    let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
    JobError::new(ErrorCode::ProviderFailed, format!("The {service} service failed{reason}"))
}

fn task(object: &Map<String, Value>) -> Result<&str, InvalidField> {
    let task = required(object, "task_id")?;
    if is_task_id(task) {
        return Ok(task);
    }
    Err(InvalidField::new("task_id", "must be made of letters, digits, - and _ alone"))
}

fn required<'a>(object: &'a Map<String, Value>, field: &str) -> Result<&'a str, InvalidField> {
    text(object, field)?.ok_or_else(|| InvalidField::new(field, "is missing"))
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
