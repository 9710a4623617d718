//! No webhook and no other call goes to the cloud's own ports, where it would come from this machine.

use domain::{Job, JobState};
use serde_json::json;
use tests::{World, seed};

fn own_urls(world: &World) -> Vec<String> {
    let port = |url: &str| url.rsplit_once(':').unwrap().1.to_owned();
    let (api, aws) = (world.cloud.api_url(), world.cloud.aws_url());
    let by_name = format!("http://localhost:{}", port(api));
    [api, aws, &by_name].iter().map(|url| format!("{url}/v1/health")).collect()
}

#[tokio::test]
async fn a_request_that_names_one_is_refused() {
    let world = World::frozen().await;
    for url in own_urls(&world) {
        let scene = json!([{ "prompt": "A harbour" }]);
        for (path, body, field) in [
            (
                "/v1/tts/async",
                json!({ "text": "a", "language": "om", "webhook_url": url }),
                "webhook_url",
            ),
            ("/v1/projects", json!({ "scenes": scene, "webhook_url": url }), "webhook_url"),
            ("/v1/endpoints", json!({ "url": url }), "url"),
        ] {
            let answer = world.client.post(path, &body).await;
            assert_eq!(
                (answer.status, &answer.json()["field"]),
                (422, &json!(field)),
                "{answer:?}"
            );
            let detail = answer.json()["detail"].to_string();
            assert!(detail.contains("must not lead to this service itself"), "{detail}");
        }
    }
}

#[tokio::test]
async fn a_webhook_that_is_stored_with_one_is_not_sent() {
    let world = World::new().await;
    let url = format!("{}/v1/health", world.cloud.api_url());
    let job = seed::job("waiting", seed::OWNER, JobState::Queued, 0);
    seed::put(&world, Job { webhook_url: Some(url), ..job }).await;
    world.client.delete("/v1/jobs/job_waiting").await;
    world.run_until_job("job_waiting", "cancelled").await;
    let list = world.client.get("/v1/deliveries").await.json();
    let attempt = &list["data"][0]["attempts"][0];
    assert!(attempt["status_code"].is_null(), "{list}");
    assert!(attempt["error"].to_string().contains("this service itself"), "{list}");
}
