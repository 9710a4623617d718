//! Records of the stream, written before and read after an update, make the same messages under
//! the same ids.

use serde_json::{Value, json};

use super::{holds, sample, stored};

/// The messages in an order of their own, with the webhooks in them as JSON. That a project was
/// cancelled was no event before, and a job of its own was first polled later.
fn comparable(messages: &[Value]) -> Vec<Value> {
    let mut messages = messages.to_vec();
    messages.retain(|message| message["body"]["event"] != "project.cancelled");
    for message in &mut messages {
        let body = &mut message["body"]["body"];
        if let Some(webhook) = body.as_str().and_then(|body| serde_json::from_str(body).ok()) {
            *body = webhook;
        }
        if message["to"] == "reconcile" && message["body"]["round"] == 0 {
            message["due_in_seconds"].take();
        }
    }
    messages.sort_by_key(|message| {
        let body = &message["body"];
        [&message["to"], &body["id"], &body["abandoned_task"]].map(Value::to_string)
    });
    messages
}

async fn assert_relayed_as_before(name: &str) {
    let world = stored(name).await;
    world.drain().await;
    let sample = sample(name);
    assert!(!sample.changes().is_empty());
    for change in sample.changes() {
        let record = &change["record"];
        let answer = world.cloud.invoke("relay", json!({ "Records": [record] })).await.unwrap();
        assert_eq!(answer.get("batchItemFailures").and_then(Value::as_array).map(Vec::len), None);
        let found = json!(comparable(&world.drain().await));
        let expected = json!(comparable(change["messages"].as_array().unwrap()));
        assert!(holds(&found, &expected), "{record:#}\nmade\n{found:#}\nand before\n{expected:#}");
    }
}

#[tokio::test]
async fn stored_changes_of_jobs_are_relayed_as_before() {
    assert_relayed_as_before("jobs").await;
}

#[tokio::test]
async fn stored_changes_of_deliveries_and_endpoints_are_relayed_as_before() {
    assert_relayed_as_before("deliveries").await;
}

#[tokio::test]
async fn stored_changes_of_projects_are_relayed_as_before() {
    assert_relayed_as_before("projects").await;
}
