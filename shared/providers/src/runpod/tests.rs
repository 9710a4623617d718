//! RunPod's calls and answers as its documentation and its workers have them.

use domain::Attempt;
use domain::job::{ErrorCode, JobError, Source, SourceFile};
use domain::json_object::JsonObject;
use domain::language::Language;
use domain::tts::TtsRequest;
use http::{HeaderMap, Method};
use proptest::prelude::*;
use serde_json::value::RawValue;

mod webhooks;

use super::*;
use crate::Input;

fn answer<T>(status: u16, body: &[u8], read: impl FnOnce(&Answer<'_>) -> T) -> T {
    read(&Answer { status: status.try_into().unwrap(), headers: &HeaderMap::new(), body })
}

fn submission(status: u16, body: &[u8]) -> Result<Submission, AnswerError> {
    answer(status, body, |answer| Runpod.submission(answer))
}

fn task_status(status: u16, body: &[u8]) -> Result<TaskStatus, AnswerError> {
    answer(status, body, |answer| Runpod.task_status(answer))
}

fn read(status: &str, rest: &Value) -> TaskStatus {
    let mut body = json!({ "id": "c80f-u1", "status": status, "delayTime": 31, "new": [1] });
    for (field, value) in rest.as_object().unwrap() {
        body[field] = value.clone();
    }
    task_status(200, body.to_string().as_bytes()).unwrap()
}

fn failure(status: &TaskStatus) -> (ErrorCode, &str) {
    match status {
        TaskStatus::Failed(error) => (error.code, &error.message),
        other => panic!("{other:?}"),
    }
}

fn account(is_native: bool) -> Account {
    let value = |name| match name {
        "RUNPOD_BASE_URL" => Some("https://api.runpod.ai/"),
        "RUNPOD_ENDPOINT_ID" => Some("abc"),
        "RUNPOD_API_KEY" => Some("key"),
        "RUNPOD_NATIVE_WEBHOOK" => is_native.then_some("true"),
        _ => None,
    };
    Account::read(&Runpod, value).unwrap().unwrap()
}

fn run(voice: Option<&str>, is_native: bool) -> Call {
    run_with(None, voice, is_native)
}

fn run_with(options: Option<&str>, voice: Option<&str>, is_native: bool) -> Call {
    let options = options.map(|text| {
        let json: Box<RawValue> = serde_json::from_str(text).unwrap();
        JsonObject::options(&json, &[]).unwrap()
    });
    let request = TtsRequest::new(
        "Akkam".into(),
        Language::named("oromo"),
        voice.map(Into::into),
        Some("mp3"),
    );
    let order = Order {
        job_id: "job_1".parse().unwrap(),
        attempt: Attempt(1),
        webhook_url: "https://api.example.com/api/runpod-webhook".into(),
        token: "1.x".into(),
        deadlines: crate::order::USUAL,
        input: Input::Speech { request: request.unwrap(), options },
    };
    Runpod.submit(&account(is_native), &order).unwrap()
}

#[test]
fn a_run_says_what_to_speak_and_where_to_call() {
    let call = run(None, false);
    assert_eq!(call.url, "https://api.runpod.ai/v2/abc/run");
    let expected = json!({
        "input": {
            "text": "Akkam",
            "language": "oromo",
            "format": "mp3",
            "job_id": "job_1",
            "webhook_url": "https://api.example.com/api/runpod-webhook?job=job_1&token=1.x",
        },
        "policy": { "executionTimeout": 7_200_000, "ttl": 14_400_000 },
    });
    assert_eq!(call.json(), expected);
    let body = run(Some("f2"), true).json();
    assert_eq!(body["input"]["voice"], "f2");
    assert_eq!(body["webhook"], body["input"]["webhook_url"]);
}

#[test]
fn options_reach_the_worker_as_they_were_sent_and_replace_no_member_of_ours() {
    let sent = r#"{"speed":1.10,"seed":18446744073709551617,"style":{"b":1,"a":[null,true]},
        "text":"other","webhook_url":"https://other.example"}"#;
    let call = run_with(Some(sent), None, false);
    let body = call.body.as_deref().unwrap();
    for member in
        [r#""speed":1.10"#, r#""seed":18446744073709551617"#, r#"{"b":1,"a":[null,true]}"#]
    {
        assert!(body.contains(member), "{body}");
    }
    let without = run(None, false).json();
    for (name, value) in without["input"].as_object().unwrap() {
        assert_eq!(&call.json()["input"][name], value, "{name}");
        assert!(Runpod.reserved_options().contains(&name.as_str()), "{name}");
    }
    assert_eq!(call.json()["policy"], without["policy"]);
}

#[test]
fn tasks_are_polled_and_cancelled_below_the_endpoint() {
    let task = "t-1".parse().unwrap();
    let call = Runpod.status(&account(false), JobKind::Tts, &task);
    assert_eq!(
        (call.method, call.url),
        (Method::GET, "https://api.runpod.ai/v2/abc/status/t-1".into())
    );
    let call = Runpod.cancel(&account(false), JobKind::Tts, &task);
    assert_eq!(
        (call.method, call.url),
        (Method::POST, "https://api.runpod.ai/v2/abc/cancel/t-1".into())
    );
}

#[test]
fn a_task_that_has_not_ended() {
    assert_eq!(read("IN_QUEUE", &json!({})), TaskStatus::Queued { position: None });
    assert_eq!(read("IN_PROGRESS", &json!({})), TaskStatus::running(None));
    let running = read("RUNNING", &json!({ "output": { "progress": 12 } }));
    assert_eq!(running, TaskStatus::running(Some(12)));
    assert_eq!(read("WARMING_UP", &json!({})), TaskStatus::running(None));
    let text = json!({ "output": "see https://logs.example" });
    assert_eq!(read("IN_PROGRESS", &text), TaskStatus::running(None));
}

#[test]
fn a_file_can_be_announced_before_the_task_has_ended() {
    let confirmation_url = "https://pod-8000.proxy.runpod.net/confirm-download/job_1";
    let file = SourceFile {
        filename: Some("a.wav".into()),
        ..SourceFile::at("https://pod-8000.proxy.runpod.net/output/a.wav")
    };
    let source =
        Source { confirmation_url: Some(confirmation_url.into()), ..Source::of(file.clone()) };
    let output = json!({ "output": {
        "download_url": file.url, "confirmation_url": confirmation_url, "filename": "a.wav",
    }});
    for status in ["IN_PROGRESS", "COMPLETED"] {
        assert_eq!(read(status, &output), TaskStatus::with_files(source.clone()));
    }
}

#[test]
fn the_file_of_a_finished_task_is_found_and_more_members_cost_nothing() {
    let output = json!({
        "output": { "images": [{ "filename": "a.wav", "type": "s3_url", "data": "https://x/a" }] },
        "workerId": "w1", "executionTime": 345, "error": "a warning", "input": {}, "webhook": "x",
    });
    let TaskStatus::Succeeded(result) = read("completed", &output) else { panic!("no file") };
    let file = SourceFile { filename: Some("a.wav".into()), ..SourceFile::at("https://x/a") };
    assert_eq!(result.source, Source::of(file));
    let nan =
        br#"{"id":"sync-1","status":"COMPLETED","output":{"audio_url":"https://x/a"},"snr":NaN}"#;
    assert!(matches!(task_status(200, nan).unwrap(), TaskStatus::Succeeded(_)));
    assert_eq!(task_status(202, b"").unwrap(), TaskStatus::running(None));
}

#[test]
fn a_task_that_ended_without_a_file() {
    let failed = read("FAILED", &json!({ "error": "out of memory" }));
    let message = "The voice worker failed: out of memory";
    assert_eq!(failure(&failed), (ErrorCode::ProviderFailed, message));
    let empty = read("COMPLETED", &json!({ "output": { "error": "no such voice" } }));
    let message = "The voice worker ended without a file: no such voice";
    assert_eq!(failure(&empty), (ErrorCode::ProviderFailed, message));
    let nested = r#"{"error_type":"E","error_message":"no such voice","error_traceback":"…"}"#;
    for rest in
        [json!({ "error": nested, "output": {} }), json!({ "output": { "errors": [nested] } })]
    {
        assert_eq!(failure(&read("COMPLETED", &rest)).1, message, "{rest}");
    }
    for output in
        [json!(null), json!({}), json!(""), json!("ok"), json!({ "refresh_worker": true })]
    {
        let silent = read("COMPLETED", &json!({ "output": output }));
        assert_eq!(failure(&silent).1, "The voice worker ended without a file", "{output}");
    }
    let local = read("COMPLETED", &json!({ "output": "simulated_uploaded/a.wav" }));
    assert!(failure(&local).1.contains("not a path on the worker's own disk"), "{local:?}");
    assert_eq!(failure(&read("TIMED_OUT", &json!({}))).0, ErrorCode::RunTimeout);
    assert_eq!(read("CANCELLED", &json!({})), TaskStatus::Cancelled);
}

#[test]
fn a_worker_that_refuses_its_input_says_so() {
    let exception = |kind: &str| {
        let error = json!({ "error_type": format!("<class '{kind}'>"),
            "error_message": "no such voice", "error_traceback": "Traceback …" });
        error.to_string()
    };
    for (rest, reason) in [
        (json!({ "error": ["speed is a required input.", "x"] }), "speed is a required input."),
        (json!({ "error": "Unexpected input. sped is not a valid input option." }), "Unexpected"),
        (
            json!({ "error": "['speed should be <class 'float'> type, not <class 'str'>.']" }),
            "['sp",
        ),
        (json!({ "error": exception("ValueError") }), "no such voice"),
        (json!({ "error": exception("pydantic_core._pydantic_core.ValidationError") }), "no such"),
        (json!({ "output": { "error": "Unsupported language: klingon" } }), "Unsupported language"),
        (json!({ "output": { "errors": ["pitch does not meet the constraints."] } }), "pitch"),
    ] {
        for status in ["FAILED", "COMPLETED"] {
            let failed = read(status, &rest);
            let (code, message) = failure(&failed);
            assert_eq!(code, ErrorCode::InvalidInput, "{rest}");
            let start = format!("The voice worker does not accept the input: {reason}");
            assert!(message.starts_with(&start), "{message}");
        }
    }
    for error in [json!("CUDA out of memory"), json!(exception("RuntimeError")), json!(null)] {
        let failed = read("FAILED", &json!({ "error": error }));
        assert_eq!(failure(&failed).0, ErrorCode::ProviderFailed, "{error}");
    }
}

#[test]
fn an_unknown_task_is_gone_and_an_outage_is_not() {
    assert_eq!(task_status(404, b"not found").unwrap(), TaskStatus::Gone);
    for status in [301, 401, 429, 500, 502] {
        let error = task_status(status, b"{}").unwrap_err();
        assert!(matches!(error, AnswerError::Unavailable { status: is } if is == status));
    }
}

#[test]
fn a_cancellation_says_whether_it_came_in_time() {
    let cancellation =
        |status, body: &str| answer(status, body.as_bytes(), |answer| Runpod.cancellation(answer));
    for (state, expected) in [
        ("CANCELLED", Cancellation::Cancelled),
        ("IN_PROGRESS", Cancellation::Requested),
        ("COMPLETED", Cancellation::TooLate),
        ("FAILED", Cancellation::TooLate),
    ] {
        let body = json!({ "id": "c80f-u1", "status": state }).to_string();
        assert_eq!(cancellation(200, &body).unwrap(), expected, "{state}");
    }
    assert_eq!(cancellation(200, "").unwrap(), Cancellation::Requested);
    assert_eq!(cancellation(404, "").unwrap(), Cancellation::Gone);
    assert!(cancellation(503, "").is_err());
}

#[test]
fn a_run_is_accepted_rejected_or_to_be_tried_later() {
    let accepted = submission(200, br#"{"id":"c80f-u1","status":"IN_QUEUE"}"#).unwrap();
    assert_eq!(accepted, Submission::Accepted { task: "c80f-u1".parse().unwrap() });
    for id in ["7", r#""7""#, r#"" 7 ""#] {
        let accepted = submission(201, format!("{{\"id\":{id}}}").as_bytes()).unwrap();
        assert_eq!(accepted, Submission::Accepted { task: "7".parse().unwrap() });
    }
    let rejected = submission(400, br#"{"error":"input too long"}"#).unwrap();
    let message = "The voice provider does not accept the request: input too long";
    let error = JobError::new(ErrorCode::ProviderRejected, message);
    assert_eq!(rejected, Submission::Rejected(error));
    assert!(matches!(submission(422, b"<html>"), Ok(Submission::Rejected(_))));
    for status in [302, 401, 402, 403, 404, 429, 500, 503] {
        let later = Submission::TryLater { status: status.try_into().unwrap(), wait: None };
        assert_eq!(submission(status, b"").unwrap(), later);
    }
}

#[test]
fn an_unreadable_answer_names_what_is_missing() {
    for (body, field) in [
        ("<html>", "body"),
        (r#"{"status":"IN_QUEUE"}"#, "id"),
        (r#"{"id":"../cancel/x","status":"IN_QUEUE"}"#, "id"),
        (r#"{"id":"","status":"IN_QUEUE"}"#, "id"),
        ("[]", "body"),
    ] {
        let error = submission(200, body.as_bytes()).unwrap_err();
        assert!(matches!(&error, AnswerError::Unusable(is) if is.field == field), "{body}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(status in 100_u16..600, body: Vec<u8>) {
        let _ = (submission(status, &body).is_ok(), task_status(status, &body).is_ok());
        let _ = Runpod.report(&body).is_ok();
    }
}

#[test]
fn worker_keeps_its_file_until_it_is_confirmed() {
    let retention = |seconds: Option<u64>| Runpod.file_retention(seconds.map(Duration::from_secs));
    assert_eq!(retention(Some(8)), Duration::from_mins(1));
    assert_eq!(retention(Some(120)), Duration::from_mins(2));
    assert_eq!(retention(None), limits::FILE_RETENTION);
}
