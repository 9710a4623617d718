//! A clipping job from its request to its clips: by the worker's events, or by polls.

use serde_json::{Value, json};
use tests::World;
use tests::provider::{DOCUMENT, VIDEO};
use tests::world::CLIPPING_WEBHOOK_SECRET;

use super::{
    CLIP_MS, TASK, callback, completed, failed, names, post, progress, send, started, submit, text,
};

#[tokio::test]
async fn the_worker_is_sent_the_members_of_the_contract() {
    let world = World::new().await;
    let id = submit(&world).await;
    let mut run = world.provider.runs()[0].clone();
    let url = run.as_object_mut().unwrap().remove("callback_url").unwrap();
    let expected = json!({ "video_url": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "external_job_id": id, "owner_user_id": "local", "max_clips": 5 });
    assert_eq!(run, expected);
    let hook = format!("{}/api/webhooks/ai-clipping?job={id}&token=", world.cloud.api_url());
    assert!(url.as_str().unwrap().starts_with(&hook), "{url}");
}

#[tokio::test]
async fn each_clip_is_stored_with_what_the_worker_says_of_it() {
    let world = World::new().await;
    let id = submit(&world).await;
    send(&world, &started(&id, TASK)).await;
    send(&world, &completed(&world, &id, TASK, 3)).await;
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!(names(&job), ["clip_00", "clip_01", "clip_02", "transcript", "plan"]);
    let clip = &job["outputs"][1];
    assert_eq!((&clip["index"], &clip["duration_ms"]), (&json!(1), &json!(CLIP_MS)));
    assert_eq!(clip["content_type"], "video/mp4");
    let attributes = json!({ "virality_score": 0.92, "summary": "Key insight about..." });
    assert_eq!(clip["attributes"], attributes);
    assert_eq!(job["outputs"][3]["content_type"], "application/json");
    let members = ["clips_completed", "total_clips", "partial", "missing", "credits"];
    let shown = members.map(|name| job[name].clone());
    // 135 s of clips are three started minutes.
    assert_eq!(shown, [json!(3), json!(3), json!(false), json!([]), json!(3)]);
    assert_eq!(job["source_video_title"], "My Amazing Video");
    assert_eq!(job["processing_time_seconds"], 482.5);
    assert_eq!(job["result"]["total_clips"], 3);
    assert_eq!(job["video_url"], job["outputs"][0]["url"]);
    let anyone = world.client.with_key(None);
    for (output, bytes) in [(1, VIDEO), (3, DOCUMENT)] {
        let link = anyone.get(text(&job["outputs"][output], "url")).await;
        assert_eq!(link.status, 302, "{link:?}");
        assert_eq!(anyone.get(link.header("location")).await.bytes, bytes, "{output}");
    }
    let webhooks = world.receiver.about(&id);
    let [webhook] = &webhooks[..] else { panic!("{webhooks:?}") };
    let body = webhook.json();
    assert_eq!((&body["type"], &body["credits"]), (&json!("job.completed"), &json!(3)));
    assert_eq!((&body["partial"], &body["data"]["partial"]), (&json!(false), &json!(false)));
    assert_eq!(body["data"]["outputs"], job["outputs"]);
}

#[tokio::test]
async fn without_webhooks_progress_and_end_are_polled() {
    let world = World::new().await;
    let id = submit(&world).await;
    world.provider.tell(TASK, progress(&id, TASK, 65, 2));
    let is_shown = async || world.client.job(&id).await["progress_percent"] == 65;
    world.run_until("the progress is shown", is_shown).await;
    let job = world.client.job(&id).await;
    assert_eq!((&job["clips_completed"], &job["total_clips"]), (&json!(2), &json!(5)));
    assert_eq!(job["current_step"], "Rendering clip 3/5...");
    world.provider.tell(TASK, completed(&world, &id, TASK, 1));
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!(names(&job), ["clip_00", "transcript", "plan"]);
    assert_eq!((world.provider.runs().len(), &job["credits"]), (1, &json!(1)));
    assert_eq!(world.receiver.about(&id).len(), 1);
}

#[tokio::test]
async fn a_failure_says_why_and_costs_nothing() {
    let world = World::new().await;
    let id = submit(&world).await;
    send(&world, &failed(&id, TASK)).await;
    let job = world.run_until_job(&id, "failed").await;
    let message = "Failed to download video: Video is unavailable";
    assert_eq!(job["error"], json!({ "code": "provider_failed", "message": message }));
    assert_eq!((&job["credits"], &job["outputs"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_worker_that_finds_nothing_to_cut_completes_its_job_without_clips() {
    let world = World::new().await;
    for with_documents in [false, true] {
        let id = submit(&world).await;
        let task = format!("task-{}", world.provider.runs().len());
        let mut event = completed(&world, &id, &task, 0);
        if !with_documents {
            event["output"]["transcript_url"] = Value::Null;
            event["output"]["plan_url"] = Value::Null;
        }
        send(&world, &event).await;
        let job = world.run_until_job(&id, "completed").await;
        let documents: &[&str] = if with_documents { &["transcript", "plan"] } else { &[] };
        assert_eq!(names(&job), documents);
        assert_eq!((&job["total_clips"], &job["credits"]), (&json!(0), &json!(0)), "{job}");
        assert_eq!((&job["partial"], &job["video_url"]), (&json!(false), &Value::Null), "{job}");
        assert_eq!(job["source_video_title"], "My Amazing Video");
    }
}

#[tokio::test]
async fn a_cancel_reaches_the_worker_or_its_end_counts() {
    let world = World::new().await;
    let id = submit(&world).await;
    assert_eq!(world.client.delete(&format!("/v1/jobs/{id}")).await.status, 202);
    world.run_until_job(&id, "cancelled").await;
    assert_eq!(world.provider.cancelled(), [TASK]);
    // A worker that knows no cancel: what it makes is kept.
    let id = submit(&world).await;
    world.provider.refuse_cancels(405);
    assert_eq!(world.client.delete(&format!("/v1/jobs/{id}")).await.status, 202);
    world.quiet().await;
    send(&world, &completed(&world, &id, "task-2", 1)).await;
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!(names(&job), ["clip_00", "transcript", "plan"]);
}

#[tokio::test]
async fn who_has_the_secret_may_report_at_the_plain_address_too() {
    let world = World::new().await;
    let id = submit(&world).await;
    let client = world.client.with_key(None);
    let path = "/api/webhooks/ai-clipping";
    let health = client.get(path).await;
    assert_eq!(health.json(), json!({ "status": "ok", "webhook": "ai-clipping" }));
    let body = completed(&world, &id, TASK, 1).to_string();
    let bearer = format!("Bearer {CLIPPING_WEBHOOK_SECRET}");
    for (value, status) in [("Bearer another", 401), ("Bearer ", 401), (&*bearer, 200)] {
        let answer = client.post_with(path, &[("authorization", value)], body.clone()).await;
        assert_eq!(answer.status, status, "{value}: {answer:?}");
    }
    // The callback URL alone proves nothing.
    let answer = client.post_with(&callback(&world), &[], body.clone()).await;
    assert_eq!(answer.status, 401);
    world.run_until_job(&id, "completed").await;
}

#[tokio::test]
async fn an_event_of_another_task_or_job_changes_nothing() {
    let world = World::new().await;
    let id = submit(&world).await;
    let other = completed(&world, &id, "task-of-another", 1);
    assert_eq!(post(&world, &callback(&world), &other).await.status, 200);
    let foreign = completed(&world, "job_of_another", TASK, 1);
    assert_eq!(post(&world, &callback(&world), &foreign).await.status, 400);
    world.quiet().await;
    assert_eq!(world.client.job(&id).await["step"], "running");
    let inbound = world.client.get(&format!("/v1/inbound?job_id={id}")).await.json();
    assert_eq!(inbound["data"][0]["status"], "superseded");
}
