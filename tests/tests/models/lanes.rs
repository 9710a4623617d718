//! Files that vanish: those whose provider deletes them soonest are pulled first, and one that does not
//! come delays none of the others that vanish with it.

use std::time::Duration;

use domain::job::{Source, SourceFile};
use domain::{JobKind, JobState, Timestamp};
use serde_json::{Value, json};
use store::Change;
use tests::{World, seed, seed_models, templates};

use crate::jobs::files::{Source as Server, response};

/// The first receipt of the message about `job`, sent at `sent_at`.
pub fn message(job: &str, sent_at: Timestamp) -> Value {
    let body = json!({ "job_id": job, "attempt": 1 });
    let attributes = json!({ "ApproximateReceiveCount": "1",
        "SentTimestamp": sent_at.as_millis().to_string() });
    json!({ "Records": [{
        "messageId": "one", "receiptHandle": "one", "body": body.to_string(),
        "attributes": attributes, "messageAttributes": {}, "eventSource": "aws:sqs",
    }] })
}

/// How many jobs wait in the slow lane.
fn in_slow_lane(world: &World) -> u64 {
    let ingest = templates::resolved().functions.iter().find(|function| function.name == "ingest");
    world.cloud.aws().queue_depth(&ingest.unwrap().queues[1].queue).unwrap().visible
}

/// A prediction whose provider has just announced `files`.
async fn storing(world: &World, files: &[String]) -> String {
    let job = seed_models::running(JobKind::Prediction, world).await;
    let file = |(index, url): (usize, &String)| SourceFile {
        name: Some(format!("output-{index}")),
        ..SourceFile::at(url.as_str())
    };
    let files = files.iter().enumerate().map(file).collect();
    let source = Source { files, confirmation_url: None };
    let change = Change::succeeded(Some(job.attempt), &source, None, world.clock.now()).unwrap();
    world.store().advance(&job, &change, world.clock.now()).await.unwrap();
    job.id.to_string()
}

async fn state(world: &World, job: &str) -> JobState {
    world.store().job(&seed::job_id(job)).await.unwrap().unwrap().state
}

#[tokio::test]
async fn in_a_backlog_what_is_kept_for_long_makes_way_for_what_vanishes_soon() {
    let world = World::frozen().await;
    let server = Server::start(vec![response(200, "", b"long-lived"); 1]).await;
    let prediction = storing(&world, std::slice::from_ref(&server.url)).await;
    let speech = seed::job("speech", seed::OWNER, JobState::Storing, 1);
    seed::put(&world, speech.clone()).await;
    let sent_at = world.clock.now();
    world.pass(Duration::from_secs(10));

    let answer = world.cloud.invoke("ingest", message(&prediction, sent_at)).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!((in_slow_lane(&world), server.heads().len()), (1, 0));
    assert_eq!(state(&world, &prediction).await, JobState::Storing);
    // The speech worker keeps its file for a minute: it is pulled where it is.
    world.cloud.invoke("ingest", message(speech.id.as_str(), sent_at)).await.unwrap();
    assert_eq!(in_slow_lane(&world), 1);

    // Without a backlog the prediction's file is pulled at once too.
    let now = world.clock.now();
    world.cloud.invoke("ingest", message(&prediction, now)).await.unwrap();
    assert_eq!(state(&world, &prediction).await, JobState::Completed);
    assert_eq!((in_slow_lane(&world), server.heads().len()), (1, 1));
}

#[tokio::test]
async fn a_file_that_does_not_come_delays_no_other_of_its_job() {
    let world = World::frozen().await;
    let late = Server::start(vec![response(503, "", b""), response(200, "", b"late")]).await;
    let there = Server::start(vec![response(200, "", b"there")]).await;
    let job = storing(&world, &[late.url.clone(), there.url.clone()]).await;
    let answer = world.cloud.invoke("ingest", message(&job, world.clock.now())).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([{ "itemIdentifier": "one" }]));
    assert_eq!(state(&world, &job).await, JobState::Storing);
    assert_eq!(world.objects().await.len(), 1, "the other file is stored");

    let mut again = message(&job, world.clock.now());
    again["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!("2");
    world.cloud.invoke("ingest", again).await.unwrap();
    assert_eq!(state(&world, &job).await, JobState::Completed);
    assert_eq!((late.heads().len(), there.heads().len()), (2, 1));
    let outputs = world.store().job(&seed::job_id(&job)).await.unwrap().unwrap().outputs;
    let names: Vec<_> = outputs.iter().map(|output| &*output.name).collect();
    assert_eq!(names, ["output-0", "output-1"]);
}
