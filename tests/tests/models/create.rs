//! `POST /v1/trainings` and `POST /v1/predictions`: what is answered, and what is stored.

use std::time::Duration;

use domain::job::{ModelRequest, OnUncertain, Work};
use domain::model::ModelTarget;
use domain::{Job, JobState, limits};
use serde_json::{Value, json};
use tests::{World, seed};

use super::{PREDICTIONS, TRAININGS, frozen_with, prediction, text, training};

async fn created(world: &World, path: &str, body: &str) -> (Value, Job) {
    let answer = world.client.post_with(path, &[], body.to_owned()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let answer = answer.json();
    let job = world.store().job(&seed::job_id(text(&answer, "job_id"))).await.unwrap();
    (answer, job.unwrap())
}

#[tokio::test]
async fn a_training_makes_a_job_and_a_model() {
    let world = World::frozen().await;
    let mut body = training("acme/kites");
    body["webhook_url"] = world.receiver.url().into();
    body["metadata"] = json!({ "order": 7 });
    let (answer, job) = created(&world, TRAININGS, &body.to_string()).await;
    let (id, model) = (text(&answer, "job_id"), text(&answer, "model_id"));
    let api = world.cloud.api_url();
    let expected = json!({ "job_id": id, "model_id": model, "status": "pending",
        "message": "Job queued",
        "links": { "self": format!("{api}/v1/jobs/{id}"), "model": format!("{api}/v1/models/{model}") } });
    assert_eq!(answer, expected);

    assert_eq!(job.state, JobState::Queued);
    let stored = job.work.as_training().unwrap();
    assert_eq!(
        (stored.model.as_str(), stored.version.as_str(), stored.destination.as_str()),
        ("stability-ai/sdxl", "5c7d5dc6", "acme/kites")
    );
    let shown = world.client.job(id).await;
    assert_eq!((&shown["kind"], &shown["status"]), (&json!("training"), &json!("pending")));
    assert_eq!((&shown["model_id"], &shown["metadata"]["order"]), (&json!(model), &json!(7)));

    let shown = world.client.get(&format!("/v1/models/{model}")).await.json();
    assert_eq!((&shown["name"], &shown["status"]), (&json!("acme/kites"), &json!("Training")));
    assert_eq!(shown["job_id"], id);
    assert_eq!(
        shown["links"],
        json!({ "self": answer["links"]["model"], "job": answer["links"]["self"] })
    );
    assert_eq!(shown["trainings"][0]["job_id"], id);
    assert_eq!(shown["trainings"][0]["status"], "pending");
}

#[tokio::test]
async fn the_input_is_kept_as_it_was_sent() {
    let world = World::frozen().await;
    let long = "A red kite. ".repeat(100);
    for (input, is_inline) in [
        (r#"{"seed":18446744073709551617,"scale":1.0,"b":null,"a":[]}"#.to_owned(), true),
        (format!(r#"{{"prompt":"{long}","seed":18446744073709551617}}"#), false),
    ] {
        let target = r#""version":"5c7d5dc6""#;
        let rest = r#""model":"a/b","destination":"acme/kites""#;
        for (path, body) in [
            (PREDICTIONS, format!(r#"{{{target}, "input": {input} }}"#)),
            (TRAININGS, format!(r#"{{{target}, {rest}, "input": {input} }}"#)),
        ] {
            let (_, job) = created(&world, path, &body).await;
            let within = match &job.work {
                Work::Training(training) => training.request.as_ref(),
                Work::Prediction(prediction) => prediction.request.as_ref(),
                other => panic!("{other:?}"),
            };
            assert_eq!(within.is_some(), is_inline, "{path}");
            let request = world.store().request::<ModelRequest>(&job.id, within).await.unwrap();
            assert_eq!(request.unwrap().input.as_str(), input, "{path}");
        }
    }
}

#[tokio::test]
async fn a_prediction_runs_a_version_a_model_or_a_deployment() {
    let world = World::frozen().await;
    let name = || "acme/kites".parse().unwrap();
    for (member, value, target) in [
        ("version", "5c7d5dc6", ModelTarget::Version("5c7d5dc6".to_owned())),
        ("version", "acme/kites:5c7d", ModelTarget::Version("acme/kites:5c7d".to_owned())),
        ("version", "acme/kites", ModelTarget::Version("acme/kites".to_owned())),
        ("model", "acme/kites", ModelTarget::Model(name())),
        ("deployment", "acme/kites", ModelTarget::Deployment(name())),
    ] {
        let body = json!({ member: value, "input": {} }).to_string();
        let (answer, job) = created(&world, PREDICTIONS, &body).await;
        let Work::Prediction(stored) = &job.work else { panic!("{job:?}") };
        assert_eq!(stored.target, target);
        let shown = world.client.job(job.id.as_str()).await;
        assert_eq!((&shown["kind"], &shown["model_id"]), (&json!("prediction"), &Value::Null));
        assert_eq!(answer["links"], json!({ "self": shown["links"]["self"] }));
    }
    let models = world.client.get("/v1/models").await.json();
    assert_eq!(models["data"], json!([]), "predictions make no model");
}

#[tokio::test]
async fn every_job_may_have_deadlines_of_its_own() {
    let world = World::frozen().await;
    let speech = json!({ "text": "Akkam jirta?", "language": "oromo" });
    let more = json!({ "start_timeout_seconds": 10, "timeout_seconds": 172_800.0,
        "on_uncertain": "fail", "retention_days": 2 });
    for (path, body, run) in [
        ("/v1/tts/async", speech, limits::RUN_DEADLINE),
        (PREDICTIONS, prediction(), limits::RUN_DEADLINE),
        (TRAININGS, training("acme/kites"), limits::TRAINING_DEADLINE),
    ] {
        let (_, job) = created(&world, path, &body.to_string()).await;
        let usual = (job.deadlines().start, job.deadlines().run, job.on_uncertain);
        assert_eq!(usual, (limits::START_DEADLINE, run, None), "{path}");
        let mut body = body.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (_, job) = created(&world, path, &body.to_string()).await;
        let days = Duration::from_hours(48);
        assert_eq!(job.deadlines().start, Duration::from_secs(10), "{path}");
        assert_eq!(job.deadlines().run, days, "{path}");
        assert_eq!(job.on_uncertain, Some(OnUncertain::Fail), "{path}");
        assert_eq!(job.expires_at, Some(job.created_at + days), "{path}");
    }
}

#[tokio::test]
async fn a_deployment_may_have_a_destination_for_all() {
    let world = frozen_with("TRAINING_DESTINATION", "acme/kites").await;
    let mut body = training("acme/kites");
    let named = created(&world, TRAININGS, &body.to_string()).await.0;
    body.as_object_mut().unwrap().remove("destination");
    let by_default = created(&world, TRAININGS, &body.to_string()).await.0;
    assert_eq!(named["model_id"], by_default["model_id"]);
    body["destination"] = "acme/boats".into();
    let other = created(&world, TRAININGS, &body.to_string()).await.0;
    assert_ne!(named["model_id"], other["model_id"], "a request may name another");
}
