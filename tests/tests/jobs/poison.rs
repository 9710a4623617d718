//! One change that cannot be worked on holds up no other.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tests::{World, templates};

/// How many jobs come after the change that cannot be read.
const JOBS: usize = 100;

#[tokio::test]
async fn a_character_that_sqs_refuses_arrives_and_holds_up_nobody() {
    let world = World::with_studio().await;
    let metadata = json!({ "a": "x\u{ffff}\u{fffe}y\u{1}" });
    let body = json!({
        "text": "Akkam?", "language": "oromo", "metadata": metadata,
        "webhook_url": world.receiver.url(),
    });
    let answer = world.client.post("/v1/tts/async", &body).await;
    let odd = answer.json()["job_id"].as_str().unwrap().to_owned();
    let plain = world.client.speak("Akkam?", &world.receiver.url()).await;
    for id in [&odd, &plain] {
        world.run_until_job(id, "completed").await;
        assert_eq!(world.receiver.about(id).len(), 1, "{id}");
    }
    let [webhook] = &world.receiver.about(&odd)[..] else { panic!("not one webhook") };
    assert_eq!(webhook.json()["data"]["metadata"], metadata);
}

#[tokio::test]
async fn a_change_that_cannot_be_read_is_parked_and_the_next_hundred_jobs_go_on() {
    let world = World::new().await;
    let aws = world.cloud.aws().sdk_config("tests");
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let table = aws_sdk_dynamodb::Client::new(&aws);
    table
        .put_item()
        .table_name(templates::table())
        .item("PK", text("JOB#job_unreadable"))
        .item("SK", text("JOB"))
        .item("entity", text("job"))
        .item("state", text("queued"))
        .item("attempt", text("many"))
        .send()
        .await
        .unwrap();
    for _ in 0..JOBS {
        world.client.speak("Akkam?", &world.receiver.url()).await;
    }
    world.quiet().await;
    assert_eq!(world.provider.runs().len(), JOBS);
    let parked = world.received("RelayDeadLetters").await;
    assert_eq!(parked.len(), 1, "{parked:?}");
    assert_eq!(parked[0]["item"], "JOB#job_unreadable");
}
