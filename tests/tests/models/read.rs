//! `GET /v1/models`: what has become of a model, one's own alone, page by page.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use bytes::Bytes;
use domain::{Scope, limits};
use http::Method;
use serde_json::{Value, json};
use tests::seed_models::{End, take};
use tests::{Client, World, seed, templates};

use super::{text, train};

async fn model(client: &Client, id: &str) -> Value {
    let answer = client.get(&format!("/v1/models/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn end(world: &World, job: &str, end: End) {
    take(&world.store(), &seed::job_id(job), &end, world.clock.now()).await;
}

/// The ids on all pages, in order.
async fn pages(client: &Client, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/models?limit={limit}{cursor}")).await.json();
        let models = page["data"].as_array().unwrap_or_else(|| panic!("{page}"));
        assert!(models.len() <= limit, "{page}");
        ids.extend(models.iter().map(|model| text(model, "model_id").to_owned()));
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            end => {
                assert!(end.is_null(), "{page}");
                return ids;
            }
        }
    }
}

#[tokio::test]
async fn the_latest_training_says_what_a_model_is() {
    let world = World::frozen().await;
    let first = train(&world.client, "acme/kites").await;
    let id = text(&first, "model_id").to_owned();
    world.pass(Duration::from_mins(5));
    let output = json!({ "version": "acme/kites:1a2b", "weights": "https://example.com/1.tar" });
    end(&world, text(&first, "job_id"), End::Succeeded(output.clone())).await;
    let ready = model(&world.client, &id).await;
    assert_eq!((&ready["status"], &ready["error"]), (&json!("Ready"), &Value::Null));
    assert_eq!((&ready["output"], &ready["version"]), (&output, &output["version"]));
    assert_eq!(ready["weights"], output["weights"]);
    assert_eq!(
        (text(&ready, "created_at"), text(&ready, "updated_at")),
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:05:00.000Z")
    );
    assert_eq!(ready["trainings"][0]["version"], output["version"]);

    let second = train(&world.client, "acme/kites").await;
    let again = model(&world.client, &id).await;
    assert_eq!((&again["status"], &again["version"]), (&json!("Training"), &output["version"]));
    end(&world, text(&second, "job_id"), End::Failed).await;
    let failed = model(&world.client, &id).await;
    assert_eq!(
        (text(&failed, "status"), text(&failed, "error")),
        ("Failed", "The training ran out of memory")
    );
    assert_eq!(failed["version"], output["version"], "the version of the first can still be run");
    assert_eq!(failed["trainings"][0]["error"]["code"], "provider_failed");
    assert_eq!(failed["trainings"][1]["status"], "completed");

    let third = train(&world.client, "acme/kites").await;
    assert_eq!(model(&world.client, &id).await["error"], Value::Null, "it is in training again");
    end(&world, text(&third, "job_id"), End::Succeeded(json!({ "version": "acme/kites:3" }))).await;
    let shown = model(&world.client, &id).await;
    assert_eq!((&shown["version"], &shown["weights"]), (&json!("acme/kites:3"), &Value::Null));
    let listed = world.client.get("/v1/models").await.json()["data"][0].clone();
    let mut without = shown.clone();
    without.as_object_mut().unwrap().remove("trainings");
    assert_eq!(listed, without, "the list shows the same, but for the trainings");
}

#[tokio::test]
async fn a_training_that_is_cancelled_while_queued_leaves_no_model_in_training() {
    let world = World::frozen().await;
    let training = train(&world.client, "acme/kites").await;
    let answer = world.client.delete(&format!("/v1/jobs/{}", text(&training, "job_id"))).await;
    assert_eq!(answer.json()["status"], "cancelled", "{answer:?}");
    let shown = model(&world.client, text(&training, "model_id")).await;
    for model in [shown, world.client.get("/v1/models").await.json()["data"][0].clone()] {
        assert_eq!(
            (text(&model, "status"), text(&model, "error")),
            ("Failed", "The training was cancelled.")
        );
    }
}

#[tokio::test]
async fn owners_see_their_own() {
    let world = World::frozen().await;
    let ours = train(&world.client, "acme/kites").await;
    let other = world.client_of("somebody-else", &[Scope::JobsRead, Scope::JobsWrite]).await;
    let theirs = train(&other, "acme/boats").await;
    for (client, model) in [(&other, &ours), (&world.client, &theirs)] {
        let answer = client.get(&format!("/v1/models/{}", text(model, "model_id"))).await;
        assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("not_found")));
    }
    assert_eq!(pages(&world.client, 20).await, [text(&ours, "model_id")]);
    assert_eq!(pages(&other, 20).await, [text(&theirs, "model_id")]);
    for id in ["mdl_none", "job_none", "x"] {
        assert_eq!(world.client.get(&format!("/v1/models/{id}")).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn newest_first_and_everything_once() {
    let world = World::frozen().await;
    let mut made = Vec::new();
    for number in 0..7 {
        let training = train(&world.client, &format!("acme/model-{number}")).await;
        made.push(text(&training, "model_id").to_owned());
        world.pass(Duration::from_secs(1));
    }
    train(&world.client, "acme/model-0").await;
    made.reverse();
    for limit in [1, 3, 7, 100] {
        assert_eq!(pages(&world.client, limit).await, made, "limit {limit}");
    }
    for (query, field) in [("limit=0", "limit"), ("limit=101", "limit"), ("cursor=!", "cursor")] {
        let answer = world.client.get(&format!("/v1/models?{query}")).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{query}");
    }
}

#[tokio::test]
async fn a_model_is_shown_with_its_last_trainings() {
    let world = World::frozen().await;
    let mut made = Vec::new();
    for _ in 0..=limits::TRAININGS {
        let training = train(&world.client, "acme/kites").await;
        made.push(training["job_id"].clone());
        world.pass(Duration::from_secs(1));
    }
    let id = text(&world.client.get("/v1/models").await.json()["data"][0], "model_id").to_owned();
    let shown = model(&world.client, &id).await;
    let trainings = shown["trainings"].as_array().unwrap().iter();
    let shown: Vec<_> = trainings.map(|training| training["job_id"].clone()).collect();
    made.reverse();
    assert_eq!(shown, made[..limits::TRAININGS]);
}

/// The model's item, whose list of trainings is changed to `ids` if there are any; its list.
async fn list_of_trainings(world: &World, model: &str, ids: Vec<AttributeValue>) -> Vec<String> {
    let client = aws_sdk_dynamodb::Client::new(&world.cloud.aws().sdk_config("tests"));
    let key = AttributeValue::S(format!("MODEL#{model}"));
    let item = client.update_item().table_name(templates::table()).key("PK", key);
    let item = item.key("SK", AttributeValue::S("MODEL".to_owned()));
    let item = if ids.is_empty() {
        item
    } else {
        let ids = AttributeValue::L(ids);
        item.update_expression("SET trainings = :ids").expression_attribute_values(":ids", ids)
    };
    let item = item.return_values(ReturnValue::AllNew).send().await.unwrap().attributes.unwrap();
    let ids = item["trainings"].as_l().unwrap().iter();
    ids.map(|id| id.as_s().unwrap().clone()).collect()
}

#[tokio::test]
async fn the_list_of_a_models_trainings_does_not_grow_without_bound() {
    let world = World::frozen().await;
    let first = train(&world.client, "acme/kites").await;
    let model_id = text(&first, "model_id");
    let ids = |numbers: std::ops::Range<u32>| numbers.map(|n| format!("job_{n}"));
    let many = ids(0..299).map(AttributeValue::S).collect();
    list_of_trainings(&world, model_id, many).await;
    for (kept, whole) in [(0..299, 300), (201..299, 100), (201..299, 101)] {
        let created = train(&world.client, "acme/kites").await;
        assert_eq!(created["model_id"], first["model_id"]);
        let list = list_of_trainings(&world, model_id, Vec::new()).await;
        assert_eq!(list.len(), whole);
        assert!(ids(kept).eq(list.iter().filter(|id| id.len() <= 7).cloned()), "{list:?}");
        assert_eq!(list.last().unwrap(), text(&created, "job_id"), "the latest is the last");
        let shown = model(&world.client, model_id).await;
        assert_eq!(shown["trainings"][0]["job_id"], created["job_id"]);
        assert_eq!(shown["job_id"], created["job_id"]);
    }
    let jobs = world.client.get("/v1/jobs?kind=training").await.json();
    assert_eq!(jobs["data"].as_array().unwrap().len(), 4, "all of them are listed");
}

#[tokio::test]
async fn head_is_answered_like_get_without_a_body() {
    let world = World::frozen().await;
    let training = train(&world.client, "acme/kites").await;
    for path in ["/v1/models", &format!("/v1/models/{}", text(&training, "model_id"))] {
        let head = world.client.try_send(Method::HEAD, path, &[], Bytes::new()).await.unwrap();
        assert_eq!((head.status, head.bytes.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-type"), "application/json", "{path}");
    }
}
