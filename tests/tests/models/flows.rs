//! Trainings and predictions from submission to result, against a stand-in for their provider: by
//! webhook or by poll, whichever comes first.

use std::collections::BTreeSet;
use std::time::Duration;

use hookreel_studio::{Faults, ReplicateTaskView};
use serde_json::{Value, json};
use tests::world::{Plan, REPLICATE_API_TOKEN};
use tests::{Client, World};

use crate::models::{PREDICTIONS, TRAININGS, text};

pub const OFFICIAL: &str = "black-forest-labs/flux-schnell";
pub const TRAINER: &str = "ostris/flux-dev-lora-trainer";
pub const OWN: &str = "acme/portraits";

/// A world with a studio in which that goes wrong, with these variables.
async fn world(faults: Faults, environment: &[(&'static str, &str)]) -> World {
    let environment = environment.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let environment = environment.collect();
    World::start(Plan { studio: Some(faults), environment, ..Plan::default() }).await
}

const POLLED: (&str, &str) = ("REPLICATE_WEBHOOKS", "never");

fn tasks(world: &World) -> Vec<ReplicateTaskView> {
    world.studio.as_ref().unwrap().replicate_tasks()
}

/// How many tasks were run, and paid.
fn paid(world: &World) -> usize {
    tasks(world).iter().filter(|task| task.is_billed).count()
}

/// Submits a prediction of an official model, whose input has these members besides; its job.
async fn predict(world: &World, more: Value) -> String {
    let mut input = json!({ "prompt": "A red kite" });
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    let body = json!({ "model": OFFICIAL, "input": input, "webhook_url": world.receiver.url() });
    let answer = world.client.post(PREDICTIONS, &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    text(&answer.json(), "job_id").to_owned()
}

/// The id of the newest version of a model, as its provider says it.
pub async fn version(world: &World, model: &str) -> String {
    let studio = world.studio.as_ref().unwrap();
    let client = Client::new(studio.url(), Some(REPLICATE_API_TOKEN));
    let model = client.get(&format!("/v1/models/{model}")).await.json();
    text(&model["latest_version"], "id").to_owned()
}

/// Submits a training, whose input has these members; the answer.
async fn train(world: &World, input: Value) -> Value {
    let version = version(world, TRAINER).await;
    let body = json!({ "model": TRAINER, "version": version, "destination": OWN, "input": input,
        "webhook_url": world.receiver.url() });
    let answer = world.client.post(TRAININGS, &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()
}

async fn model(world: &World, id: &str) -> Value {
    world.client.get(&format!("/v1/models/{id}")).await.json()
}

/// A way in which the end of a task is learnt: what goes wrong at the studio, and variables.
type Way = (&'static str, Faults, Vec<(&'static str, &'static str)>);

fn ways() -> [Way; 4] {
    let none = Faults::default();
    [
        ("by webhook", none.clone(), vec![]),
        ("by poll", none.clone(), vec![POLLED]),
        ("webhooks dropped", Faults { drop_webhooks: 1.0, ..none.clone() }, vec![]),
        ("webhooks doubled", Faults { duplicate_webhooks: 1.0, ..none }, vec![]),
    ]
}

#[tokio::test]
async fn the_files_of_an_output_are_stored_and_its_json_is_kept() {
    for (way, faults, environment) in ways() {
        let world = world(faults, &environment).await;
        let output = json!({ "video": "file:mp4", "frames": ["file:png", "file:jpg"], "seconds": 1.5,
            "see": "https://example.com/licence" });
        let id = predict(&world, json!({ "output": output })).await;
        let job = world.run_until_job(&id, "completed").await;
        let named = |output: &Value| {
            (text(output, "name").to_owned(), text(output, "content_type").to_owned())
        };
        let outputs: Vec<_> = job["outputs"].as_array().unwrap().iter().map(named).collect();
        let expected =
            [("frames-0", "image/png"), ("frames-1", "image/jpeg"), ("video", "video/mp4")];
        let expected = expected.map(|(name, kind)| (name.to_owned(), kind.to_owned()));
        assert_eq!(outputs, expected, "{way}: {job}");
        assert_eq!(job["outputs"][1]["index"], 1, "{way}");
        assert_eq!(job["result"]["seconds"], 1.5, "{way}: {job}");
        assert_eq!(job["result"]["see"], "https://example.com/licence", "{way}");
        let video = world.client.get(&format!("/v1/download/{id}?output=video")).await;
        assert_eq!(video.status, 302, "{way}");
        assert_eq!((tasks(&world).len(), paid(&world)), (1, 1), "{way}");
        assert_eq!(world.receiver.about(&id).len(), 1, "{way}");
    }
}

#[tokio::test]
async fn a_training_makes_a_model_ready() {
    for (way, faults, environment) in ways() {
        let world = world(faults, &environment).await;
        let accepted = train(&world, json!({ "steps": 10 })).await;
        let (job_id, model_id) = (text(&accepted, "job_id"), text(&accepted, "model_id"));
        assert_eq!(model(&world, model_id).await["status"], "Training", "{way}");
        let job = world.run_until_job(job_id, "completed").await;
        assert_eq!(job["outputs"], json!([]), "{way}: {job}");
        let shown = model(&world, model_id).await;
        assert_eq!(shown["status"], "Ready", "{way}: {shown}");
        assert_eq!(shown["output"], job["result"], "{way}");
        let made = text(&shown, "version").to_owned();
        assert!(text(&shown, "weights").starts_with("http"), "{way}: {shown}");
        // What was trained runs.
        let body = json!({ "version": made, "input": { "prompt": "A kite" } });
        let run = world.client.post(PREDICTIONS, &body).await.json();
        world.run_until_job(text(&run, "job_id"), "completed").await;
        assert_eq!(paid(&world), 2, "{way}");
    }
}

#[tokio::test]
async fn a_failed_training_says_why() {
    for (way, faults, environment) in ways() {
        let world = world(faults, &environment).await;
        let accepted = train(&world, json!({ "error": "CUDA out of memory" })).await;
        let job = world.run_until_job(text(&accepted, "job_id"), "failed").await;
        assert_eq!(job["error"]["message"], "CUDA out of memory", "{way}: {job}");
        let shown = model(&world, text(&accepted, "model_id")).await;
        assert_eq!(shown["status"], "Failed", "{way}");
        assert_eq!(shown["error"], "CUDA out of memory", "{way}");
    }
}

#[tokio::test]
async fn an_output_without_a_file_completes_its_job() {
    let world = world(Faults::default(), &[]).await;
    let output = json!({ "text": "A poem.", "embedding": [0.25, 1e-300], "nothing": null });
    let id = predict(&world, json!({ "output": output })).await;
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!((&job["result"], &job["outputs"]), (&output, &json!([])));
}

#[tokio::test]
async fn a_result_that_is_too_long_for_the_job_is_a_file_of_its_own() {
    for (way, faults, environment) in ways() {
        let world = world(faults, &environment).await;
        let output = json!({ "log": "text:1048576", "image": "file:png", "n": 7 });
        let id = predict(&world, json!({ "output": output })).await;
        let job = world.run_until_job(&id, "completed").await;
        assert_eq!(job["result"], Value::Null, "{way}");
        let named = |output: &Value| {
            (text(output, "name").to_owned(), text(output, "content_type").to_owned())
        };
        let outputs: Vec<_> = job["outputs"].as_array().unwrap().iter().map(named).collect();
        let expected = [("image", "image/png"), ("result", "application/json")];
        assert_eq!(
            outputs,
            expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())),
            "{way}"
        );
        let link = world.client.get(&format!("/v1/download/{id}?output=result")).await;
        let anyone = world.client.with_key(None);
        let stored: Value = anyone.get(link.header("location")).await.json();
        assert_eq!((text(&stored, "log").len(), &stored["n"]), (1_048_576, &json!(7)), "{way}");
        assert!(text(&stored, "image").starts_with("http"), "{way}: {}", stored["image"]);
        assert_eq!((tasks(&world).len(), paid(&world)), (1, 1), "{way}");
        assert_eq!(world.receiver.about(&id).len(), 1, "{way}");
    }
}

#[tokio::test]
async fn a_result_that_is_longer_than_any_answer_ends_its_job_with_where_it_is() {
    let world = world(Faults::default(), &[POLLED]).await;
    let id = predict(&world, json!({ "output": "text:9000000" })).await;
    let job = world.run_until_job(&id, "failed").await;
    let task = &tasks(&world)[0].id;
    let message = format!(
        "What the provider returned is longer than 8388608 bytes. It is task {task} there."
    );
    assert_eq!(job["error"], json!({ "code": "file_invalid", "message": message }));
    assert_eq!((tasks(&world).len(), paid(&world)), (1, 1));
}

#[tokio::test]
async fn a_submission_whose_answer_was_lost_is_found_and_not_paid_twice() {
    for webhooks in ["always", "never"] {
        let faults = Faults { lose_answers: 1.0, drop_webhooks: 1.0, ..Faults::default() };
        let world = world(faults, &[("REPLICATE_WEBHOOKS", webhooks)]).await;
        let id = predict(&world, json!({})).await;
        world.run_until_job(&id, "completed").await;
        let accepted = train(&world, json!({})).await;
        world.run_until_job(text(&accepted, "job_id"), "completed").await;
        assert_eq!((tasks(&world).len(), paid(&world)), (2, 2), "{webhooks}");
    }
}

#[tokio::test]
async fn a_submission_that_never_arrived_is_made_again() {
    let world = World::new().await;
    world.provider.answer_runs(502);
    let body = json!({ "version": "5c7d5dc6", "input": { "prompt": "A red kite" } });
    let answer = world.client.post(PREDICTIONS, &body).await.json();
    let id = text(&answer, "job_id");
    world.quiet().await;
    assert_eq!(world.client.job(id).await["step"], "uncertain");
    world.provider.answer_runs(200);
    for _ in 0..10 {
        world.pass(Duration::from_secs(30));
        world.quiet().await;
    }
    assert_eq!(world.client.job(id).await["step"], "running");
    assert_eq!(world.provider.runs().len(), 2);
}

#[tokio::test]
async fn another_jobs_task_of_the_same_input_is_left_to_that_job() {
    let world = World::new().await;
    let body = json!({ "version": "5c7d5dc6", "input": { "prompt": "A red kite" } });
    let submit = async || {
        let answer = world.client.post(PREDICTIONS, &body).await.json();
        world.quiet().await;
        text(&answer, "job_id").to_owned()
    };
    let first = submit().await;
    world.provider.answer_runs(502);
    let second = submit().await;
    assert_eq!(world.client.job(&second).await["step"], "uncertain");
    world.provider.answer_runs(200);
    for _ in 0..10 {
        world.pass(Duration::from_secs(30));
        world.quiet().await;
    }
    let task = async |id: &str| world.store().job(&id.parse().unwrap()).await.unwrap().unwrap();
    let (first, second) = (task(&first).await, task(&second).await);
    assert_eq!(first.provider_task.unwrap().as_str(), "task-1");
    assert_eq!(second.provider_task.unwrap().as_str(), "task-3", "it was submitted again");
}

#[tokio::test]
async fn a_refusal_is_an_error_that_says_what_to_do() {
    for (status, code) in [(402, "no_credit"), (404, "no_such_model"), (422, "invalid_input")] {
        let faults = Faults { refuse_runs: 1.0, refuse_status: Some(status), ..Faults::default() };
        let world = world(faults, &[]).await;
        let id = predict(&world, json!({})).await;
        let job = world.run_until_job(&id, "failed").await;
        assert_eq!(job["error"]["code"], code, "{job}");
        assert_eq!(paid(&world), 0);
    }
}

#[tokio::test]
async fn a_provider_that_is_overloaded_is_asked_again_when_it_says() {
    let faults =
        Faults { refuse_runs: 0.5, refuse_status: Some(429), seed: 3, ..Faults::default() };
    let world = world(faults, &[]).await;
    let mut jobs = Vec::new();
    for _ in 0..6 {
        jobs.push(predict(&world, json!({})).await);
    }
    for id in &jobs {
        world.run_until_job(id, "completed").await;
    }
    assert_eq!(paid(&world), jobs.len());
}

#[tokio::test]
async fn a_cancel_reaches_the_provider() {
    let world = world(Faults::default(), &[]).await;
    let id = predict(&world, json!({ "processing_ms": 600_000 })).await;
    // The task stays at work, so the world is never silent.
    let job = format!("/v1/jobs/{id}");
    let is = async |step: &str| world.client.job(&id).await["step"] == step;
    until(async || is("running").await).await;
    assert_eq!(world.client.delete(&job).await.status, 202);
    until(async || is("cancelled").await).await;
    let statuses: BTreeSet<_> =
        tasks(&world).iter().map(|task| format!("{:?}", task.status)).collect();
    assert_eq!(statuses, BTreeSet::from(["Canceled".to_owned()]));
}

async fn until(holds: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "nothing happens");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn many_tasks_are_polled_by_one_call() {
    let world = world(Faults { drop_webhooks: 1.0, ..Faults::default() }, &[POLLED]).await;
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(predict(&world, json!({})).await);
    }
    for id in &jobs {
        world.run_until_job(id, "completed").await;
    }
    assert_eq!(paid(&world), jobs.len());
}
