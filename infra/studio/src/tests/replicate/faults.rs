//! Each fault of Replicate.

use serde_json::{Value, json};

use super::{OFFICIAL, is_signed, path, stage};
use crate::faults::Fault;
use crate::{Faults, PostKind};

#[tokio::test]
async fn a_refusal_has_the_body_of_its_status() {
    for (refused, title, detail) in [
        (402, "Insufficient credit", "insufficient credit"),
        (404, "Not found", "could not be found"),
        (422, "Input validation failed", "prompt is required"),
        (500, "Internal server error", "fault"),
    ] {
        let refuse_status = Some(refused);
        let stage = stage(Faults { refuse_runs: 1.0, refuse_status, ..Faults::default() }).await;
        let body = json!({ "version": OFFICIAL, "input": {} }).to_string();
        let (status, problem) = stage.post("/v1/predictions", body).await;
        assert_eq!((status, &problem["title"]), (refused, &json!(title)));
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
        assert!(stage.studio.replicate_tasks().is_empty());
    }
    let refuse_status = Some(429);
    let stage = stage(Faults { refuse_runs: 1.0, refuse_status, ..Faults::default() }).await;
    let body = json!({ "version": OFFICIAL, "input": {} }).to_string();
    let detail = "Request was throttled. Your rate limit resets in ~30s.";
    let throttled = json!({ "detail": detail, "status": 429, "retry_after": 30 });
    assert_eq!(stage.post("/v1/predictions", body).await, (429, throttled));
}

#[tokio::test]
async fn a_lost_answer_leaves_a_task_that_is_listed() {
    let stage = stage(Faults { lose_answers: 1.0, ..Faults::default() }).await;
    let body = json!({ "version": OFFICIAL, "input": { "output": 1, "mark": "ours" } }).to_string();
    let url = format!("{}/v1/predictions", stage.studio.url());
    let request = stage.client.post(url).bearer_auth(super::API_KEY).body(body);
    let error = request.send().await.unwrap_err();
    assert!(error.is_request(), "nothing arrived: {error:?}");
    stage.studio.until_replicate_is_silent().await;
    let (_, page) = stage.get("/v1/predictions").await;
    assert_eq!(page["results"][0]["input"]["mark"], "ours");
    assert!(stage.studio.replicate_tasks()[0].is_billed);
}

#[tokio::test]
async fn a_lost_task_is_not_found() {
    let stage = stage(Faults { lose_tasks: 1.0, ..Faults::default() }).await;
    let created = stage.predict(json!({})).await;
    assert_eq!(stage.get(&path("predictions", &created)).await.0, 404);
    assert_eq!(stage.post(&format!("{}/cancel", path("predictions", &created)), "").await.0, 404);
    assert!(stage.studio.replicate_tasks().is_empty());
}

#[tokio::test]
async fn a_failed_task_has_an_error_and_no_output() {
    let stage = stage(Faults { fail_jobs: 1.0, ..Faults::default() }).await;
    let failed = stage.ended(json!({ "output": 1 })).await;
    assert_eq!((&failed["status"], &failed["output"]), (&json!("failed"), &Value::Null));
    assert!(failed["error"].as_str().unwrap().contains("E8765"));
}

#[tokio::test]
async fn webhooks_are_dropped_doubled_or_late() {
    let dropping = stage(Faults { drop_webhooks: 1.0, ..Faults::default() }).await;
    assert_eq!(dropping.ended(json!({ "output": 1 })).await["status"], "succeeded");
    assert!(dropping.studio.replicate_tasks()[0].posts.is_empty());

    let doubling = stage(Faults { duplicate_webhooks: 1.0, ..Faults::default() }).await;
    doubling.ended(json!({ "output": 1 })).await;
    for _ in 0..4 {
        let (first, second) = (doubling.webhook().await, doubling.webhook().await);
        assert_eq!(first.raw, second.raw);
        assert_eq!(first.headers["webhook-id"], second.headers["webhook-id"]);
    }

    let late = Faults { delay_webhooks: 1.0, delay_ms: 50, ..Faults::default() };
    let late = stage(late).await;
    let created = late.predict(json!({ "output": 1 })).await;
    late.studio.until_replicate(|tasks| tasks[0].status.is_terminal()).await;
    assert!(late.studio.replicate_tasks()[0].posts.is_empty());
    assert_eq!(late.prediction(&created).await["status"], "succeeded");
    late.studio.until_replicate_is_silent().await;
    assert_eq!(late.studio.replicate_tasks()[0].posts.len(), 4);
}

#[tokio::test]
async fn a_held_webhook_is_sent_after_a_later_one() {
    // A seed with which the start is held, and no later event.
    let faults =
        |seed| Faults { seed, reorder_webhooks: 0.5, delay_ms: 60_000, ..Faults::default() };
    let key = |kind: PostKind| (kind as u64) << 48;
    let later = [key(PostKind::Logs), key(PostKind::Output), 0];
    let is_first_alone = |seed: &u64| {
        let occurs = |key| faults(*seed).occurs(Fault::Reorder, key);
        occurs(key(PostKind::Start)) && !later.into_iter().any(occurs)
    };
    let stage = stage(faults((0..1000).find(is_first_alone).unwrap())).await;
    stage.ended(json!({ "output": 1 })).await;
    let kinds: Vec<_> =
        stage.studio.replicate_tasks()[0].posts.iter().map(|post| post.kind).collect();
    assert_eq!(kinds.len(), 4);
    assert_eq!(kinds[0], PostKind::Logs);
    assert!(kinds.contains(&PostKind::Start));
}

#[tokio::test]
async fn a_forged_success_comes_first_with_a_wrong_signature() {
    let stage = stage(Faults { forge_webhooks: 1.0, ..Faults::default() }).await;
    let done = stage.ended(json!({ "error": "out of memory" })).await;
    let _start = stage.webhook().await;
    let forged = stage.receiver.next().await;
    assert!(!is_signed(&forged));
    assert_eq!((&forged.body["id"], &forged.body["status"]), (&done["id"], &json!("succeeded")));
    assert_eq!(stage.fetch(&forged.body["output"]).await.status(), 200);
    assert_eq!(stage.studio.replicate_tasks()[0].forged_fetches, 1);
    assert_eq!(stage.webhook().await.body["status"], "failed");
}

#[tokio::test]
async fn files_break_off_or_vanish() {
    let with =
        |truncate_files, gone_outputs| Faults { truncate_files, gone_outputs, ..Faults::default() };
    let input = || json!({ "output": "file:wav" });
    for (faults, is_whole, statuses) in
        [(with(1.0, 0.0), [false, true], [200, 200]), (with(0.0, 1.0), [true, true], [404, 404])]
    {
        let stage = stage(faults).await;
        let done = stage.ended(input()).await;
        for attempt in 0..2 {
            let url = done["output"].as_str().unwrap();
            let file = stage.client.get(url).bearer_auth(super::API_KEY).send().await.unwrap();
            assert_eq!(file.status(), statuses[attempt]);
            assert_eq!(file.bytes().await.is_ok(), is_whole[attempt]);
        }
    }
}
