//! Webhooks that come before what they speak of is saved: taken with 202, tried again, and at
//! the end recorded, never lost in silence.

use domain::{JobState, Secret};
use serde_json::{Value, json};
use signing::hex_hmac;
use store::InboundOutcome;
use tests::world::{RUNPOD_WEBHOOK_SECRET, VIDEO_WEBHOOK_SECRET};
use tests::{Answer, World, seed};

async fn post(world: &World, path: &str, secret: &str, body: &Value) -> Answer {
    let body = body.to_string();
    let signature = hex_hmac::sign(&Secret::new(secret), body.as_bytes()).unwrap();
    let headers = [("X-Webhook-Signature", signature.as_str())];
    world.client.with_key(None).post_with(path, &headers, body).await
}

/// What became of the one webhook kept about the job `id`.
async fn outcome(world: &World, id: &str) -> InboundOutcome {
    let client = aws_sdk_dynamodb::Client::new(&world.cloud.aws().sdk_config("tests"));
    let query = client.query().table_name(tests::templates::table());
    let query = query.key_condition_expression("PK = :job AND begins_with(SK, :inbound)");
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let query = query.expression_attribute_values(":job", text(format!("JOB#{id}")));
    let query = query.expression_attribute_values(":inbound", text("INBOUND#".to_owned()));
    let items = query.send().await.unwrap().items.unwrap();
    assert_eq!(items.len(), 1);
    let id = items[0]["id"].as_s().unwrap().parse().unwrap();
    world.store().inbound(&id).await.unwrap().unwrap().outcome
}

#[tokio::test]
async fn one_whose_job_comes_to_be_takes_effect() {
    let world = World::new().await;
    let body = world.provider.file_ready("job_late");
    let answer = post(&world, "/api/runpod-webhook", RUNPOD_WEBHOOK_SECRET, &body).await;
    assert_eq!((answer.status, &answer.json()["success"]), (202, &json!(false)));
    assert_eq!(outcome(&world, "job_late").await, InboundOutcome::Early);
    world.quiet().await;
    seed::put(&world, seed::job("late", seed::OWNER, JobState::Running, 1)).await;
    world.run_until_job("job_late", "completed").await;
    assert_eq!(outcome(&world, "job_late").await, InboundOutcome::Applied);
}

#[tokio::test]
async fn one_of_nothing_of_ours_ends_as_that() {
    let world = World::new().await;
    let body = json!({
        "task_id": "task_1", "status": "completed", "scene_id": "scene_001",
        "project_id": "proj_nowhere", "video_url": "https://cdn.example.com/a.mp4",
    });
    let answer = post(&world, "/api/webhooks/video-complete", VIDEO_WEBHOOK_SECRET, &body).await;
    let facts = json!({ "received": true, "status": "completed", "scene_updated": false, "last_frame_triggered": false });
    assert_eq!((answer.status, answer.json()), (202, facts));
    let step = "proj_nowhere-scene_001-video";
    assert_eq!(outcome(&world, step).await, InboundOutcome::Early);
    let began = world.clock.now();
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    assert_eq!(outcome(&world, step).await, InboundOutcome::UnknownJob);
    let minutes = world.clock.now().since(began).as_secs() / 60;
    assert!((3..10).contains(&minutes), "it was tried for {minutes} minutes");
}
