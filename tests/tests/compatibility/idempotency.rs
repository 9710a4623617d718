//! What was asked for with an idempotency key before an update is not done again after it.

use serde_json::{Value, json};
use tests::samples::RECEIVER;

use super::{sample, stored, text};

#[tokio::test]
async fn a_job_of_a_stored_idempotency_key_is_not_created_again() {
    let world = stored("jobs").await;
    let sample = sample("jobs");
    let known = |item: &&Value| {
        item.get("request_sha256").is_some() && text(&item["request"]["M"], "text") == "Done."
    };
    let job = sample.items().iter().find(known).unwrap();
    let body = json!({ "text": "Done.", "language": "oromo",
        "webhook_url": format!("{RECEIVER}/hook"),
        "metadata": { "order": 7, "of": { "name": "Bontu" } } });
    let key = [("Idempotency-Key", "order 7")];
    let answer = world.client.post_with("/v1/tts/async", &key, body.to_string()).await;
    assert_eq!(answer.json()["job_id"], text(job, "id"), "{answer:?}");
    let other = json!({ "text": "Another.", "language": "oromo" });
    let answer = world.client.post_with("/v1/tts/async", &key, other.to_string()).await;
    assert_eq!(answer.status, 409, "{answer:?}");
}

#[tokio::test]
async fn a_project_of_a_stored_idempotency_key_is_not_created_again() {
    let world = stored("projects").await;
    let sample = sample("projects");
    let known =
        |item: &&Value| text(item, "SK") == "PROJECT" && item.get("request_sha256").is_some();
    let project = sample.items().iter().find(known).unwrap();
    let scene = |nth: usize| {
        json!({ "prompt": format!("Lakkoofsa {nth}"), "duration": 1.5,
            "options": { "seed": nth, "style": { "name": "ink" } } })
    };
    let body = json!({ "scenes": [scene(1), scene(2)], "stitch": { "transition": "none" },
        "width": 320, "height": 180, "webhook_url": format!("{RECEIVER}/hook"),
        "metadata": { "order": 7 } });
    let key = [("Idempotency-Key", "a film")];
    let answer = world.client.post_with("/v1/projects", &key, body.to_string()).await;
    assert_eq!(answer.json()["project_id"], text(project, "id"), "{answer:?}");
}

#[tokio::test]
async fn a_restart_of_a_stored_idempotency_key_is_not_done_again() {
    let world = stored("projects").await;
    let sample = sample("projects");
    let resumed = |item: &&Value| {
        text(item, "SK") == "PROJECT" && item["history"].to_string().contains("resumed")
    };
    let id = text(sample.items().iter().find(resumed).unwrap(), "id");
    let before = world.project(id).await;
    let path = format!("/v1/projects/{id}/resume");
    let answer = world.client.post_with(&path, &[("Idempotency-Key", "go on")], "").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(world.project(id).await, before);
}

#[tokio::test]
async fn an_endpoint_of_a_stored_idempotency_key_is_neither_created_nor_rotated_again() {
    let world = stored("deliveries").await;
    let sample = sample("deliveries");
    let known =
        |item: &&Value| text(item, "entity") == "endpoint" && item.get("request_sha256").is_some();
    let endpoint = text(sample.items().iter().find(known).unwrap(), "id");
    let body = json!({ "url": format!("{RECEIVER}/all"), "description": "All of it",
        "events": ["job.completed", "project.failed"], "retry_schedule_seconds": [3, 60],
        "rate_limit_per_second": 5, "headers": { "X-Tenant": "acme" }, "signing": "v1a" });
    let key = [("Idempotency-Key", "one")];
    let answer = world.client.post_with("/v1/endpoints", &key, body.to_string()).await;
    assert_eq!(answer.json()["id"], endpoint, "{answer:?}");
    let overlap = json!({ "overlap_seconds": 604_800 }).to_string();
    for (path, key) in [
        (format!("/v1/endpoints/{endpoint}/rotate-secret"), "two"),
        ("/v1/webhook-secret/rotate".to_owned(), "three"),
    ] {
        let shown = path.replace("/rotate-secret", "/secret").replace("/rotate", "");
        let before = world.client.get(&shown).await.json();
        let key = [("Idempotency-Key", key)];
        let answer = world.client.post_with(&path, &key, overlap.clone()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(world.client.get(&shown).await.json(), before);
    }
}
