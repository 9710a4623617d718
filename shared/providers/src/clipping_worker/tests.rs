//! What the clipping worker is sent, what it answers, and its webhooks.

use std::collections::HashMap;

use domain::job::{ClippingRequest, ErrorCode, FileRole, JobError, ProgressCount};
use domain::{Attempt, JobKind, OwnerId, Secret, Timestamp};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use signing::{TokenKey, hex_hmac};

use super::*;
use crate::order::USUAL;
use crate::{Auth, Input, Progress, Report, TaskResult};

const SECRET: &str = "clipping-secret";
const BUCKET: &str = "https://bucket.s3.amazonaws.com";

fn account(key: Option<&str>) -> Account {
    let value = |name| match name {
        "CLIPPING_WORKER_URL" => Some("http://worker.internal:8000/"),
        "CLIPPING_WORKER_API_KEY" => key,
        _ => None,
    };
    Account::read(&ClippingWorker, value).unwrap().unwrap()
}

fn order(max_clips: Option<u32>) -> Order {
    let request = ClippingRequest {
        video_url: "https://www.youtube.com/watch?v=dQw4w9WgXcQ".into(),
        max_clips,
    };
    Order {
        job_id: "job_1".parse().unwrap(),
        attempt: Attempt(1),
        webhook_url: "https://api.example.com/api/webhooks/ai-clipping".to_owned(),
        token: "1.token".to_owned(),
        deadlines: USUAL,
        input: Input::Clipping { request, owner: OwnerId::new("user_789") },
    }
}

#[test]
fn submission_has_the_members_of_the_contract() {
    let call = ClippingWorker.submit(&account(Some("key")), &order(Some(3))).unwrap();
    assert_eq!(
        (&call.method, call.url.as_str()),
        (&Method::POST, "http://worker.internal:8000/ai-clipping/jobs")
    );
    let body = json!({
        "video_url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "callback_url": "https://api.example.com/api/webhooks/ai-clipping?job=job_1&token=1.token",
        "external_job_id": "job_1",
        "owner_user_id": "user_789",
        "max_clips": 3,
    });
    assert_eq!(call.json(), body);
    assert!(matches!(&call.auth, Auth::Bearer(key) if key.expose() == "key"));
    let call = ClippingWorker.submit(&account(None), &order(None)).unwrap();
    assert!(call.json().get("max_clips").is_none());
    assert!(matches!(call.auth, Auth::None), "a worker may ask for no key");
}

#[test]
fn a_task_is_polled_and_cancelled_where_it_is() {
    let task = "abc-123".parse().unwrap();
    let url = "http://worker.internal:8000/ai-clipping/jobs/abc-123";
    let poll = ClippingWorker.status(&account(None), JobKind::Clipping, &task);
    assert_eq!((poll.method, poll.url.as_str(), poll.body), (Method::GET, url, None));
    let cancel = ClippingWorker.cancel(&account(None), JobKind::Clipping, &task);
    assert_eq!((cancel.method, cancel.url.as_str(), cancel.body), (Method::DELETE, url, None));
}

fn answer<T>(status: u16, body: &Value, read: impl FnOnce(&Answer<'_>) -> T) -> T {
    let (status, body) = (StatusCode::from_u16(status).unwrap(), body.to_string());
    read(&Answer { status, headers: &HeaderMap::new(), body: body.as_bytes() })
}

#[test]
fn submission_is_read_under_any_name() {
    let read = |status, body| answer(status, &body, |answer| ClippingWorker.submission(answer));
    for name in ["job_id", "id", "task_id"] {
        let accepted = read(201, json!({ name: "abc-123", "status": "queued" })).unwrap();
        assert_eq!(accepted, Submission::Accepted { task: "abc-123".parse().unwrap() }, "{name}");
    }
    assert!(read(200, json!({ "status": "queued" })).is_err(), "the task may exist");
    let rejected = read(422, json!({ "detail": "video_url: field required" })).unwrap();
    let message = "The clipping worker does not accept the request: video_url: field required";
    assert_eq!(rejected, Submission::Rejected(JobError::new(ErrorCode::ProviderRejected, message)));
    for status in [401, 404, 429, 500, 503] {
        let later = read(status, json!({})).unwrap();
        assert!(matches!(later, Submission::TryLater { wait: None, .. }), "{status}: {later:?}");
    }
}

#[test]
fn cancellation_that_the_worker_does_not_have_is_refused() {
    let read = |status, body| answer(status, &body, |answer| ClippingWorker.cancellation(answer));
    for (status, body, cancellation) in [
        (200, json!({ "status": "cancelled" }), Cancellation::Cancelled),
        (202, json!({ "status": "running" }), Cancellation::Requested),
        (204, Value::Null, Cancellation::Requested),
        (200, json!({ "status": "succeeded" }), Cancellation::TooLate),
        (409, json!({ "detail": "it has ended" }), Cancellation::TooLate),
        (410, json!({}), Cancellation::Gone),
    ] {
        assert_eq!(read(status, body).unwrap(), cancellation, "{status}");
    }
    for status in [404, 405, 500] {
        assert!(read(status, json!({ "detail": "Method Not Allowed" })).is_err(), "{status}");
    }
}

/// The examples of the contract, as they are printed there.
fn started() -> Value {
    json!({
        "event": "job.started",
        "timestamp": "2024-11-28T10:30:00.000Z",
        "job_id": "abc-123",
        "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
        "owner_user_id": "user_789",
        "status": "running",
        "progress_percent": 5,
        "current_step": "Downloading video..."
    })
}

fn progress() -> Value {
    json!({
        "event": "job.progress",
        "timestamp": "2024-11-28T10:32:00.000Z",
        "job_id": "abc-123",
        "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
        "status": "running",
        "progress_percent": 65,
        "current_step": "Rendering clip 3/5...",
        "clips_completed": 2,
        "total_clips": 5
    })
}

fn completed() -> Value {
    json!({
        "event": "job.completed",
        "timestamp": "2024-11-28T10:38:00.000Z",
        "job_id": "abc-123",
        "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
        "status": "succeeded",
        "progress_percent": 100,
        "current_step": "Processing complete!",
        "clips_completed": 5,
        "total_clips": 5,
        "output": {
            "total_clips": 5,
            "source_video_title": "My Amazing Video",
            "processing_time_seconds": 482.5,
            "clips": [
                {
                    "clip_index": 0,
                    "s3_url": "https://bucket.s3.amazonaws.com/clips/clip_00.mp4",
                    "duration_ms": 45000,
                    "virality_score": 0.92,
                    "summary": "Key insight about..."
                }
            ],
            "transcript_url": "https://bucket.s3.amazonaws.com/transcript.json",
            "plan_url": "https://bucket.s3.amazonaws.com/plan.json"
        }
    })
}

fn failed() -> Value {
    json!({
        "event": "job.failed",
        "timestamp": "2024-11-28T10:32:00.000Z",
        "job_id": "abc-123",
        "external_job_id": "550e8400-e29b-41d4-a716-446655440000",
        "status": "failed",
        "progress_percent": 15,
        "current_step": "Processing failed",
        "error": "Failed to download video: Video is unavailable"
    })
}

fn report(body: &Value) -> WebhookReport {
    ClippingWorker.report(body.to_string().as_bytes()).unwrap()
}

fn result(body: &Value) -> TaskResult {
    match report(body).report {
        Report::Status(TaskStatus::Succeeded(result)) => result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_four_events_are_read() {
    for event in [started(), progress(), completed(), failed()] {
        let report = report(&event);
        assert_eq!(report.job.unwrap().as_str(), "550e8400-e29b-41d4-a716-446655440000");
        assert_eq!(report.task.unwrap().as_str(), "abc-123");
        assert_eq!(report.attempt, None);
    }
    let running = |percent, step: &str, count| {
        let step = Some(step.to_owned());
        Report::Status(TaskStatus::Running(Progress { percent: Some(percent), step, count }))
    };
    assert_eq!(report(&started()).report, running(5, "Downloading video...", None));
    let count = Some(ProgressCount { done: 2, total: Some(5) });
    assert_eq!(report(&progress()).report, running(65, "Rendering clip 3/5...", count));
    let error = "Failed to download video: Video is unavailable";
    let failure = TaskStatus::Failed(JobError::new(ErrorCode::ProviderFailed, error));
    assert_eq!(report(&failed()).report, Report::Status(failure));
}

#[test]
fn what_is_announced_is_named_whether_it_has_an_address_or_not() {
    let TaskResult { source, result } = result(&completed());
    let files: Vec<_> = source
        .files
        .iter()
        .map(|file| (file.name.as_deref().unwrap(), file.index, file.url.strip_prefix(BUCKET)))
        .collect();
    let expected = [
        ("clip_00", Some(0), Some("/clips/clip_00.mp4")),
        ("clip_01", Some(1), None),
        ("clip_02", Some(2), None),
        ("clip_03", Some(3), None),
        ("clip_04", Some(4), None),
        ("transcript", None, Some("/transcript.json")),
        ("plan", None, Some("/plan.json")),
    ];
    assert_eq!(files, expected);
    let clip = &source.files[0];
    assert_eq!(clip.duration_ms, Some(45_000));
    let attributes = json!({ "virality_score": 0.92, "summary": "Key insight about..." });
    assert_eq!(json!(clip.attributes), attributes);
    assert_eq!(source.files[5].role, FileRole::Document);
    let figures = json!({
        "source_video_title": "My Amazing Video", "processing_time_seconds": 482.5, "total_clips": 5,
    });
    assert_eq!(result, Some(figures));
}

#[test]
fn clips_are_read_leniently_and_have_a_name_each() {
    let mut event = completed();
    event["output"] = json!({
        "total_clips": "2",
        "source_duration_seconds": 600.5,
        "clips": [
            { "clip_index": 7, "s3_url": "https://x.example/7", "duration_ms": "1500.7", "virality_score": "0.5" },
            { "clip_index": "1", "s3_url": " https://x.example/1 ", "summary": " " },
            { "clip_index": 1, "s3_url": null, "duration_ms": -4 },
            "no clip",
        ],
        "transcript_url": null,
        "plan_url": 7,
    });
    let TaskResult { source, result } = result(&event);
    let files: Vec<_> = source
        .files
        .iter()
        .map(|file| (file.name.as_deref().unwrap(), file.url.as_str(), file.duration_ms))
        .collect();
    let expected = [
        ("clip_01", "https://x.example/1", None),
        ("clip_02", "", None),
        ("clip_03", "", None),
        ("clip_07", "https://x.example/7", Some(1500)),
        ("plan", "", None),
    ];
    assert_eq!(files, expected);
    assert_eq!(json!(source.files[3].attributes), json!({ "virality_score": 0.5 }));
    assert_eq!(result.unwrap()["source_duration_seconds"], 600.5);
}

#[test]
fn no_clips_are_a_result_and_no_output_is_none() {
    let mut event = completed();
    event["output"] = json!({ "total_clips": 0, "clips": [] });
    assert_eq!(result(&event).source.files, []);
    event["output"] = json!({});
    assert_eq!(result(&event).source.files, []);
    event["output"] = json!({ "total_clips": 4_000_000_000_u32 });
    assert_eq!(result(&event).source.files.len(), domain::limits::CLIPS_KEPT);
    event["output"] = Value::Null;
    assert_eq!(report(&event).report, Report::Unconfirmed);
}

#[test]
fn an_end_is_named_by_its_event() {
    let mut event = failed();
    event["status"] = json!("running");
    assert!(matches!(report(&event).report, Report::Status(TaskStatus::Failed(_))));
    event["event"] = json!("job.progress");
    assert!(matches!(report(&event).report, Report::Status(TaskStatus::Running(_))));
    event.as_object_mut().unwrap().remove("event");
    event["status"] = json!("cancelled");
    assert_eq!(report(&event).report, Report::Status(TaskStatus::Cancelled));
}

fn authenticate(
    secret: &str,
    headers: &[(&str, &str)],
    query: &[(&str, &str)],
    body: &[u8],
) -> Result<Sender, Unverified> {
    let headers: HashMap<&str, &str> = headers.iter().copied().collect();
    let query: HashMap<&str, &str> = query.iter().copied().collect();
    let header = |name: &str| headers.get(name).copied();
    let query = |name: &str| query.get(name).copied();
    let now = Timestamp::from_millis(0);
    let request = WebhookRequest { header: &header, query: &query, body, now };
    let tokens = TokenKey::new(&Secret::new("signing-key-of-a-test")).unwrap();
    ClippingWorker.authenticate(&request, &WebhookKeys { secret: Secret::new(secret), tokens })
}

#[test]
fn the_secret_or_a_signature_by_it_proves_the_sender() {
    let body = started().to_string();
    let body = body.as_bytes();
    let by = |secret| hex_hmac::sign(&Secret::new(secret), body).unwrap();
    let sign = |headers: &[(&str, &str)]| authenticate(SECRET, headers, &[], body);
    let signature = by(SECRET);
    let bearer = format!("Bearer {SECRET}");
    let anyone = Sender::Provider { attempt: None };
    for headers in [
        ("authorization", bearer.as_str()),
        ("x-webhook-signature", &signature),
        ("x-webhook-signature", signature.strip_prefix("sha256=").unwrap()),
    ] {
        assert_eq!(sign(&[headers]), Ok(anyone.clone()), "{headers:?}");
    }
    assert_eq!(
        sign(&[("x-webhook-timestamp", "1"), ("x-webhook-signature", &signature)]),
        Ok(anyone.clone())
    );
    for headers in [
        &[][..],
        &[("authorization", "Bearer another")],
        &[("authorization", SECRET)],
        &[("x-webhook-signature", by("another").as_str())],
    ] {
        assert!(sign(headers).is_err(), "{headers:?}");
    }
    for secrets in ["new-secret clipping-secret", "clipping-secret old-secret"] {
        let both =
            [("authorization", bearer.as_str()), ("x-webhook-signature", signature.as_str())];
        for header in both {
            assert_eq!(
                authenticate(secrets, &[header], &[], body),
                Ok(anyone.clone()),
                "{secrets}"
            );
        }
    }
    assert!(authenticate("", &[("authorization", "Bearer ")], &[], body).is_err());
}

#[test]
fn the_callback_url_names_the_attempt_and_proves_nothing_alone() {
    let tokens = TokenKey::new(&Secret::new("signing-key-of-a-test")).unwrap();
    let job_id = "job_1".parse().unwrap();
    let token = tokens.callback_token(&job_id, Attempt(2));
    let query = [("job", "job_1"), ("token", token.as_str())];
    let bearer = format!("Bearer {SECRET}");
    let sender = authenticate(SECRET, &[("authorization", &bearer)], &query, b"{}");
    assert_eq!(sender, Ok(Sender::Attempt { job_id, attempt: Attempt(2) }));
    assert!(authenticate(SECRET, &[], &query, b"{}").is_err());
}

#[test]
fn a_body_names_its_job_even_if_nothing_else_can_be_read() {
    let body = json!({ "external_job_id": "job_1", "job_id": [] }).to_string();
    assert_eq!(ClippingWorker.named_job(body.as_bytes()).unwrap().as_str(), "job_1");
    assert!(ClippingWorker.report(body.as_bytes()).is_err());
    assert_eq!(ClippingWorker.named_job(b"[]"), None);
}
