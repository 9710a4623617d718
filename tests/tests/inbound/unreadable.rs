//! Webhooks whose sender is proven and whose body cannot be read: kept with their job, accepted, and
//! without any effect.

use std::time::Duration;

use domain::{Attempt, Scope, Secret};
use serde_json::{Value, json};
use signing::{TokenKey, hex_hmac};
use tests::seed_projects::{self, Head};
use tests::world::{RUNPOD_WEBHOOK_SECRET, SIGNING_KEY, VIDEO_WEBHOOK_SECRET};
use tests::{Answer, World, seed};

const VIDEO: &str = "/api/webhooks/video-complete";

async fn signed(world: &World, url: &str, secret: &str, body: &[u8]) -> Answer {
    let signature = hex_hmac::sign(&Secret::new(secret), body).unwrap();
    let headers = [(hex_hmac::SIGNATURE_HEADER, signature.as_str())];
    world.client.with_key(None).post_with(url, &headers, body.to_vec()).await
}

async fn unreadable(world: &World) -> Vec<Value> {
    world.all("/v1/inbound?status=unreadable").await
}

/// A job that the provider works on, and the callback URL of its attempt.
async fn running(world: &World) -> (String, String) {
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    (id, world.provider.callback())
}

#[tokio::test]
async fn one_is_shown_to_the_owner_of_the_job_of_its_callback_url() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    for body in [&b"job_id=1&status=done"[..], b"\xff\xfe{", b"[{}]", b"{\"job_id\":"] {
        let answer = world.client.with_key(None).post_with(&callback, &[], body.to_vec()).await;
        assert_eq!((answer.status, &answer.json()["success"]), (200, &json!(false)), "{answer:?}");
        world.pass(Duration::from_millis(1));
    }
    let kept = unreadable(&world).await;
    assert_eq!(kept.len(), 4);
    assert!(kept.iter().all(|kept| kept["job_id"] == id && kept["provider"] == "runpod"));
    assert_eq!(kept[3]["body"]["text"], "job_id=1&status=done");
    assert_eq!(kept[2]["body"]["base64"], "//57");
    let timeline = world.client.get(&format!("/v1/jobs/{id}/timeline")).await.json();
    let shown = timeline["data"].as_array().unwrap().iter();
    assert_eq!(shown.filter(|entry| entry["outcome"] == "unreadable").count(), 4);
    let other = world.client_of("other", &[Scope::Webhooks]).await;
    assert_eq!(other.get("/v1/inbound?status=unreadable").await.json()["data"], json!([]));

    let replay = format!("/v1/inbound/{}/replay", kept[0]["id"].as_str().unwrap());
    let replayed = world.client.post(&replay, &json!({})).await;
    assert_eq!((replayed.status, &replayed.json()["field"]), (422, &json!("body")));

    // The task's result counts all the same.
    world.client.post(&callback, &world.provider.file_ready(&id)).await;
    world.run_until_job(&id, "completed").await;
}

#[tokio::test]
async fn a_step_of_a_project_is_found_by_the_callback_url_or_the_body() {
    let world = World::frozen().await;
    seed_projects::project(&world, "proj_sample", seed::OWNER, 0, Head::Running).await;
    let step = "proj_sample-scene_001-video";
    let tokens = TokenKey::new(&Secret::new(SIGNING_KEY)).unwrap();
    let token = tokens.callback_token(&seed::job_id(step), Attempt(1));
    let callback = format!("{VIDEO}?job={step}&token={token}");
    let no_task = br#"{"project_id":"proj_sample","scene_id":"scene_001","status":"completed"}"#;
    for (url, body) in [(callback.as_str(), &b"<xml/>"[..]), (VIDEO, &no_task[..])] {
        let answer = signed(&world, url, VIDEO_WEBHOOK_SECRET, body).await;
        let facts = answer.json();
        assert_eq!((answer.status, &facts["received"]), (200, &json!(true)), "{answer:?}");
        assert_eq!(
            (&facts["status"], &facts["scene_updated"]),
            (&json!("unreadable"), &json!(false))
        );
        world.pass(Duration::from_millis(1));
    }
    let kept = world.all("/v1/inbound?project_id=proj_sample").await;
    let bodies: Vec<_> = kept.iter().map(|kept| kept["body"]["text"].as_str().unwrap()).collect();
    assert_eq!(bodies, [std::str::from_utf8(no_task).unwrap(), "<xml/>"]);
    assert!(kept.iter().all(|kept| kept["status"] == "unreadable" && kept["job_id"] == step));
}

#[tokio::test]
async fn one_of_no_job_of_the_providers_is_refused_and_not_kept() {
    let world = World::new().await;
    let (id, _) = running(&world).await;
    let of_another_provider = format!(r#"{{"project_id":"{id}","scene_id":"scene_001"}}"#);
    for (url, secret, body, status) in [
        ("/api/runpod-webhook", RUNPOD_WEBHOOK_SECRET, "no JSON", 422),
        ("/api/runpod-webhook", RUNPOD_WEBHOOK_SECRET, r#"{"job_id":"job_nowhere"}"#, 422),
        (VIDEO, VIDEO_WEBHOOK_SECRET, "no JSON", 400),
        (VIDEO, VIDEO_WEBHOOK_SECRET, &of_another_provider, 400),
    ] {
        let answer = signed(&world, url, secret, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert!(answer.json()["field"].is_string(), "{body}: {answer:?}");
    }
    assert!(unreadable(&world).await.is_empty());
}

#[tokio::test]
async fn the_status_may_be_as_unreadable_and_the_job_ends() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    world.provider.tell("task-1", json!(["as unreadable"]));
    let body = b"as unreadable".to_vec();
    assert_eq!(world.client.post_with(&callback, &[], body).await.status, 200);
    world.run_until_job(&id, "failed").await;
    assert_eq!(world.client.job(&id).await["error"]["code"], "provider_failed");
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    assert!(world.provider.asked().len() <= 6, "{:?}", world.provider.asked());
    assert!(world.clock.now().since(tests::world::START) < Duration::from_mins(30));
    assert_eq!((unreadable(&world).await.len(), world.provider.runs().len()), (1, 1));
}

#[tokio::test]
async fn nothing_is_kept_of_a_job_that_was_erased() {
    let world = World::new().await;
    let (id, callback) = running(&world).await;
    world.client.delete(&format!("/v1/jobs/{id}")).await;
    world.run_until_job(&id, "cancelled").await;
    assert_eq!(world.client.delete(&format!("/v1/jobs/{id}?purge=true")).await.status, 200);
    world.quiet().await;
    let answer = world.client.with_key(None).post_with(&callback, &[], "no JSON").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(unreadable(&world).await.is_empty());
}
