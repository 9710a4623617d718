//! How a task's end is understood that says less than it seems to: cancelled by its own time limit, or
//! a training with files.

use std::time::Duration;

use domain::job::{Source, SourceFile};
use domain::{Attempt, JobKind, JobState, Secret, limits};
use serde_json::json;
use signing::{TokenKey, standard_webhooks};
use store::Change;
use tests::world::{REPLICATE_WEBHOOK_SECRET, SIGNING_KEY};
use tests::{World, seed_models};

use super::lanes::message;
use crate::jobs::files::{Source as Server, response};

/// Has the provider report `body` about the first attempt of the job `job_sample`.
async fn report(world: &World, body: &str) {
    let tokens = TokenKey::new(&Secret::new(SIGNING_KEY)).unwrap();
    let token = tokens.callback_token(&"job_sample".parse().unwrap(), Attempt(1));
    let (now, secrets) = (world.clock.now(), [Secret::new(REPLICATE_WEBHOOK_SECRET)]);
    let signature = standard_webhooks::sign(&secrets, "msg_1", now, body.as_bytes()).unwrap();
    let seconds = now.as_seconds().to_string();
    let headers = [
        (standard_webhooks::ID_HEADER, "msg_1"),
        (standard_webhooks::TIMESTAMP_HEADER, &*seconds),
        (standard_webhooks::SIGNATURE_HEADER, &*signature),
    ];
    let url = format!("/api/webhooks/replicate/completed?job=job_sample&token={token}");
    let client = world.client.with_key(None);
    let answer = client.post_with(&url, &headers, body.to_owned()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn a_task_that_its_own_time_limit_ended_has_not_been_cancelled() {
    let (half_an_hour, just_before) =
        (Duration::from_mins(30), limits::RUN_DEADLINE.saturating_sub(Duration::from_secs(5)));
    for (word, passed, state, code) in [
        ("canceled", half_an_hour, JobState::Cancelled, None),
        ("canceled", just_before, JobState::Failed, Some("run_timeout")),
        ("aborted", limits::RUN_DEADLINE, JobState::Failed, Some("run_timeout")),
    ] {
        let world = World::frozen().await;
        let job = seed_models::running(JobKind::Prediction, &world).await;
        world.pass(passed);
        let task = job.provider_task.as_ref().unwrap();
        report(&world, &json!({ "id": task, "status": word }).to_string()).await;
        let job = world.store().job(&job.id).await.unwrap().unwrap();
        assert_eq!(job.state, state, "{word} after {passed:?}");
        assert_eq!(job.error.map(|error| json!(error.code)), code.map(|code| json!(code)));
    }
}

#[tokio::test]
async fn a_model_keeps_the_result_of_a_training_with_files() {
    let world = World::frozen().await;
    let server = Server::start(vec![response(200, "", b"a loss curve")]).await;
    let job = seed_models::running(JobKind::Training, &world).await;
    let source =
        Source::of(SourceFile { name: Some("curve".into()), ..SourceFile::at(&server.url) });
    let result = json!({ "version": "model-maker/kites:5e6f", "curve": server.url });
    let now = world.clock.now();
    let change = Change::succeeded(Some(job.attempt), &source, Some(&result), now).unwrap();
    world.store().advance(&job, &change, now).await.unwrap();
    world.cloud.invoke("ingest", message(job.id.as_str(), now)).await.unwrap();
    let id = &job.work.as_training().unwrap().model_id;
    let (model, jobs) = world.store().find_model(&job.owner, id).await.unwrap().unwrap();
    assert_eq!((jobs[0].state, jobs[0].outputs.len()), (JobState::Completed, 1));
    assert_eq!(model.outcome, domain::model::ModelOutcome::Ready);
    assert_eq!(model.output, Some(result));
}
