//! Each fault of the clipping worker.

use serde_json::{Value, json};

use super::{API_KEY, is_authentic, stage};
use crate::faults::Fault;
use crate::{ClippingStatus, Faults, PostKind};

#[tokio::test]
async fn webhooks_are_dropped_doubled_or_late() {
    let (dropping, videos) = stage(Faults { drop_webhooks: 1.0, ..Faults::default() }).await;
    let state = dropping.clipped(&format!("{videos}/talk.mp4")).await;
    assert_eq!(state["status"], "succeeded");
    assert!(dropping.studio.clipping_tasks()[0].posts.is_empty());

    let (doubling, videos) = stage(Faults { duplicate_webhooks: 1.0, ..Faults::default() }).await;
    doubling.clipped(&format!("{videos}/gone")).await;
    for _ in 0..2 {
        let (first, second) =
            (doubling.clipping_webhook().await, doubling.clipping_webhook().await);
        assert_eq!(first.raw, second.raw);
    }

    let late = Faults { delay_webhooks: 1.0, delay_ms: 200, ..Faults::default() };
    let (late, videos) = stage(late).await;
    late.clip(&format!("{videos}/gone")).await;
    late.until_clipping_is(ClippingStatus::Failed).await;
    assert!(late.studio.clipping_tasks()[0].posts.is_empty() && !late.studio.clipping_is_silent());
    late.studio.until_clipping_is_silent().await;
    assert_eq!(late.studio.clipping_tasks()[0].posts.len(), 2);
}

#[tokio::test]
async fn a_held_webhook_is_sent_after_a_later_one() {
    // A seed with which the first webhook is held, and not the last.
    let faults =
        |seed| Faults { seed, reorder_webhooks: 0.5, delay_ms: 60_000, ..Faults::default() };
    let occurs = |seed, key| faults(seed).occurs(Fault::Reorder, key);
    let seed = (0..1000).find(|seed| occurs(*seed, 1 << 40) && !occurs(*seed, 0)).unwrap();
    let (stage, videos) = stage(faults(seed)).await;
    stage.clipped(&format!("{videos}/gone")).await;
    let task = &stage.studio.clipping_tasks()[0];
    let kinds: Vec<_> = task.posts.iter().map(|post| post.kind).collect();
    assert_eq!(kinds, [PostKind::Ended, PostKind::Start]);
}

#[tokio::test]
async fn a_forged_success_comes_before_the_end_without_the_secret() {
    let (stage, videos) = stage(Faults { forge_webhooks: 1.0, ..Faults::default() }).await;
    let state = stage.clipped(&format!("{videos}/gone")).await;
    let _started = stage.clipping_webhook().await;
    let forged = stage.receiver.next().await;
    assert!(!is_authentic(&forged));
    let facts = (&forged.body["event"], &forged.body["job_id"]);
    assert_eq!(facts, (&json!("job.completed"), &state["job_id"]));
    let file = &forged.body["output"]["clips"][0]["s3_url"];
    assert_eq!(stage.fetch(file).await.status(), 200);
    assert_eq!(stage.studio.clipping_tasks()[0].forged_fetches, 1);
    assert_eq!(stage.clipping_webhook().await.body["event"], "job.failed");
}

#[tokio::test]
async fn refused_lost_and_failing_tasks() {
    let refuse = Faults { refuse_runs: 1.0, refuse_status: Some(429), ..Faults::default() };
    let (refusing, videos) = stage(refuse).await;
    let order = refusing.clipping_order(&format!("{videos}/talk.mp4"));
    let answer = refusing.post("/clipping/ai-clipping/jobs", order.to_string()).await;
    assert_eq!((answer.0, refusing.studio.clipping_tasks().len()), (429, 0));

    let (losing, videos) = stage(Faults { lose_tasks: 1.0, ..Faults::default() }).await;
    let lost = losing.clip(&format!("{videos}/talk.mp4")).await;
    assert_eq!(losing.clipping_task(&lost).await.0, 404);
    assert!(losing.studio.clipping_tasks().is_empty());

    let (mute, videos) = stage(Faults { lose_answers: 1.0, ..Faults::default() }).await;
    let url = format!("{}/ai-clipping/jobs", mute.studio.clipping_url());
    let order = mute.clipping_order(&format!("{videos}/gone"));
    let error = mute.client.post(url).bearer_auth(API_KEY).json(&order).send().await.unwrap_err();
    assert!(error.is_request(), "nothing arrived: {error:?}");
    mute.studio.until_clipping_is_silent().await;
    assert!(mute.studio.clipping_tasks()[0].is_billed);

    let (failing, videos) = stage(Faults { fail_jobs: 1.0, ..Faults::default() }).await;
    let state = failing.clipped(&format!("{videos}/talk.mp4")).await;
    assert_eq!(state["error"], "Failed to find scenes: the task failed by a fault");
}

#[tokio::test]
async fn some_files_vanish_and_others_break_off() {
    // A seed with which the first clip is gone, and the second is not.
    let faults =
        |seed| Faults { seed, gone_outputs: 0.5, truncate_files: 1.0, ..Faults::default() };
    let gone = |seed, place: u64| faults(seed).occurs(Fault::Gone, place << 40);
    let seed = (0..1000).find(|seed| gone(*seed, 0) && !gone(*seed, 1)).unwrap();
    let (stage, videos) = stage(faults(seed)).await;
    let state = stage.clipped(&format!("{videos}/talk.mp4")).await;
    let link = |index: usize| -> &Value { &state["output"]["clips"][index]["s3_url"] };
    for _ in 0..2 {
        assert_eq!(stage.fetch(link(0)).await.status(), 404);
    }
    for is_whole in [false, true] {
        let answer = stage.fetch(link(1)).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.bytes().await.is_ok(), is_whole);
    }
}
