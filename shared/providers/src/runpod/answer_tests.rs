//! RunPod's answers as its documentation and seed 000's worker give them.
#![allow(clippy::unwrap_used)]

use domain::job::FileSource;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn read(status: &str, rest: &Value) -> ProviderNews {
    let mut body = json!({ "id": "c80f-u1", "status": status, "delayTime": 31, "new": [1] });
    for (field, value) in rest.as_object().unwrap() {
        body[field] = value.clone();
    }
    news(200, body.to_string().as_bytes()).unwrap()
}

fn failure(news: &ProviderNews) -> (ErrorCode, &str) {
    match news {
        ProviderNews::Failed(error) => (error.code, &error.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_task_that_is_not_over() {
    let running = |percent| ProviderNews::StillRunning { progress_percent: percent };
    assert_eq!(read("IN_QUEUE", &json!({})), ProviderNews::Queued);
    assert_eq!(read("IN_PROGRESS", &json!({})), running(None));
    assert_eq!(read("RUNNING", &json!({ "output": { "progress": 12 } })), running(Some(12)));
    assert_eq!(read("WARMING_UP", &json!({})), running(None));
    let text = json!({ "output": "see https://logs.example" });
    assert_eq!(read("IN_PROGRESS", &text), running(None));
}

#[test]
fn a_file_can_be_ready_before_the_task_is_over() {
    let source = FileSource {
        download_url: "https://pod-8000.proxy.runpod.net/output/a.wav".into(),
        confirmation_url: Some("https://pod-8000.proxy.runpod.net/confirm-download/job_1".into()),
        filename: Some("a.wav".into()),
        ..FileSource::default()
    };
    let output = json!({ "output": source });
    assert_eq!(read("IN_PROGRESS", &output), ProviderNews::FileReady(source.clone()));
    assert_eq!(read("COMPLETED", &output), ProviderNews::FileReady(source));
}

#[test]
fn a_task_that_ended_without_a_file() {
    let failed = read("FAILED", &json!({ "error": "out of memory" }));
    let message = "The voice worker failed: out of memory";
    assert_eq!(failure(&failed), (ErrorCode::ProviderFailed, message));
    let empty = read("COMPLETED", &json!({ "output": { "error": "no such voice" } }));
    let message = "The voice worker ended without a file: no such voice";
    assert_eq!(failure(&empty), (ErrorCode::ProviderFailed, message));
    assert_eq!(failure(&read("TIMED_OUT", &json!({}))).0, ErrorCode::RunTimeout);
    assert_eq!(read("CANCELLED", &json!({})), ProviderNews::Cancelled);
}

#[test]
fn only_what_is_over_is_final() {
    for (status, is_final) in [
        ("IN_QUEUE", false),
        ("IN_PROGRESS", false),
        ("UNHEARD_OF", false),
        ("COMPLETED", true),
        ("FAILED", true),
        ("CANCELLED", true),
        ("TIMED_OUT", true),
    ] {
        assert_eq!(read(status, &json!({})).is_final(), is_final, "{status}");
    }
}

#[test]
fn a_task_that_nobody_knows_is_gone_and_an_outage_is_not() {
    assert_eq!(news(404, b"not found").unwrap(), ProviderNews::Gone);
    for status in [301, 401, 429, 500, 502] {
        let error = news(status, b"{}").unwrap_err();
        assert!(matches!(error, AnswerError::Unavailable { status: is } if is == status));
    }
}

#[test]
fn a_cancellation_says_whether_it_came_in_time() {
    for (state, expected) in [
        ("CANCELLED", Cancellation::Cancelled),
        ("IN_PROGRESS", Cancellation::Requested),
        ("COMPLETED", Cancellation::TooLate),
        ("FAILED", Cancellation::TooLate),
    ] {
        let body = json!({ "id": "c80f-u1", "status": state }).to_string();
        assert_eq!(cancellation(200, body.as_bytes()).unwrap(), expected, "{state}");
    }
    assert_eq!(cancellation(404, b"").unwrap(), Cancellation::Gone);
    let error = cancellation(503, b"").unwrap_err();
    assert!(matches!(error, AnswerError::Unavailable { status: 503 }), "{error}");
}

#[test]
fn a_run_is_accepted_rejected_or_put_off() {
    let accepted = submission(200, br#"{"id":"c80f-u1","status":"IN_QUEUE"}"#).unwrap();
    assert_eq!(accepted, Submission::Accepted { task: "c80f-u1".into() });
    let rejected = submission(400, br#"{"error":"input too long"}"#).unwrap();
    let message = "The voice provider does not accept the request: input too long";
    let error = JobError::new(ErrorCode::ProviderRejected, message);
    assert_eq!(rejected, Submission::Rejected(error));
    assert!(matches!(submission(422, b"<html>"), Ok(Submission::Rejected(_))));
    for status in [302, 401, 402, 403, 404, 429, 500, 503] {
        assert_eq!(submission(status, b"").unwrap(), Submission::TryLater { status });
    }
}

#[test]
fn an_unreadable_answer_says_what_is_missing() {
    assert!(matches!(submission(200, b"<html>"), Err(AnswerError::NotJson(_))));
    for (body, field) in [
        (r#"{"status":"IN_QUEUE"}"#, "id"),
        (r#"{"id":7,"status":"IN_QUEUE"}"#, "id"),
        (r#"{"id":"../cancel/x","status":"IN_QUEUE"}"#, "id"),
        (r#"{"id":"","status":"IN_QUEUE"}"#, "id"),
        (r#"{"id":"c80f-u1"}"#, "status"),
        ("[]", "id"),
    ] {
        let error = submission(200, body.as_bytes()).unwrap_err();
        assert!(matches!(error, AnswerError::Field { field: is } if is == field), "{body}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(status in 100_u16..600, body: Vec<u8>) {
        let _ = (submission(status, &body).is_ok(), news(status, &body).is_ok());
    }
}
