//! A fault at every AWS call on the way of a training and of a prediction through the API: a client
//! that repeats its request has one job, and one training of its model.

use http::Method;
use serde_json::{Value, json};
use tests::World;

use super::{PREDICTIONS, TRAININGS, prediction, text, training};
use crate::jobs::faults::{Story, survives};
use crate::jobs::flows::insist;

/// What is created, read and cancelled.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// With a long request, which lies beside its job.
    Training,
    /// Likewise.
    Prediction,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_training_survives_a_fault_at_every_call() {
    survives(Way::Training).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prediction_survives_a_fault_at_every_call() {
    survives(Way::Prediction).await;
}

impl Story for Way {
    async fn world(self) -> World {
        World::frozen().await
    }

    async fn run(self, world: &World) {
        let (path, mut body) = match self {
            Self::Training => (TRAININGS, training("acme/kites")),
            Self::Prediction => (PREDICTIONS, prediction()),
        };
        body["input"]["prompt"] = "A red kite. ".repeat(50).into();
        let created = insist(world, Method::POST, path, &body).await;
        assert_eq!(created.status, 202, "{created:?}");
        let id = text(&created.json(), "job_id").to_owned();
        let jobs = get(world, "/v1/jobs").await;
        assert_eq!(jobs["data"].as_array().unwrap().len(), 1, "{jobs}");
        let job = format!("/v1/jobs/{id}");
        assert_eq!(get(world, &job).await["status"], "pending");
        get(world, &format!("{job}/timeline")).await;
        let models = get(world, "/v1/models").await["data"].clone();
        if matches!(self, Self::Prediction) {
            assert_eq!(models, json!([]));
        } else {
            let model = format!("/v1/models/{}", text(&models[0], "model_id"));
            let trainings = get(world, &model).await["trainings"].clone();
            assert_eq!(trainings.as_array().unwrap().len(), 1, "{trainings}");
            assert_eq!(trainings[0]["job_id"], id);
        }
        insist(world, Method::DELETE, &job, &Value::Null).await;
        assert_eq!(get(world, &job).await["status"], "cancelled");
    }
}

async fn get(world: &World, path: &str) -> Value {
    let answer = insist(world, Method::GET, path, &Value::Null).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}
