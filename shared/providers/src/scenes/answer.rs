//! What the services answer when they are given work, asked for a task, or told to end one.

use domain::JobError;
use domain::job::ErrorCode;
use serde_json::Value;

use super::{Service, webhook};
use crate::body::{error_text, is_task_id};
use crate::{AnswerError, Cancellation, ProviderNews, Submission};

/// What the answer to a new task means. An unreadable answer with a status of success is an
/// error: the task may exist, only we do not know its name.
pub fn submission(service: Service, status: u16, body: &[u8]) -> Result<Submission, AnswerError> {
    match status {
        200..=299 => {
            let answer: Value = serde_json::from_slice(body)?;
            let task = answer.get("task_id").and_then(Value::as_str);
            let task = task.filter(|task| is_task_id(task));
            let task = task.ok_or(AnswerError::Field { field: "task_id" })?;
            Ok(Submission::Accepted { task: task.to_owned() })
        }
        400 | 409 | 413 | 422 => {
            let answer = serde_json::from_slice(body).unwrap_or(Value::Null);
            let reason =
                error_text(&answer).map_or_else(String::new, |reason| format!(": {reason}"));
            let message = format!("The {service} service does not accept the request{reason}");
            Ok(Submission::Rejected(JobError::new(ErrorCode::ProviderRejected, message)))
        }
        _ => Ok(Submission::TryLater { status }),
    }
}

/// What the answer about a task means: it is the body of a webhook.
pub fn news(service: Service, status: u16, body: &[u8]) -> Result<ProviderNews, AnswerError> {
    match status {
        200..=299 => Ok(webhook::parse(service, body)?.news),
        404 | 410 => Ok(ProviderNews::Gone),
        _ => Err(AnswerError::Unavailable { status }),
    }
}

/// What the answer to the end of a task means.
pub fn cancellation(status: u16, body: &[u8]) -> Result<Cancellation, AnswerError> {
    match status {
        200..=299 => {
            let answer: Value = serde_json::from_slice(body)?;
            match answer.get("status").and_then(Value::as_str) {
                Some("cancelled") => Ok(Cancellation::Cancelled),
                Some("completed" | "failed") => Ok(Cancellation::TooLate),
                Some(_) => Ok(Cancellation::Requested),
                None => Err(AnswerError::Field { field: "status" }),
            }
        }
        404 | 410 => Ok(Cancellation::Gone),
        _ => Err(AnswerError::Unavailable { status }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn submitted(status: u16, body: &str) -> Result<Submission, AnswerError> {
        submission(Service::LastFrame, status, body.as_bytes())
    }

    #[test]
    fn takes_work_and_names_it() {
        let accepted = submitted(202, r#"{"task_id":"task_1","status":"queued"}"#).unwrap();
        assert_eq!(accepted, Submission::Accepted { task: "task_1".into() });
        for body in ["{}", r#"{"task_id":"../x"}"#, "nonsense"] {
            assert!(submitted(202, body).is_err(), "{body}");
        }
    }

    #[test]
    fn refuses_for_good_or_for_now() {
        let Submission::Rejected(error) = submitted(422, r#"{"error":"no such\nvideo"}"#).unwrap()
        else {
            panic!("it is rejected");
        };
        assert_eq!(error.message, "The last-frame service does not accept the request: video");
        for status in [401, 403, 404, 429, 500, 503] {
            assert_eq!(submitted(status, "").unwrap(), Submission::TryLater { status });
        }
    }

    #[test]
    fn tells_of_a_task_as_its_webhook_does() {
        let body = br#"{"task_id":"t","project_id":"proj_x","scene_id":"scene_001",
            "status":"processing","progress":40}"#;
        let running = ProviderNews::StillRunning { progress_percent: Some(40) };
        assert_eq!(news(Service::Video, 200, body).unwrap(), running);
        assert_eq!(news(Service::Video, 404, b"").unwrap(), ProviderNews::Gone);
        assert!(news(Service::Video, 503, b"").is_err());
        assert!(news(Service::Video, 200, b"{}").is_err());
    }

    #[test]
    fn says_how_a_cancellation_went() {
        for (status, body, expected) in [
            (200, r#"{"status":"cancelled"}"#, Cancellation::Cancelled),
            (200, r#"{"status":"completed"}"#, Cancellation::TooLate),
            (200, r#"{"status":"failed"}"#, Cancellation::TooLate),
            (202, r#"{"status":"processing"}"#, Cancellation::Requested),
            (404, "", Cancellation::Gone),
        ] {
            assert_eq!(cancellation(status, body.as_bytes()).unwrap(), expected, "{body}");
        }
        assert!(cancellation(500, b"").is_err());
    }
}
