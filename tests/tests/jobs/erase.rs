//! Retention, and what an owner erases: the table, the bucket and the API afterwards.

use std::time::Duration;

use domain::Scope;
use serde_json::{Value, json};
use tests::World;

use crate::endpoints::manage::create;

/// A job whose file is stored, with a provider's webhook that was kept.
async fn completed(world: &World) -> String {
    let body = json!({
        "text": "Akkam jirta?", "language": "oromo", "metadata": { "order": 7 },
        "webhook_url": world.receiver.url(),
    });
    finished(world, &body).await
}

async fn finished(world: &World, body: &Value) -> String {
    let answer = world.client.post("/v1/tts/async", body).await;
    let id = answer.json()["job_id"].as_str().unwrap().to_owned();
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!(world.objects().await.len(), job["outputs"].as_array().unwrap().len());
    id
}

async fn raw_webhooks(world: &World, id: &str) -> usize {
    let page = world.client.get(&format!("/v1/inbound?job_id={id}")).await.json();
    page["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_purged_job_leaves_nothing_but_that_it_was() {
    let world = World::with_studio().await;
    let id = completed(&world).await;
    let link = world.client.job(&id).await["audio_url"].as_str().unwrap().to_owned();
    assert!(raw_webhooks(&world, &id).await > 0);

    let answer = world.client.delete(&format!("/v1/jobs/{id}?purge=true")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world.quiet().await;
    assert!(world.objects().await.is_empty());
    assert_eq!(raw_webhooks(&world, &id).await, 0);
    let job = world.client.job(&id).await;
    assert_eq!((&job["status"], &job["outputs"]), (&json!("completed"), &json!([])));
    assert_eq!((&job["metadata"], &job["audio_url"]), (&Value::Null, &Value::Null));
    assert!(job["erased_at"].is_string(), "{job}");
    let items = serde_json::to_string(&world.items().await).unwrap();
    assert!(!items.contains("Akkam"), "the text is still stored: {items}");
    let answer = world.client.with_key(None).get(&link).await;
    assert_eq!((answer.status, &answer.json()["code"]), (410, &json!("gone")));

    let again = world.client.delete(&format!("/v1/jobs/{id}?purge=true")).await;
    assert_eq!(again.status, 200, "{again:?}");
}

#[tokio::test]
async fn a_late_webhook_of_a_purged_job_changes_nothing_and_is_not_kept() {
    let world = World::new().await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    let callback = world.provider.callback();
    let cancelled = world.client.delete(&format!("/v1/jobs/{id}")).await;
    assert_eq!(cancelled.status, 202);
    world.run_until_job(&id, "cancelled").await;
    let purged = world.client.delete(&format!("/v1/jobs/{id}?purge=true")).await;
    assert_eq!(purged.status, 200, "{purged:?}");
    world.quiet().await;
    let before = world.items().await;
    let report = json!({ "job_id": id, "download_url": "https://files.example.com/a.wav" });
    let answer = world.client.with_key(None).post(&callback, &report).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world.quiet().await;
    assert_eq!(world.items().await, before);
    assert_eq!(raw_webhooks(&world, &id).await, 0);
}

#[tokio::test]
async fn erased_outputs_leave_the_job_and_its_raw_webhooks() {
    let world = World::with_studio().await;
    let id = completed(&world).await;
    let kept = raw_webhooks(&world, &id).await;
    let answer = world.client.delete(&format!("/v1/jobs/{id}/outputs")).await;
    assert_eq!((answer.status, &answer.json()["outputs"]), (200, &json!([])), "{answer:?}");
    world.quiet().await;
    assert!(world.objects().await.is_empty());
    assert_eq!(world.client.job(&id).await["metadata"], json!({ "order": 7 }));
    assert_eq!(raw_webhooks(&world, &id).await, kept);
}

#[tokio::test]
async fn only_its_owner_erases_a_job_and_only_once_it_has_ended() {
    let world = World::new().await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    for path in [format!("/v1/jobs/{id}/outputs"), format!("/v1/jobs/{id}?purge=true")] {
        let answer = world.client.delete(&path).await;
        assert_eq!((answer.status, &answer.json()["code"]), (409, &json!("not_ended")));
        let other = world.client_of("other", &[Scope::JobsRead, Scope::JobsWrite]).await;
        assert_eq!(other.delete(&path).await.status, 404);
        let reader = world.client_of("local", &[Scope::JobsRead]).await;
        assert_eq!(reader.delete(&path).await.status, 403);
    }
    let unclear = world.client.delete(&format!("/v1/jobs/{id}?purge=yes")).await;
    assert_eq!((unclear.status, &unclear.json()["field"]), (422, &json!("purge")));
    assert_eq!(world.client.job(&id).await["cancel_requested"], false);
}

#[tokio::test]
async fn a_job_and_its_file_are_kept_as_long_as_the_request_says() {
    let world = World::with_studio().await;
    create(&world, json!({ "events": ["job.started"] })).await;
    let body = |days: i64| {
        json!({ "text": "Akkam?", "language": "oromo", "retention_days": days,
            "metadata": { "this": "is kept for a day" } })
    };
    for days in [0, 91, -1] {
        let answer = world.client.post("/v1/tts/async", &body(days)).await;
        let field = answer.json()["field"].clone();
        assert_eq!((answer.status, field), (422, json!("retention_days")), "{days}");
    }
    let short = finished(&world, &body(1)).await;
    assert_eq!(world.client.job(&short).await["expires_at"], "2026-01-02T00:00:00.000Z");
    world.pass(Duration::from_hours(25));
    world.cloud.aws().sweep().unwrap();
    world.quiet().await;
    assert_eq!(world.client.get(&format!("/v1/jobs/{short}")).await.status, 404);
    let items = serde_json::to_string(&world.items().await).unwrap();
    assert!(!items.contains("kept for a day"), "a webhook is still stored: {items}");
    assert!(world.objects().await.is_empty());
}
