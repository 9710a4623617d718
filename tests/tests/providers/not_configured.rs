//! A provider that is not configured needs no secret, and its jobs are refused at create.

use providers::registry;
use serde_json::json;
use tests::world::Plan;
use tests::{World, film};

/// A world in which the settings of these variables are empty.
async fn without(names: &[&'static str]) -> World {
    let environment = names.iter().map(|name| (*name, String::new())).collect();
    World::start(Plan { environment, ..Plan::default() }).await
}

#[tokio::test]
async fn jobs_without_a_provider_are_refused_with_a_clear_problem() {
    let url = registry::of(domain::JobKind::Tts).unwrap().settings();
    let world = without(&[url.url, url.key]).await;
    let body = json!({ "text": "Akkam jirta?", "language": "oromo" });
    let answer = world.client.post("/v1/tts/async", &body).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    assert_eq!(answer.json()["code"], "no_provider");
    assert!(answer.json()["detail"].as_str().unwrap().contains("tts"), "{answer:?}");
    let jobs = world.client.get("/v1/jobs").await.json();
    assert_eq!(jobs["data"], json!([]));
    // Other kinds are not concerned.
    let project = world.client.post("/v1/projects", &film::small(&world, 1)).await;
    assert_eq!(project.status, 202, "{project:?}");
}

#[tokio::test]
async fn projects_need_all_three_services() {
    for kind in [domain::JobKind::SceneVideo, domain::JobKind::LastFrame, domain::JobKind::Stitch] {
        let settings = registry::of(kind).unwrap().settings();
        let world = without(&[settings.url, settings.key, settings.webhook_secret]).await;
        let answer = world.client.post("/v1/projects", &film::small(&world, 1)).await;
        assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("no_provider")));
        assert!(answer.json()["detail"].as_str().unwrap().contains(kind.as_str()), "{answer:?}");
    }
}
