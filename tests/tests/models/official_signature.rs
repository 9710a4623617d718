//! Webhooks that the official library of Standard Webhooks has signed: they are accepted as they are, and
//! refused once anything of them is changed.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use domain::{JobKind, JobState, Secret, Timestamp};
use serde_json::json;
use signing::TokenKey;
use tests::world::{REPLICATE_WEBHOOK_SECRET, SIGNING_KEY};
use tests::{World, seed_models};

use crate::documents::webhooks_guide::libraries;

const PATH: &str = "/api/webhooks/replicate/completed";
const OTHER_SECRET: &str = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4";

/// What the official library signs `body` with.
fn signature(secret: &str, at: Timestamp, body: &str) -> String {
    let script = tests::templates::root().join("tests/verifiers/sign.py");
    let mut library = Command::new(libraries().join("python/bin/python"))
        .arg(script)
        .args([secret, "msg_1", &at.as_seconds().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    library.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let output = library.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Sends `body` with that time and signature to the callback URL of the job's first attempt.
async fn send(world: &World, at: Timestamp, signature: &str, body: &str) -> u16 {
    let tokens = TokenKey::new(&Secret::new(SIGNING_KEY)).unwrap();
    let (job, seconds) = ("job_sample".parse().unwrap(), at.as_seconds().to_string());
    let token = tokens.callback_token(&job, domain::Attempt(1));
    let headers = [
        ("webhook-id", "msg_1"),
        ("webhook-timestamp", &*seconds),
        ("webhook-signature", signature),
    ];
    let client = world.client.with_key(None);
    let url = format!("{PATH}?job={job}&token={token}");
    client.post_with(&url, &headers, body.to_owned()).await.status
}

#[tokio::test]
async fn is_accepted_and_what_was_changed_is_refused() {
    let world = World::frozen().await;
    let job = seed_models::running(JobKind::Prediction, &world).await;
    let task = job.provider_task.as_ref().unwrap();
    let body = json!({ "id": task, "status": "succeeded", "output": "a poem" }).to_string();
    let state = async || world.store().job(&job.id).await.unwrap().unwrap().state;
    let now = world.clock.now();
    let signed = |at| signature(REPLICATE_WEBHOOK_SECRET, at, &body);
    let good = signed(now);
    let (late, early) = (now - Duration::from_secs(301), now + Duration::from_secs(301));
    for (what, at, signature, body) in [
        ("altered", now, good.clone(), body.replace("poem", "song")),
        ("late", late, signed(late), body.clone()),
        ("early", early, signed(early), body.clone()),
        ("unsigned", now, String::new(), body.clone()),
        ("of another version", now, good.replace("v1,", "v2,"), body.clone()),
        ("of another time", now + Duration::from_secs(1), good.clone(), body.clone()),
        ("by another secret", now, self::signature(OTHER_SECRET, now, &body), body.clone()),
    ] {
        assert_eq!(send(&world, at, &signature, &body).await, 401, "{what}");
        assert_eq!(state().await, JobState::Running, "{what}");
    }
    let other = body.replace(task.as_str(), "task-of-another");
    let signature_of_other = signature(REPLICATE_WEBHOOK_SECRET, now, &other);
    assert_eq!(send(&world, now, &signature_of_other, &other).await, 200, "it is kept");
    assert_eq!(state().await, JobState::Running, "and changes nothing");
    assert_eq!(send(&world, now, &good, &body).await, 200);
    assert_eq!(state().await, JobState::Completed);
}
