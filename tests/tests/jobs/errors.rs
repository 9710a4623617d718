//! Every kind of bad input gets an answer that a program can read, with the right status and,
//! where one is at fault, the field.

use domain::{JobState, Scope};
use serde_json::{Value, json};
use tests::{Answer, Client, World, seed};

const CREATE: &str = "/v1/tts/async";

/// What a bad request is to be told.
pub struct Expected {
    status: u16,
    code: &'static str,
    field: Option<&'static str>,
}

pub const fn expect(status: u16, code: &'static str, field: Option<&'static str>) -> Expected {
    Expected { status, code, field }
}

pub const fn invalid(field: &'static str) -> Expected {
    expect(422, "invalid_field", Some(field))
}

const UNAUTHORIZED: Expected = expect(401, "unauthorized", None);
const NOT_FOUND: Expected = expect(404, "not_found", None);

/// Checks `answer` against RFC 9457 and the agreed-on members.
pub fn assert_problem(what: &str, answer: &Answer, expected: &Expected) {
    assert_eq!(answer.status, expected.status, "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{what}: {name}: {body}"));
    assert_eq!(body["status"], expected.status, "{what}");
    assert_eq!(text("code"), expected.code, "{what}: {body}");
    assert_eq!(text("type"), format!("urn:hookreel:problem:{}", expected.code), "{what}");
    assert_eq!(text("error"), text("title"), "{what}: the seeds' clients read error");
    assert!(text("detail").ends_with('.'), "{what}: a sentence: {body}");
    assert_eq!(text("request_id"), answer.header("apigw-requestid"), "{what}");
    assert_eq!(body.get("field").and_then(Value::as_str), expected.field, "{what}: {body}");
}

fn request() -> Value {
    json!({ "text": "Akkam jirta?", "language": "oromo" })
}

fn with(field: &str, value: impl Into<Value>) -> Value {
    let mut body = request();
    body[field] = value.into();
    body
}

#[tokio::test]
async fn a_job_that_cannot_be_made() {
    let world = World::frozen().await;
    let long = "ሀ".repeat(100_001);
    let many = json!({ "notes": "x".repeat(5_000) });
    let url = |url: &str| with("webhook_url", url);
    for (what, body, expected) in [
        ("empty text", with("text", ""), invalid("text")),
        ("blank text", with("text", " \n\t"), invalid("text")),
        ("no text", json!({ "language": "oromo" }), invalid("text")),
        ("text that is a number", with("text", 7), invalid("text")),
        ("more than 100,000 characters", with("text", long), invalid("text")),
        ("no language", json!({ "text": "Akkam" }), invalid("language")),
        ("unknown language", with("language", "klingon"), invalid("language")),
        ("unknown format", with("format", "aiff"), invalid("format")),
        ("voice with blanks", with("voice", "a b"), invalid("voice")),
        ("metadata that is no object", with("metadata", json!([1])), invalid("metadata")),
        ("metadata over 4 KiB", with("metadata", many), invalid("metadata")),
        ("http", url("http://example.com/hook"), invalid("webhook_url")),
        ("private range", url("https://10.1.2.3/hook"), invalid("webhook_url")),
        ("another private range", url("https://192.168.0.1/hook"), invalid("webhook_url")),
        ("metadata service", url("https://169.254.169.254/latest"), invalid("webhook_url")),
        ("IPv4 in IPv6", url("https://[::ffff:10.0.0.1]/hook"), invalid("webhook_url")),
        ("local name", url("https://db.internal/hook"), invalid("webhook_url")),
        ("password in the URL", url("https://a:b@example.com/"), invalid("webhook_url")),
        ("no URL at all", url("callback"), invalid("webhook_url")),
        ("array", json!([request()]), expect(400, "invalid_json", None)),
        ("null", Value::Null, expect(400, "invalid_json", None)),
    ] {
        let answer = world.client.post(CREATE, &body).await;
        assert_problem(what, &answer, &expected);
    }
    let list = world.client.get("/v1/jobs").await.json();
    assert_eq!(list, json!({ "data": [], "next_cursor": null }), "none of them made a job");
}

#[tokio::test]
async fn a_body_that_cannot_be_read() {
    let world = World::frozen().await;
    let json = expect(400, "invalid_json", None);
    for (what, body) in [("form", "text=Akkam"), ("cut off", r#"{"text":"#), ("nothing", "")] {
        let answer = world.client.post_with(CREATE, &[], body).await;
        assert_problem(what, &answer, &json);
    }
    let huge = with("metadata", json!({ "notes": "x".repeat(1_400_000) })).to_string();
    let answer = world.client.post_with(CREATE, &[], huge).await;
    assert_problem("too large", &answer, &expect(413, "body_too_large", None));
    let long = "k".repeat(256);
    for (what, key) in [("a long key", long.as_str()), ("a key that is not ASCII", "clé")] {
        let headers = [("idempotency-key", key)];
        let answer = world.client.post_with(CREATE, &headers, request().to_string()).await;
        assert_problem(what, &answer, &invalid("Idempotency-Key"));
    }
}

#[tokio::test]
async fn nobody_we_know() {
    let world = World::frozen().await;
    seed::put(&world, seed::job("ours", seed::OWNER, JobState::Running, 1)).await;
    for (who, key) in [("no key", None), ("wrong key", Some("hr_wrong")), ("empty", Some(""))] {
        let client = world.client.with_key(key);
        for (what, answer) in every_route(&client, "job_ours").await {
            assert_problem(&format!("{who}: {what}"), &answer, &UNAUTHORIZED);
        }
    }
    let basic = [("authorization", "Basic bG9jYWw6a2V5")];
    let answer = world.client.with_key(None).post_with(CREATE, &basic, request().to_string()).await;
    assert_problem("another scheme", &answer, &UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_may_do_what_its_scopes_say() {
    let world = World::frozen().await;
    seed::put(&world, seed::job("ours", seed::OWNER, JobState::Running, 1)).await;
    let forbidden = expect(403, "forbidden", None);
    for scope in Scope::ALL {
        let client = world.client_of(seed::OWNER, &[scope]).await;
        for (what, answer) in every_route(&client, "job_ours").await {
            if needs(what) == scope {
                assert!(answer.status < 400 || answer.status == 409, "{what}: {answer:?}");
            } else {
                assert_problem(what, &answer, &forbidden);
            }
        }
    }
}

#[tokio::test]
async fn another_owners_job_is_not_there() {
    let world = World::frozen().await;
    for (name, state) in
        [("a", JobState::Queued), ("b", JobState::Running), ("c", JobState::Completed)]
    {
        let id = format!("job_{name}");
        seed::put(&world, seed::job(name, "somebody-else", state, 1)).await;
        for path in [format!("/v1/jobs/{id}"), format!("/v1/download/{id}")] {
            assert_problem(&path, &world.client.get(&path).await, &NOT_FOUND);
        }
        let path = format!("/v1/jobs/{id}");
        assert_problem("cancel", &world.client.delete(&path).await, &NOT_FOUND);
        let job = world.store().job(&seed::job_id(&id)).await.unwrap().unwrap();
        assert_eq!((job.state, job.cancel_requested_at), (state, None));
    }
}

#[tokio::test]
async fn a_job_that_is_not_there() {
    let world = World::frozen().await;
    for id in ["job_0190", "x", "a%20b", "a%23b", &"j".repeat(90)] {
        for path in [format!("/v1/jobs/{id}"), format!("/v1/download/{id}")] {
            assert_problem(&path, &world.client.get(&path).await, &NOT_FOUND);
        }
        let answer = world.client.delete(&format!("/v1/jobs/{id}")).await;
        assert_problem(id, &answer, &NOT_FOUND);
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_made() {
    let world = World::frozen().await;
    for (query, field) in [
        ("status=done", "status"),
        ("kind=films", "kind"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("cursor=!", "cursor"),
        ("cursor=bm90aGluZw", "cursor"),
    ] {
        let answer = world.client.get(&format!("/v1/jobs?{query}")).await;
        assert_problem(query, &answer, &invalid(field));
    }
}

#[tokio::test]
async fn what_needs_no_key() {
    let world = World::frozen().await;
    let anyone = world.client.with_key(None);
    assert_eq!(anyone.get("/v1/health").await.json()["status"], "ok");
    assert!(anyone.get("/openapi.json").await.json()["openapi"].is_string());
    assert_eq!(anyone.get("/api/runpod-webhook").await.json()["status"], "ok");
}

/// Every route that needs a key, with what it answers to `client`. The creation comes last,
/// so that it changes nothing for the others.
async fn every_route(client: &Client, job: &str) -> Vec<(&'static str, Answer)> {
    vec![
        ("get a job", client.get(&format!("/v1/jobs/{job}")).await),
        ("list jobs", client.get("/v1/jobs").await),
        ("download", client.get(&format!("/v1/download/{job}")).await),
        ("cancel", client.delete(&format!("/v1/jobs/{job}")).await),
        ("webhook secret", client.get("/v1/webhook-secret").await),
        ("create", client.post(CREATE, &request()).await),
    ]
}

fn needs(what: &str) -> Scope {
    match what {
        "create" | "cancel" => Scope::JobsWrite,
        "webhook secret" => Scope::Webhooks,
        _ => Scope::JobsRead,
    }
}
