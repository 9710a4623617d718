//! `POST /v1/clipping/async`, and `POST /ai-clipping-agent/jobs` for clients of the AI clipping API.

use domain::Scope;
use domain::job::{ClippingRequest, Work};
use serde_json::{Value, json};
use tests::world::Plan;
use tests::{World, seed};

use super::{AGENT, CLIPPING, TASK, completed, request, send, submit, text};

const VIDEO: &str = "https://www.youtube.com/watch?v=dQw4w9WgXcQ";

async fn stored(world: &World, id: &str) -> ClippingRequest {
    let job = world.store().job(&seed::job_id(id)).await.unwrap().unwrap();
    let Work::Clipping(clipping) = &job.work else { panic!("{job:?}") };
    world.store().request(&job.id, clipping.request.as_ref()).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_request_makes_a_job() {
    let world = World::frozen().await;
    let answer = world.client.post(CLIPPING, &request(&world)).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let answer = answer.json();
    let id = text(&answer, "job_id");
    let link = format!("{}/v1/jobs/{id}", world.cloud.api_url());
    let expected = json!({ "job_id": id, "status": "pending", "message": "Job queued",
        "links": { "self": link } });
    assert_eq!(answer, expected);
    let request = ClippingRequest { video_url: VIDEO.to_owned(), max_clips: Some(5) };
    assert_eq!(stored(&world, id).await, request);
    let job = world.client.job(id).await;
    assert_eq!((&job["kind"], &job["metadata"]), (&json!("clipping"), &json!({ "order": 7 })));
    assert_eq!((&job["partial"], &job["missing"]), (&json!(false), &json!([])));
    let list = world.client.get("/v1/jobs?kind=clipping").await.json();
    assert_eq!(list["data"][0]["job_id"], id);
}

#[tokio::test]
async fn an_older_client_is_served_under_its_own_names() {
    let world = World::frozen().await;
    let body = json!({ "youtubeUrl": VIDEO, "requestedClipCount": 1, "title": "passed over",
        "options": { "style": "bold" } });
    let answer = world.client.post(AGENT, &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let answer = answer.json();
    let id = text(&answer, "id");
    assert_eq!((text(&answer, "job_id"), text(&answer, "status")), (id, "pending"));
    let request = ClippingRequest { video_url: VIDEO.to_owned(), max_clips: Some(1) };
    assert_eq!(stored(&world, id).await, request);
    // Our own names are read there too, and its names nowhere else.
    let answer = world.client.post(AGENT, &json!({ "video_url": VIDEO })).await.json();
    let request = ClippingRequest { video_url: VIDEO.to_owned(), max_clips: None };
    assert_eq!(stored(&world, text(&answer, "id")).await, request);
    for name in ["youtubeUrl", "requestedClipCount", "title"] {
        let mut body = json!({ "video_url": VIDEO });
        body[name] = json!(1);
        let answer = world.client.post(CLIPPING, &body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(name)));
    }
    let answer = world.client.post(AGENT, &json!({ "youtubeUrl": "ftp://example.com/a" })).await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("youtubeUrl")));
}

#[tokio::test]
async fn what_the_worker_must_not_fetch_is_refused() {
    let world = World::frozen().await;
    let long = format!("https://example.com/{}", "x".repeat(2048));
    for (field, value) in [
        ("video_url", json!(null)),
        ("video_url", json!(7)),
        ("video_url", json!("")),
        ("video_url", json!("dQw4w9WgXcQ")),
        ("video_url", json!("ftp://example.com/a.mp4")),
        ("video_url", json!("file:///etc/passwd")),
        ("video_url", json!("data:video/mp4;base64,AAAA")),
        ("video_url", json!("http://169.254.169.254/latest/meta-data")),
        ("video_url", json!("http://10.0.0.7/a.mp4")),
        ("video_url", json!("https://[fd00::1]/a.mp4")),
        ("video_url", json!("http://worker.internal:8000/a.mp4")),
        ("video_url", json!("https://nas/a.mp4")),
        ("video_url", json!("https://user:password@example.com/a.mp4")),
        ("video_url", json!("http://example.com:25/a.mp4")),
        ("video_url", json!("https://example.com/a b.mp4")),
        ("video_url", json!(long)),
        ("max_clips", json!(0)),
        ("max_clips", json!(21)),
        ("max_clips", json!(-1)),
        ("max_clips", json!(1.5)),
        ("max_clips", json!("5")),
        ("webhook_url", json!("https://10.0.0.7/hook")),
    ] {
        let mut body = json!({ "video_url": VIDEO });
        body[field] = value;
        let answer = world.client.post(CLIPPING, &body).await;
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{body}");
    }
    for body in [
        json!({ "video_url": "http://example.com/a.mp4" }),
        json!({ "video_url": "HTTP://example.com:80/a.mp4?x=1#y" }),
        json!({ "video_url": VIDEO, "max_clips": 20.0 }),
        json!({ "video_url": VIDEO, "max_clips": null, "timeout_seconds": 600 }),
    ] {
        let answer = world.client.post(CLIPPING, &body).await;
        assert_eq!(answer.status, 202, "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn a_long_request_lies_beside_its_job_and_reaches_the_worker() {
    let world = World::new().await;
    let mut body = request(&world);
    body["video_url"] = json!(format!("https://example.com/{}", "x".repeat(1000)));
    let answer = world.client.post(CLIPPING, &body).await.json();
    world.quiet().await;
    assert_eq!(world.provider.runs()[0]["video_url"], body["video_url"]);
    assert_eq!(world.client.job(text(&answer, "job_id")).await["step"], "running");
}

#[tokio::test]
async fn a_deployment_needs_the_workers_address_and_maybe_its_key() {
    let without = async |name: &'static str| {
        let environment = vec![(name, String::new())];
        World::start(Plan { environment, ..Plan::default() }).await
    };
    submit(&without("CLIPPING_WORKER_API_KEY").await).await;
    let world = without("CLIPPING_WORKER_URL").await;
    let answer = world.client.post(CLIPPING, &request(&world)).await;
    assert_eq!((answer.status, &answer.json()["code"]), (422, &json!("no_provider")));
}

#[tokio::test]
async fn a_repeated_request_makes_one_job() {
    let world = World::frozen().await;
    let key = [("idempotency-key", "order 7")];
    let mut answers = Vec::new();
    for _ in 0..2 {
        let body = request(&world).to_string();
        answers.push(world.client.post_with(CLIPPING, &key, body).await.json());
    }
    assert_eq!(answers[0], answers[1]);
    let jobs = world.client.get("/v1/jobs").await.json();
    assert_eq!(jobs["data"].as_array().unwrap().len(), 1);
    let other = json!({ "video_url": VIDEO }).to_string();
    assert_eq!(world.client.post_with(CLIPPING, &key, other).await.status, 409);
}

#[tokio::test]
async fn another_owner_sees_nothing_of_it() {
    let world = World::new().await;
    let id = submit(&world).await;
    send(&world, &completed(&world, &id, TASK, 1)).await;
    world.run_until_job(&id, "completed").await;
    let scopes = [Scope::JobsRead, Scope::JobsWrite];
    let other = world.client_of("somebody-else", &scopes).await;
    for path in ["", "/timeline"] {
        let answer = other.get(&format!("/v1/jobs/{id}{path}")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let answer = other.get(&format!("/v1/download/{id}?output=clip_00")).await;
    assert_eq!(answer.status, 404);
    assert_eq!(other.get("/v1/jobs").await.json()["data"], json!([]));
    let readers = world.client_of("local", &[Scope::JobsRead]).await;
    assert_eq!(readers.post(CLIPPING, &request(&world)).await.status, 403);
    let nobody = world.client.with_key(None).post(AGENT, &Value::Null).await;
    assert_eq!(nobody.status, 401);
}
