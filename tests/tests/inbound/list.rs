//! `/v1/inbound…`: what providers sent is kept, seen, and acted on again.

use std::time::Duration;

use domain::Scope;
use serde_json::{Value, json};
use tests::World;

/// A job that the provider works on, and the callback URL of its attempt.
async fn running(world: &World) -> (String, String) {
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    (id, world.provider.callback())
}

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let page = world.client.get(&format!("/v1/inbound?{query}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    page.json()["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_came_in_is_listed_with_what_became_of_it() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    let body = world.provider.file_ready(&id);
    for _ in 0..2 {
        assert_eq!(world.client.post(&callback, &body).await.status, 200);
        world.pass(Duration::from_millis(1));
    }
    let all = listed(&world, "").await;
    assert_eq!(all.len(), 2);
    assert_eq!((&all[0]["status"], &all[1]["status"]), (&json!("duplicate"), &json!("applied")));
    assert_eq!((&all[0]["job_id"], &all[0]["provider"]), (&json!(id), &json!("runpod")));
    assert_eq!(all[0]["body"]["text"], body.to_string());
    assert_eq!(listed(&world, "status=applied").await, all[1..]);
    assert_eq!(listed(&world, &format!("job_id={id}")).await, all);
    assert!(listed(&world, "job_id=job_nowhere").await.is_empty());
    for (query, field) in [
        ("status=lost", "status"),
        ("cursor=x", "cursor"),
        ("limit=0", "limit"),
        ("job_id=%2F", "job_id"),
    ] {
        let answer = world.client.get(&format!("/v1/inbound?{query}")).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)));
    }
}

#[tokio::test]
async fn pages_cover_the_webhooks_of_all_jobs() {
    let world = World::new().await;
    for _ in 0..3 {
        let (id, callback) = running(&world).await;
        for _ in 0..4 {
            world.client.post(&callback, &world.provider.file_ready(&id)).await;
            world.pass(Duration::from_millis(1));
        }
        world.quiet().await;
    }
    let all = listed(&world, "limit=100").await;
    assert_eq!(all.len(), 12);
    for limit in [1, 3, 4, 5] {
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/inbound?limit={limit}{cursor}");
            let page = world.client.get(&path).await.json();
            paged.extend(page["data"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(paged, all, "{limit} at a time");
    }
}

#[tokio::test]
async fn a_replay_acts_as_if_it_came_in_now() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    world.client.post(&callback, &world.provider.file_ready(&id)).await;
    world.run_until_job(&id, "completed").await;
    let kept = &listed(&world, "").await[0];
    let path = format!("/v1/inbound/{}/replay", kept["id"].as_str().unwrap());
    let replayed = world.client.post(&path, &json!({})).await;
    assert_eq!((replayed.status, &replayed.json()["status"]), (200, &json!("duplicate")));
    assert_eq!(listed(&world, "").await[0]["replayed_at"], replayed.json()["replayed_at"]);
    assert_eq!(world.client.job(&id).await["status"], "completed", "nothing goes backwards");

    let other = world.client_of("other", &[Scope::Webhooks]).await;
    assert_eq!(other.post(&path, &json!({})).await.status, 404);
    assert_eq!(other.get("/v1/inbound").await.json()["data"], json!([]));
    assert_eq!(world.client.post("/v1/inbound/in_1/replay", &json!({})).await.status, 404);
}
