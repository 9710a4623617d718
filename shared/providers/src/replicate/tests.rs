//! Replicate's calls and answers as its documentation and its own clients have them.

use domain::job::{ErrorCode, FileRole};
use domain::json_object::JsonObject;
use domain::{Attempt, Secret, Timestamp};
use http::{HeaderMap, Method};
use serde_json::value::to_raw_value;
use signing::{TokenKey, standard_webhooks};

use super::*;
use crate::Input;

pub(super) const URL: &str = "https://replicate.delivery/xezq/abc/out-0.png";
const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
const OTHER_SECRET: &str = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4";

pub(super) fn answer<T>(status: u16, body: &Value, read: impl FnOnce(&Answer<'_>) -> T) -> T {
    let body = body.to_string();
    let status = status.try_into().unwrap();
    read(&Answer { status, headers: &HeaderMap::new(), body: body.as_bytes() })
}

fn submission(status: u16, body: &Value) -> Submission {
    answer(status, body, |answer| Replicate.submission(answer)).unwrap()
}

pub(super) fn status(body: &Value) -> TaskStatus {
    answer(200, body, |answer| Replicate.task_status(answer)).unwrap()
}

fn account(webhooks: Option<&'static str>) -> Account {
    let value = |name| match name {
        "REPLICATE_BASE_URL" => Some("https://api.replicate.com"),
        "REPLICATE_API_TOKEN" => Some("r8_key"),
        "REPLICATE_WEBHOOKS" => webhooks,
        _ => None,
    };
    Account::read(&Replicate, value).unwrap().unwrap()
}

fn input() -> JsonObject {
    JsonObject::input(&to_raw_value(&json!({ "prompt": "a cat", "seed": 7 })).unwrap()).unwrap()
}

fn order(base_url: &str, input: Input) -> Order {
    Order {
        job_id: "job_1".parse().unwrap(),
        attempt: Attempt(1),
        webhook_url: format!("{base_url}/api/webhooks/replicate/completed"),
        token: "1.x".into(),
        deadlines: Deadlines { start: Duration::from_mins(10), run: Duration::from_mins(5) },
        input,
    }
}

fn predict(target: &str) -> Input {
    use domain::model::ModelTarget;
    let target = match target.split_once(' ') {
        Some(("model", name)) => ModelTarget::Model(name.parse().unwrap()),
        Some(("deployment", name)) => ModelTarget::Deployment(name.parse().unwrap()),
        _ => ModelTarget::version(target).unwrap(),
    };
    Input::Prediction { target, input: input() }
}

fn submit(base_url: &str, input: Input) -> Call {
    Replicate.submit(&account(None), &order(base_url, input)).unwrap()
}

#[test]
fn a_prediction_is_created_where_its_target_is() {
    for (target, path, version) in [
        ("5c7d5dc6", "/v1/predictions", Some("5c7d5dc6")),
        ("a/b:5c7d", "/v1/predictions", Some("a/b:5c7d")),
        ("a/b", "/v1/predictions", Some("a/b")),
        ("model a/b", "/v1/models/a/b/predictions", None),
        ("deployment a/b", "/v1/deployments/a/b/predictions", None),
    ] {
        let call = submit("https://api.example.com", predict(target));
        assert_eq!(call.method, Method::POST);
        assert_eq!(call.url, format!("https://api.replicate.com{path}"), "{target}");
        assert_eq!(call.headers["cancel-after"], "300s");
        let mut expected = json!({
            "input": { "prompt": "a cat", "seed": 7 },
            "webhook": "https://api.example.com/api/webhooks/replicate/completed?job=job_1&token=1.x",
            "webhook_events_filter": ["start", "completed"],
        });
        if let Some(version) = version {
            expected["version"] = json!(version);
        }
        assert_eq!(call.json(), expected, "{target}");
    }
}

#[test]
fn a_training_names_its_destination() {
    let training = Input::Training {
        model: "ostris/flux".parse().unwrap(),
        version: "26dce37a".parse().unwrap(),
        destination: "me/cat".parse().unwrap(),
        input: input(),
    };
    let call = submit("https://api.example.com", training);
    let url = "https://api.replicate.com/v1/models/ostris/flux/versions/26dce37a/trainings";
    assert_eq!((call.url.as_str(), &call.json()["destination"]), (url, &json!("me/cat")));
    let task: TaskId = "t1".parse().unwrap();
    let (account, kind) = (account(None), JobKind::Training);
    let poll = Replicate.status(&account, kind, &task);
    let cancel = Replicate.cancel(&account, kind, &task);
    assert_eq!(poll.url, "https://api.replicate.com/v1/trainings/t1");
    assert_eq!(cancel.url, "https://api.replicate.com/v1/trainings/t1/cancel");
    assert_eq!((cancel.method, cancel.body), (Method::POST, None));
    assert_eq!(Replicate.time_to_live(kind, order("", predict("a/b")).deadlines), None);
}

#[test]
fn a_webhook_is_asked_for_only_at_a_public_https_address() {
    for url in
        ["https://api.example.com", "https://api.example.com:8443", "https://203.0.113.7/stage"]
    {
        assert!(submit(url, predict("a/b")).json().get("webhook").is_some(), "{url}");
    }
    for url in [
        "http://api.example.com",
        "http://127.0.0.1:8787",
        "https://127.0.0.1",
        "https://10.0.0.7",
        "https://[::1]",
        "https://localhost",
        "https://api.localhost",
        "https://nas.local",
    ] {
        assert_eq!(submit(url, predict("a/b")).json().get("webhook"), None, "{url}");
    }
    let local = order("http://127.0.0.1:8787", predict("a/b"));
    let always = Replicate.submit(&account(Some("always")), &local).unwrap();
    assert!(always.json().get("webhook").is_some());
    let never = order("https://api.example.com", predict("a/b"));
    let never = Replicate.submit(&account(Some("never")), &never).unwrap();
    assert_eq!(never.json().get("webhook"), None);
    let least = |url| Replicate.poll_interval(&account(None), url).unwrap().least;
    assert!(least("http://127.0.0.1:8787") < least("https://api.example.com"));
}

#[test]
fn a_refusal_says_what_is_wrong() {
    let rejected = |status, body| match submission(status, &body) {
        Submission::Rejected(error) => (error.code, error.message),
        other => panic!("{other:?}"),
    };
    let problem =
        json!({ "title": "Insufficient credit", "detail": "You need credit.", "status": 402 });
    let (code, message) = rejected(402, problem);
    assert_eq!(code, ErrorCode::NoCredit);
    assert!(message.ends_with(": You need credit."), "{message}");
    assert_eq!(rejected(404, json!({ "detail": "Not found." })).0, ErrorCode::NoSuchModel);
    let invalid = json!({
        "title": "Input validation failed",
        "detail": "- input: prompt is required",
        "invalid_fields": [
            { "type": "required", "field": "input.prompt", "description": "is required" },
            { "loc": ["input", "seed"], "msg": "must be an integer" },
        ],
    });
    let (code, message) = rejected(422, invalid);
    assert_eq!(code, ErrorCode::InvalidInput);
    let expected = "The model does not accept the input: input.prompt is required; input.seed must be an integer";
    assert_eq!(message, expected);
}

#[test]
fn a_limit_says_how_long_to_wait() {
    let wait = |body| match submission(429, &body) {
        Submission::TryLater { wait, .. } => wait.map(|wait| wait.as_secs()),
        other => panic!("{other:?}"),
    };
    let detail = "Request was throttled. Your rate limit resets in ~30s.";
    assert_eq!(wait(json!({ "detail": detail, "status": 429 })), Some(30));
    assert_eq!(wait(json!({ "detail": detail, "retry_after": 9 })), Some(9));
    assert_eq!(wait(json!({ "retry_after": 1e9 })), Some(900));
    assert_eq!(wait(json!({ "retry_after": -1 })), None);
    let polled = json!({ "detail": detail });
    let asked = |status| answer(status, &polled, |answer| Replicate.asked_wait(answer));
    assert_eq!((asked(429), asked(503)), (Some(Duration::from_secs(30)), None));
    assert_eq!(wait(json!({})), None);
}

#[test]
fn a_long_body_is_read_like_a_short_one() {
    let logs = format!("{} 40%|####      | 4/10", "x".repeat(600_000));
    let input = json!({ "prompt": "x".repeat(600_000) });
    let of = |word: &str, output: Value| {
        status(&json!({ "id": "t1", "status": word, "input": input, "logs": logs,
            "output": output, "data_removed": output.is_null(), "error": "no" }))
    };
    assert!(matches!(of("processing", json!(null)), TaskStatus::Running(_)));
    assert!(
        matches!(of("failed", json!(null)), TaskStatus::Failed(error) if error.message == "no")
    );
    assert!(matches!(of("succeeded", json!(null)),
        TaskStatus::Failed(error) if error.code == ErrorCode::FileLost));
    let deep = format!(
        r#"{{"id": "t1", "status": "succeeded", "output": {}{}}}"#,
        "[".repeat(500),
        "]".repeat(500)
    );
    let headers = HeaderMap::new();
    let deep = Answer { status: http::StatusCode::OK, headers: &headers, body: deep.as_bytes() };
    let TaskStatus::Succeeded(made) = Replicate.task_status(&deep).unwrap() else { panic!() };
    assert_eq!(made.source.files[0].role, FileRole::Returned, "it is kept unread");
    assert_eq!(Replicate.returned(&deep).map(|json| json.len()), Some(1000));
    let TaskStatus::Succeeded(made) = of("succeeded", json!([URL, 7])) else { panic!() };
    assert_eq!((made.source.files.len(), made.result), (1, Some(json!([URL, 7]))));
}

#[test]
fn progress_is_read_from_the_last_bar_in_the_logs() {
    let progress = |logs: &str| match status(&json!({ "status": "processing", "logs": logs })) {
        TaskStatus::Running(progress) => {
            (progress.percent, progress.count.map(|count| (count.done, count.total)))
        }
        other => panic!("{other:?}"),
    };
    let logs =
        "Using seed 7\n  0%|          | 0/30 [00:00<?]\n 43%|####      | 13/30 [00:02<00:03]\n";
    assert_eq!(progress(logs), (Some(43), Some((13, Some(30)))));
    assert_eq!(progress("flux: 100%|##########| 4/4\rdone"), (Some(100), Some((4, Some(4)))));
    for logs in ["", "50% done", "%|", "999%|x|"] {
        assert_eq!(progress(logs).0, None, "{logs}");
    }
}

#[test]
fn the_list_names_each_task_with_its_callback_and_input() {
    let body = json!({
        "next": "https://api.replicate.com/v1/predictions?cursor=2", "previous": null,
        "results": [
            { "id": "t2", "status": "processing", "created_at": "2026-11-27T10:00:00.123456Z",
              "webhook": "https://api.example.com/x?job=job_1&token=1.x", "input": { "a": 1 } },
            { "id": "t1", "status": "succeeded", "output": URL },
            { "status": "lost its id" },
        ],
    });
    let page = answer(200, &body, |answer| Replicate.listed(answer)).unwrap();
    let ids: Vec<_> = page.tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids, ["t2", "t1"]);
    assert_eq!(page.tasks[0].created_at, Some("2026-11-27T10:00:00.123Z".parse().unwrap()));
    assert_eq!(page.tasks[0].input, json!({ "a": 1 }));
    let (account, kind) = (account(None), JobKind::Prediction);
    let list = |part| Replicate.list(&account, kind, &part).map(|call| call.url);
    assert_eq!(list(ListPart::After(page.next.clone().unwrap())), page.next);
    assert_eq!(list(ListPart::After("https://evil.example/v1/predictions".into())), None);
    let times = ListPart::Between(Timestamp::from_millis(0), Timestamp::from_millis(1000));
    let expected = "https://api.replicate.com/v1/predictions?created_after=1970-01-01T00:00:00.000Z\
                    &created_before=1970-01-01T00:00:01.000Z";
    assert_eq!(list(times).as_deref(), Some(expected));
}

const NOW: Timestamp = Timestamp::from_millis(1_764_240_000_000);

/// What a webhook proves that was signed with `signer` `age` seconds ago, where the secret is
/// `secret`.
fn sender(secret: &str, signer: &str, age: i64, altered: bool, query: bool) -> Option<Sender> {
    let tokens = TokenKey::new(&Secret::new("0123456789abcdef")).unwrap();
    let job: JobId = "job_1".parse().unwrap();
    let token = tokens.callback_token(&job, Attempt(2));
    let at = Timestamp::from_millis(NOW.as_millis() - age * 1000);
    let signature = standard_webhooks::sign(&[Secret::new(signer)], "msg_1", at, b"{}").unwrap();
    let timestamp = at.as_seconds().to_string();
    let header = |name: &str| match name {
        "webhook-id" => Some("msg_1"),
        "webhook-timestamp" => Some(timestamp.as_str()),
        "webhook-signature" => Some(signature.as_str()),
        _ => None,
    };
    let query = |name: &str| match name {
        "job" if query => Some(job.as_str()),
        "token" if query => Some(token.as_str()),
        _ => None,
    };
    let body = if altered { b"[]" } else { b"{}" };
    let request = WebhookRequest { header: &header, query: &query, body, now: NOW };
    let keys = WebhookKeys { secret: Secret::new(secret), tokens: tokens.clone() };
    Replicate.authenticate(&request, &keys).ok()
}

#[test]
fn a_signature_within_five_minutes_by_either_secret_proves_the_sender() {
    let attempt = Sender::Attempt { job_id: "job_1".parse().unwrap(), attempt: Attempt(2) };
    let both = format!("{OTHER_SECRET} {SECRET}");
    for (secret, age) in [(SECRET, 0), (SECRET, 299), (SECRET, -299), (&both, 0)] {
        assert_eq!(sender(secret, SECRET, age, false, true), Some(attempt.clone()));
    }
    let unnamed = Some(Sender::Provider { attempt: None });
    assert_eq!(sender(SECRET, SECRET, 0, false, false), unnamed);
    assert_eq!(sender(SECRET, SECRET, 0, true, true), None);
    assert_eq!(sender(SECRET, SECRET, 301, false, true), None);
    assert_eq!(sender(SECRET, SECRET, -301, false, true), None);
    assert_eq!(sender(OTHER_SECRET, SECRET, 0, false, true), None);
    assert_eq!(sender("", SECRET, 0, false, true), None);
}
