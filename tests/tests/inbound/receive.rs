//! What comes in from the provider: believed when it is proven, taken once, and never able to
//! move a job backwards.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Attempt, JobState, Secret};
use hookreel_studio::{Faults, PostKind};
use serde_json::{Value, json};
use signing::hex_hmac;
use store::{Change, Changed};
use tests::world::{Plan, RUNPOD_WEBHOOK_SECRET};
use tests::{Answer, Client, World, seed, templates};

const FIXED_URL: &str = "/api/runpod-webhook";

/// A job that the provider works on, and its callback URL.
async fn running(world: &World) -> (String, String) {
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    assert_eq!(world.client.job(&id).await["step"], "running");
    (id, world.provider.callback())
}

fn anyone(world: &World) -> Client {
    world.client.with_key(None)
}

async fn state(world: &World, id: &str) -> JobState {
    world.store().job(&seed::job_id(id)).await.unwrap().unwrap().state
}

/// What is kept of the webhooks that came in: the outcome of each, and its body.
async fn kept(world: &World) -> Vec<(String, Value)> {
    let client = aws_sdk_dynamodb::Client::new(&world.cloud.aws().sdk_config("tests"));
    let scan = client.scan().table_name(templates::table()).filter_expression("entity = :inbound");
    let scan = scan.expression_attribute_values(":inbound", AttributeValue::S("inbound".into()));
    let items = scan.send().await.unwrap().items.unwrap_or_default();
    let text = |value: &AttributeValue| value.as_s().unwrap().clone();
    let read = |item: &std::collections::HashMap<_, _>| {
        (text(&item["status"]), serde_json::from_str(&text(&item["body"])).unwrap())
    };
    items.iter().map(read).collect()
}

fn outcomes(kept: &[(String, Value)]) -> Vec<&str> {
    kept.iter().map(|(outcome, _)| outcome.as_str()).collect()
}

fn assert_refused(answer: &Answer, status: u16, field: Option<&str>) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json().get("field").and_then(Value::as_str), field, "{answer:?}");
}

#[tokio::test]
async fn a_second_one_changes_nothing() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    let body = world.provider.file_ready(&id);
    let first = anyone(&world).post(&callback, &body).await;
    let second = anyone(&world).post(&callback, &body).await;
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.json(), second.json());
    let done = world.run_until_job(&id, "completed").await;
    // Once more, long after.
    assert_eq!(anyone(&world).post(&callback, &body).await.json(), first.json());
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    assert_eq!(world.client.job(&id).await, done);
    assert_eq!((world.provider.fetches(), world.receiver.about(&id).len()), (1, 1));
    let mut kept = kept(&world).await;
    kept.sort_by_key(|(outcome, _)| outcome.clone());
    assert_eq!(outcomes(&kept), ["applied", "duplicate", "duplicate"]);
    assert!(kept.iter().all(|(_, kept)| *kept == body), "each body is kept as it came");
}

#[tokio::test]
async fn a_worker_that_knows_the_secret_may_sign_instead() {
    let world = World::new().await;
    let (id, _) = running(&world).await;
    let body = world.provider.file_ready(&id).to_string();
    let secret = domain::Secret::new(RUNPOD_WEBHOOK_SECRET);
    let signed = hex_hmac::sign(&secret, body.as_bytes()).unwrap();
    let bare = signed.trim_start_matches("sha256=").to_uppercase();
    for signature in [bare, signed] {
        let headers = [("X-Webhook-Signature", signature.as_str())];
        let answer = anyone(&world).post_with(FIXED_URL, &headers, body.clone()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    world.run_until_job(&id, "completed").await;
}

#[tokio::test]
async fn a_forged_one_is_refused_and_not_kept() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    let (other, others_callback) = running(&world).await;
    let body = world.provider.file_ready(&id);
    for url in [
        callback.replace("token=1.", "token=2."),
        format!("{callback}A"),
        callback.split("&token").next().unwrap().to_owned(),
        others_callback.replace(&other, &id),
        FIXED_URL.to_owned(),
    ] {
        assert_refused(&anyone(&world).post(&url, &body).await, 401, None);
    }
    let headers = [("X-Webhook-Signature", "sha256=00")];
    let answer = anyone(&world).post_with(FIXED_URL, &headers, body.to_string()).await;
    assert_refused(&answer, 401, None);
    // A right token opens no other job.
    assert_refused(&anyone(&world).post(&others_callback, &body).await, 422, Some("job_id"));
    world.quiet().await;
    assert_eq!(state(&world, &id).await, JobState::Running);
    assert_eq!((world.provider.fetches(), kept(&world).await), (0, vec![]));
}

#[tokio::test]
async fn one_that_cannot_be_read_is_told_why_and_changes_nothing() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    let good = world.provider.file_ready(&id);
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body
    };
    let assert_told = |answer: &Answer, field: &str| {
        assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(false)), "{answer:?}");
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with(&format!("{field}: ")), "{error}");
    };
    for (body, field) in [
        (with("job_id", Value::Null), "job_id"),
        (with("job_id", json!("../x")), "job_id"),
        (with("download_url", Value::Null), "download_url"),
        (with("download_url", json!(7)), "download_url"),
        (with("download_url", json!("ftp://x/y")), "download_url"),
        (json!([good]), "body"),
    ] {
        assert_told(&anyone(&world).post(&callback, &body).await, field);
    }
    assert_told(&anyone(&world).post_with(&callback, &[], "{\"job_id\":").await, "body");
    assert_eq!(state(&world, &id).await, JobState::Running);
}

#[tokio::test]
async fn a_body_of_more_than_256_kib_is_read_only_with_the_token_of_an_attempt() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    let large = "x".repeat(600_000);
    let mut body = world.provider.file_ready(&id);
    body["log"] = large.as_str().into();
    let text = body.to_string();
    let signature = hex_hmac::sign(&Secret::new(RUNPOD_WEBHOOK_SECRET), text.as_bytes()).unwrap();
    let signed = [(hex_hmac::SIGNATURE_HEADER, signature.as_str())];
    assert_refused(&anyone(&world).post_with(FIXED_URL, &signed, text).await, 413, None);
    let forged = format!("{FIXED_URL}?job={id}&token=1.forged");
    assert_refused(&anyone(&world).post(&forged, &body).await, 413, None);
    assert_eq!(kept(&world).await, []);
    let hint = json!({ "id": "task-1", "status": "COMPLETED", "input": { "text": large } });
    assert_eq!(anyone(&world).post(&callback, &hint).await.status, 200);
    let short = json!({ "id": "task-1", "status": "COMPLETED", "input": null,
        "hookreel_shortened": true });
    assert_eq!(kept(&world).await, [("applied".to_owned(), short)]);
    assert_eq!(anyone(&world).post(&callback, &body).await.status, 200);
}

#[tokio::test]
async fn one_that_overtakes_the_providers_own_answer_counts() {
    let world = World::frozen().await;
    seed::put(&world, seed::job("fast", seed::OWNER, JobState::Dispatched, 1)).await;
    let body = world.provider.file_ready("job_fast");
    let key = domain::Secret::new(tests::world::SIGNING_KEY);
    let token = signing::TokenKey::new(&key).unwrap();
    let token = token.callback_token(&seed::job_id("job_fast"), Attempt(1));
    let callback = format!("{FIXED_URL}?job=job_fast&token={token}");
    assert_eq!(anyone(&world).post(&callback, &body).await.json()["success"], true);
    let job = seed::job("fast", seed::OWNER, JobState::Dispatched, 1);
    let task = "task-1".parse().unwrap();
    let late = Change::accepted(&job, &task, false, world.clock.now());
    let late = world.store().change(&seed::job_id("job_fast"), &late).await.unwrap();
    assert!(matches!(late, Changed::Conflict(Some(_))), "{late:?}");
    assert_eq!(state(&world, "job_fast").await, JobState::Storing);
}

#[tokio::test]
async fn the_result_of_an_earlier_attempt_is_adopted_and_nothing_else_of_it() {
    let world = World::new().await;
    let (id, first) = running(&world).await;
    world.provider.tell("task-1", Value::Null);
    world.run_until("the second attempt", async || world.provider.runs().len() == 2).await;
    let second = world.provider.callback();
    assert_ne!(first, second);
    let failed = json!({ "id": "task-1", "job_id": id, "status": "FAILED", "error": "no" });
    assert_eq!(anyone(&world).post(&first, &failed).await.status, 200);
    world.quiet().await;
    let job = world.store().job(&seed::job_id(&id)).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempt), (JobState::Running, Attempt(2)));
    // It is paid for, and its inputs are still those of the job.
    let answer = anyone(&world).post(&first, &world.provider.file_ready(&id)).await;
    assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(true)));
    world.quiet().await;
    assert_eq!(state(&world, &id).await, JobState::Completed);
    // Both came at the same moment of the manual clock.
    let kept = kept(&world).await;
    let mut outcomes = outcomes(&kept);
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["applied", "superseded"]);
    let answer = anyone(&world).post(&second, &world.provider.file_ready(&id)).await;
    assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(false)));
    assert_eq!(world.provider.runs().len(), 2);
    assert_eq!(world.receiver.about(&id).len(), 1);
}

#[tokio::test]
async fn one_that_comes_after_the_end_is_kept_and_ignored() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    world.client.delete(&format!("/v1/jobs/{id}")).await;
    world.run_until_job(&id, "cancelled").await;
    let answer = anyone(&world).post(&callback, &world.provider.file_ready(&id)).await;
    assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(false)));
    world.quiet().await;
    assert_eq!(state(&world, &id).await, JobState::Cancelled);
    assert_eq!(world.provider.fetches(), 0);
}

#[tokio::test]
async fn runpods_own_word_is_believed_when_runpod_repeats_it() {
    let environment = vec![("RUNPOD_NATIVE_WEBHOOK", "true".to_owned())];
    let world = World::start(Plan { environment, ..Plan::default() }).await;
    let (id, callback) = running(&world).await;
    assert_eq!(world.provider.runs()[0]["webhook"], callback.as_str());
    let asked = world.provider.asked().len();

    let claim = |status: &str| {
        let output =
            json!({ "download_url": format!("{}/not-its-file.wav", world.provider.url()) });
        json!({ "id": "task-1", "status": status, "output": output, "error": "says so" })
    };
    for status in ["COMPLETED", "FAILED", "CANCELLED"] {
        let answer = anyone(&world).post(&callback, &claim(status)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        world.quiet().await;
        assert_eq!(state(&world, &id).await, JobState::Running, "{status} was believed");
        world.pass(std::time::Duration::from_millis(1));
    }
    assert_eq!(world.provider.asked().len(), asked + 3, "each time, the provider is asked");

    let output = world.provider.file_ready(&id);
    world
        .provider
        .tell("task-1", json!({ "id": "task-1", "status": "COMPLETED", "output": output }));
    anyone(&world).post(&callback, &claim("COMPLETED")).await;
    world.run_until_job(&id, "completed").await;
    assert_eq!((world.provider.fetches(), world.provider.confirmations().len()), (1, 1));
}

#[tokio::test]
async fn a_studio_that_forges_repeats_and_breaks_off() {
    let faults = Faults {
        forge_webhooks: 1.0,
        duplicate_webhooks: 1.0,
        truncate_files: 1.0,
        ..Faults::default()
    };
    let world = World::start(Plan { studio: Some(faults), ..Plan::default() }).await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    let job = world.run_until_job(&id, "completed").await;
    let [task] = &world.studio.as_ref().unwrap().tasks()[..] else { panic!("not one task") };
    let forged: Vec<_> = task.posts.iter().filter(|post| post.kind == PostKind::Forged).collect();
    assert_eq!((forged.len(), forged[0].answer), (1, Some(401)));
    assert_eq!((task.forged_fetches, task.fetches), (0, 2), "taken up again where it broke off");
    assert_eq!(job["outputs"][0]["bytes"].as_u64(), task.bytes);
    assert_eq!(world.receiver.about(&id).len(), 1);
}

#[tokio::test]
async fn without_any_webhook_the_provider_is_asked() {
    let faults = Faults { drop_webhooks: 1.0, ..Faults::default() };
    let world = World::start(Plan { studio: Some(faults), ..Plan::default() }).await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.run_until_job(&id, "completed").await;
    assert!(world.studio.as_ref().unwrap().tasks()[0].confirmed);
    assert_eq!(world.receiver.about(&id).len(), 1);
    // The pod waits a minute: it must have been asked by half of that.
    let passed = world.clock.now().since(tests::world::START);
    assert!(passed <= std::time::Duration::from_secs(31), "{passed:?}");
}
