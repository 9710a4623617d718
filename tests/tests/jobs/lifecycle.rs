//! The whole road, once: text in, verified webhook and playable audio out, the pod told.

use sha2::{Digest, Sha256};
use tests::{World, wav};

const TEXT: &str = "Akkam jirta? Nagaa jirta? Galatoomi.";

#[tokio::test]
async fn text_in_webhook_and_audio_out() {
    let world = World::with_studio().await;
    let id = world.client.speak(TEXT, &world.receiver.url()).await;
    let job = world.run_until_job(&id, "completed").await;

    let [webhook] = &world.receiver.about(&id)[..] else { panic!("not one webhook") };
    let secret = world.client.get("/v1/webhook-secret").await.json();
    webhook.verify(secret["secret"].as_str().unwrap()).unwrap();
    assert_eq!(webhook.header("content-type"), "application/json");
    assert_eq!(webhook.header("x-webhook-timestamp"), webhook.header("webhook-timestamp"));
    assert!(webhook.header("x-webhook-signature").starts_with("sha256="));
    assert!(webhook.id().starts_with("msg_"), "{}", webhook.id());
    assert!(webhook.body.len() < 20_000);

    let body = webhook.json();
    assert_eq!(body["type"], "job.completed");
    assert_eq!((&body["job_id"], &body["status"]), (&job["job_id"], &job["status"]));
    assert_eq!(body["completed_at"], job["completed_at"]);
    assert_eq!(body["timestamp"], job["completed_at"]);
    assert_eq!(body["audio_url"], job["audio_url"]);
    assert_eq!(body["data"], job);

    let output = &job["outputs"][0];
    let link = body["audio_url"].as_str().unwrap();
    let anyone = world.client.with_key(None);
    let redirect = anyone.get(link).await;
    assert_eq!(redirect.status, 302, "{redirect:?}");
    let file = anyone.get(redirect.header("location")).await;
    assert_eq!(file.status, 200, "{file:?}");
    assert_eq!(file.header("content-type"), "audio/wav");
    assert_eq!(Some(file.bytes.len() as u64), output["bytes"].as_u64());
    assert_eq!(hex::encode(Sha256::digest(&file.bytes)), output["sha256"].as_str().unwrap());
    assert_eq!(Some(wav::duration_ms(&file.bytes)), output["duration_ms"].as_u64());

    let tasks = world.studio.as_ref().unwrap().tasks();
    assert_eq!(tasks.len(), 1);
    assert!(tasks[0].confirmed && tasks[0].fetches == 1, "{tasks:?}");
}

#[tokio::test]
async fn file_is_confirmed_to_the_worker() {
    let world = World::new().await;
    let id = world.client.speak(TEXT, &world.receiver.url()).await;
    world.quiet().await;
    let run = &world.provider.runs()[0];
    assert_eq!(run["input"]["text"], TEXT);
    assert_eq!(run["input"]["language"], "oromo");
    assert_eq!(run["input"]["job_id"], id.as_str());

    let body = world.provider.file_ready(&id);
    let answer = world.client.with_key(None).post(&world.provider.callback(), &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    assert_eq!((&answer["success"], &answer["job_id"]), (&true.into(), &id.clone().into()));
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!(answer["audioUrl"], job["audio_url"]);
    assert_eq!(job["outputs"][0]["duration_ms"], wav::SAMPLE_MS);

    let now = world.clock.now().as_millis();
    let expected = serde_json::json!({ "job_id": id, "status": "downloaded", "timestamp": now });
    assert_eq!(world.provider.confirmations(), [expected]);
}

#[tokio::test]
async fn a_long_text_takes_the_same_road() {
    let world = World::with_studio().await;
    let text = "Nagaa jirtaa. ".repeat(2_000);
    let id = world.client.speak(&text, &world.receiver.url()).await;
    let job = world.run_until_job(&id, "completed").await;
    // The studio's tone ends after half a minute.
    assert_eq!(job["outputs"][0]["duration_ms"], 30_000);
    assert_eq!(world.receiver.about(&id).len(), 1);
}

#[tokio::test]
async fn what_a_provider_cannot_do_fails_the_job_and_its_owner_is_told() {
    let world = World::new().await;
    world.provider.answer_runs(400);
    let id = world.client.speak(TEXT, &world.receiver.url()).await;
    let job = world.run_until_job(&id, "failed").await;
    assert_eq!(job["error"]["code"], "provider_rejected");
    let [webhook] = &world.receiver.about(&id)[..] else { panic!("not one webhook") };
    assert_eq!(webhook.json()["type"], "job.failed");
    assert_eq!(webhook.json()["error"], job["error"]["message"]);
}

#[tokio::test]
async fn a_provider_that_is_down_gets_the_job_when_it_is_back() {
    let world = World::new().await;
    world.provider.answer_runs(503);
    let id = world.client.speak(TEXT, &world.receiver.url()).await;
    world.run_until("the third try", async || world.provider.runs().len() == 3).await;
    assert_eq!(world.client.job(&id).await["status"], "pending");
    world.provider.answer_runs(200);
    world
        .run_until("the job runs", async || world.client.job(&id).await["step"] == "running")
        .await;
    let body = world.provider.file_ready(&id);
    world.client.post(&world.provider.callback(), &body).await;
    world.run_until_job(&id, "completed").await;
}
