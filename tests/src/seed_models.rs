//! Models in every status under fixed ids, for the sample events and for tests that need one. Each of
//! their trainings has gone the way that a real one goes, change by change.

use std::time::Duration;

use domain::job::{ErrorCode, JobError, ModelRequest, Prediction, Source, Training, Work};
use domain::json_object::JsonObject;
use domain::model::ModelTarget;
use domain::{Attempt, Job, JobId, JobKind, JobState, OwnerId, Timestamp};
use serde_json::{Value, json};
use store::{Advanced, Change, Store};

use crate::World;
use crate::seed::{self, job_id};
use crate::world::START;

/// Whose models they are; no other sample is this owner's.
pub const MODEL_MAKER: &str = "model-maker";

/// Whose jobs are there for webhooks alone, and not on the pages of the others.
const PAINTER: &str = "painter";

/// How far a training is.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It waits to be dispatched.
    None,
    /// It succeeded, and returned this.
    Succeeded(Value),
    /// It failed.
    Failed,
    /// Its owner cancelled it while it was waiting.
    Cancelled,
}

/// Saves the models that the sample events speak of, each a second after the one before.
pub async fn put(world: &World) {
    let output = |version: &str| {
        let version = format!("model-maker/kites:{version}");
        End::Succeeded(json!({ "version": version, "weights": "https://example.com/kites.tar" }))
    };
    for (second, (job, model, owner, end)) in [
        ("job_trained", "mdl_ready", MODEL_MAKER, output("1a2b")),
        ("job_training", "mdl_training", MODEL_MAKER, End::None),
        ("job_not_trained", "mdl_failed", MODEL_MAKER, End::Failed),
        ("job_training_cancelled", "mdl_cancelled", MODEL_MAKER, End::Cancelled),
        ("job_training_foreign", "mdl_foreign", "somebody-else", End::None),
        ("job_trained_again", "mdl_ready", MODEL_MAKER, output("3c4d")),
    ]
    .into_iter()
    .enumerate()
    {
        let at = START + Duration::from_secs(second.try_into().unwrap());
        seed::put(world, training(job, model, owner, at)).await;
        take(&world.store(), &job_id(job), &end, at).await;
    }
    at_work(JobKind::Prediction, "job_predicting", "mdl_none", PAINTER, world).await;
    at_work(JobKind::Training, "job_training_now", "mdl_training_now", PAINTER, world).await;
}

/// A queued training with the id `id` of the model `model`.
#[must_use]
pub fn training(id: &str, model: &str, owner: &str, at: Timestamp) -> Job {
    let input = serde_json::value::to_raw_value(&json!({ "steps": 1000 })).unwrap();
    let training = Training {
        model_id: model.parse().unwrap(),
        destination: "model-maker/kites".parse().unwrap(),
        model: "stability-ai/sdxl".parse().unwrap(),
        version: "5c7d5dc6".parse().unwrap(),
        request: Some(ModelRequest { input: JsonObject::input(&input).unwrap() }),
    };
    Job::new(job_id(id), OwnerId::new(owner), Work::Training(training), at)
}

/// Saves a running job of `kind` in its first attempt, and returns it.
pub async fn running(kind: JobKind, world: &World) -> Job {
    at_work(kind, "job_sample", "mdl_sample", seed::OWNER, world).await
}

async fn at_work(kind: JobKind, id: &str, model: &str, owner: &str, world: &World) -> Job {
    let mut job = training(id, model, owner, START);
    if kind == JobKind::Prediction {
        let Work::Training(Training { version, request, .. }) = job.work else { unreachable!() };
        let target = ModelTarget::Version(version.to_string());
        job.work = Work::Prediction(Prediction { target, request });
    }
    let id = job.id.clone();
    seed::put(world, job).await;
    start(&world.store(), &id, START).await;
    world.store().job(&id).await.unwrap().unwrap()
}

/// Takes the queued training `id` to its end.
pub async fn take(store: &Store, id: &JobId, end: &End, at: Timestamp) {
    match end {
        End::None => {}
        End::Cancelled => {
            let job = store.job(id).await.unwrap().unwrap();
            // As the API cancels it: the model is not written.
            store.change(id, &Change::cancelled_by(&job.owner, at)).await.unwrap();
        }
        End::Succeeded(result) => {
            start(store, id, at).await;
            let (attempt, no_file) = (Some(Attempt(1)), Source::default());
            let change = Change::succeeded(attempt, &no_file, Some(result), at).unwrap();
            save(store, id, &change, at).await;
        }
        End::Failed => {
            start(store, id, at).await;
            let error = JobError::new(ErrorCode::ProviderFailed, "The training ran out of memory");
            save(store, id, &Change::failed(Attempt(1), &error, at).unwrap(), at).await;
        }
    }
}

async fn start(store: &Store, id: &JobId, at: Timestamp) {
    save(store, id, &Change::claimed(Attempt(0), "mark", at), at).await;
    let job = store.job(id).await.unwrap().unwrap();
    assert_eq!(job.state, JobState::Dispatched);
    let task = format!("task-{id}").parse().unwrap();
    save(store, id, &Change::accepted(&job, &task, false, at), at).await;
}

async fn save(store: &Store, id: &JobId, change: &Change, at: Timestamp) {
    let job = store.job(id).await.unwrap().unwrap();
    let advanced = store.advance(&job, change, at).await.unwrap();
    assert!(matches!(advanced, Advanced::Done), "{id}: {advanced:?}");
}
