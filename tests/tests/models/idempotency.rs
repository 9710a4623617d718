//! `Idempotency-Key` at `POST /v1/trainings` and `POST /v1/predictions`: one job for one key, and one
//! training of the model.

use domain::Scope;
use serde_json::{Value, json};
use tests::{Answer, Client, World};

use super::{PREDICTIONS, TRAININGS, prediction, text, train, training};

async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    client.post_with(path, &[("idempotency-key", "order 7")], body.to_string()).await
}

async fn trainings(world: &World, model: &str) -> Vec<Value> {
    let model = world.client.get(&format!("/v1/models/{model}")).await.json();
    let trainings = model["trainings"].as_array().unwrap_or_else(|| panic!("{model}"));
    trainings.iter().map(|training| training["job_id"].clone()).collect()
}

#[tokio::test]
async fn the_same_request_creates_one_job() {
    for (path, body) in [(TRAININGS, training("acme/kites")), (PREDICTIONS, prediction())] {
        let world = World::frozen().await;
        let first = post(&world.client, path, &body).await;
        assert_eq!(first.status, 202, "{first:?}");
        let same = post(&world.client, path, &body).await;
        assert_eq!((same.status, same.json()), (202, first.json()));
        let jobs = world.client.get("/v1/jobs").await.json();
        assert_eq!(jobs["data"].as_array().unwrap().len(), 1, "{jobs}");
    }
}

#[tokio::test]
async fn a_model_is_trained_once_for_one_key() {
    let world = World::frozen().await;
    let first = post(&world.client, TRAININGS, &training("acme/kites")).await.json();
    let model = text(&first, "model_id").to_owned();
    post(&world.client, TRAININGS, &training("acme/kites")).await;
    assert_eq!(trainings(&world, &model).await, [first["job_id"].clone()]);

    let mut other = training("acme/kites");
    other["input"] = json!({ "images": "https://example.com/boats.zip" });
    for (path, body) in [(TRAININGS, other), (PREDICTIONS, prediction())] {
        let answer = post(&world.client, path, &body).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (409, &json!("idempotency_key_reused"))
        );
    }
    assert_eq!(trainings(&world, &model).await, [first["job_id"].clone()]);

    let second = train(&world.client, "acme/kites").await;
    assert_eq!(second["model_id"], first["model_id"], "the same destination, the same model");
    let both = [second["job_id"].clone(), first["job_id"].clone()];
    assert_eq!(trainings(&world, &model).await, both, "the latest first");
}

#[tokio::test]
async fn owners_have_models_of_their_own_in_one_destination() {
    let world = World::frozen().await;
    let other = world.client_of("somebody-else", &Scope::ALL).await;
    let [ours, theirs] = [&world.client, &other].map(|client| train(client, "acme/kites"));
    let (ours, theirs) = (ours.await, theirs.await);
    assert_ne!(ours["model_id"], theirs["model_id"]);
    assert_eq!(trainings(&world, text(&ours, "model_id")).await, [ours["job_id"].clone()]);
    let keyed = [&world.client, &other].map(|client| async {
        let answer = post(client, TRAININGS, &training("acme/kites")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.json()["job_id"].clone()
    });
    let [first, second] = keyed;
    assert_ne!(first.await, second.await, "a key is its owner's");
}
