//! Stored jobs go on from every state, with the messages that were in the queues.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::{Stored, World, samples};

use super::{resumed, sample, text};

/// How each job of the sample ends, by the text it speaks, once its provider works again.
const ENDS: [(&str, &str); 14] = [
    ("Done.", "completed"),
    ("Queued.", "completed"),
    ("Nagaa jirtaa. ", "completed"),
    ("Queued again.", "completed"),
    ("Put back.", "completed"),
    ("Dispatched.", "completed"),
    ("Running.", "completed"),
    ("Progress.", "completed"),
    ("Reported.", "failed"),
    ("Storing.", "completed"),
    ("Completed.", "completed"),
    ("Rejected.", "failed"),
    ("Cancel requested.", "cancelled"),
    ("Cancelled.", "cancelled"),
];

/// The id of the stored job that speaks `words`, or a text that begins with them.
fn id_of(sample: &Stored, words: &str) -> String {
    let speaks = |item: &&Value| {
        text(&item["request"]["M"], "text") == words
            || text(item, "SK") == "REQUEST" && text(item, "text").starts_with(words)
    };
    let item = sample.items().iter().find(speaks).expect(words);
    text(item, "PK").trim_start_matches("JOB#").to_owned()
}

/// The task that the provider runs for the job `id`, and the callback URL of it.
fn task_of(world: &World, id: &str) -> (String, String) {
    let runs = world.provider.runs();
    let nth = runs.iter().rposition(|run| run["input"]["job_id"] == id).expect(id);
    let callback = runs[nth]["input"]["webhook_url"].as_str().unwrap();
    (format!("task-{}", nth + 1), callback.replace(samples::API, world.cloud.api_url()))
}

/// The provider's worker reports that the file of the job `id` is ready.
async fn report(world: &World, id: &str) {
    let (_, callback) = task_of(world, id);
    let worker = world.client.with_key(None);
    let answer = worker.post(&callback, &world.provider.file_ready(id)).await;
    assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(true)), "{answer:?}");
}

async fn statuses(world: &World, sample: &Stored) -> BTreeMap<&'static str, String> {
    let mut statuses = BTreeMap::new();
    for (words, _) in ENDS {
        let job = world.client.job(&id_of(sample, words)).await;
        statuses.insert(words, job["status"].as_str().unwrap().to_owned());
    }
    statuses
}

/// Runs until every job has ended; the provider completes each task that it is newly asked for.
async fn run_to_the_ends(world: &World, sample: &Stored) {
    let reported = std::cell::Cell::new(sample.tasks().len());
    world
        .run_until("every job has ended", async || {
            while let Some(run) = world.provider.runs().get(reported.get()) {
                reported.set(reported.get() + 1);
                report(world, run["input"]["job_id"].as_str().unwrap()).await;
                world.quiet().await;
            }
            let statuses = statuses(world, sample).await;
            statuses.values().all(|status| !["pending", "processing"].contains(&status.as_str()))
        })
        .await;
    world.run_out().await;
}

#[tokio::test]
async fn stored_jobs_come_to_the_right_ends() {
    let (world, sample) = (resumed("jobs").await, sample("jobs"));
    let id = |words| id_of(&sample, words);
    // One task is polled, one reported by a webhook to its stored callback URL, one has failed.
    let (polled, _) = task_of(&world, &id("Running."));
    let output = world.provider.file_ready(&id("Running."));
    world.provider.tell(&polled, json!({ "id": polled, "status": "COMPLETED", "output": output }));
    let (failed, _) = task_of(&world, &id("Reported."));
    world.provider.tell(&failed, json!({ "id": failed, "status": "FAILED", "error": "no voice" }));
    report(&world, &id("Progress.")).await;
    run_to_the_ends(&world, &sample).await;
    assert_eq!(
        statuses(&world, &sample).await,
        ENDS.map(|(words, end)| (words, end.to_owned())).into()
    );
    assert!(world.provider.asked().contains(&polled), "it was polled");
    let (cancelled, _) = task_of(&world, &id("Cancel requested."));
    assert!(world.provider.cancelled().contains(&cancelled));

    let attempts = |words| {
        let id = id(words);
        world.provider.runs().iter().filter(|run| run["input"]["job_id"] == id.as_str()).count()
    };
    assert_eq!(attempts("Cancelled."), 0, "its message to dispatch was void");
    for words in ["Queued.", "Nagaa jirtaa. ", "Running.", "Progress.", "Storing."] {
        assert_eq!(attempts(words), 1, "{words}");
    }
    for words in ["Queued again.", "Put back.", "Dispatched."] {
        assert_eq!(attempts(words), 2, "{words}");
    }
    let long = world
        .provider
        .runs()
        .into_iter()
        .find(|run| run["input"]["job_id"] == id("Nagaa jirtaa. ").as_str());
    assert_eq!(long.unwrap()["input"]["text"].as_str().map(str::len), Some(30 * 14));
    assert_eq!(world.messages_left(), []);
}

#[tokio::test]
async fn owners_of_stored_jobs_are_notified_once() {
    let (world, sample) = (resumed("jobs").await, sample("jobs"));
    for words in ["Running.", "Progress."] {
        report(&world, &id_of(&sample, words)).await;
    }
    let (failed, _) = task_of(&world, &id_of(&sample, "Reported."));
    world.provider.tell(&failed, json!({ "id": failed, "status": "FAILED", "error": "no voice" }));
    run_to_the_ends(&world, &sample).await;
    let secret = world.client.get("/v1/webhook-secret").await.json();
    for (words, end) in ENDS {
        let id = id_of(&sample, words);
        // An endpoint is notified of progress, at an address of its own.
        let mut webhooks = world.receiver.about(&id);
        webhooks.retain(|webhook| webhook.path == "/hook");
        // The first had been delivered before, and the second has nobody to notify.
        if ["Done.", "Queued."].contains(&words) {
            assert!(webhooks.is_empty(), "{words}: {webhooks:?}");
            continue;
        }
        let [webhook] = &webhooks[..] else { panic!("{words}: not one webhook: {webhooks:?}") };
        assert_eq!(webhook.json()["type"], format!("job.{end}"), "{words}");
        webhook.verify(secret["secret"].as_str().unwrap()).unwrap();
        let mut stored = sample.messages().iter().map(|message| &message["body"]);
        let of_job = |message: &&Value| {
            message["job_id"] == id.as_str() && message["event"] == format!("job.{end}")
        };
        if let Some(message) = stored.find(of_job) {
            assert_eq!(webhook.id(), message["id"].as_str().unwrap(), "{words}");
            assert_eq!(webhook.json()["completed_at"], body(message)["completed_at"], "{words}");
        }
    }
}

fn body(message: &Value) -> Value {
    serde_json::from_str(message["body"].as_str().unwrap()).unwrap()
}
