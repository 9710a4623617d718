//! Each fault of a scene service.

use serde_json::json;

use super::{signature, stage, video};
use crate::{Faults, Post, PostKind, SceneStatus, Service};

#[tokio::test]
async fn a_dropped_webhook_leaves_the_task_status() {
    let stage = stage(Faults { drop_webhooks: 1.0, ..Faults::default() }).await;
    let id = stage.order(Service::Video, video("scene_1", "any")).await;
    stage.until_ended(SceneStatus::Completed).await;
    assert!(stage.studio.scene_tasks()[0].posts.is_empty());
    let (_, body) = stage.task(Service::Video, &id).await;
    assert_eq!(stage.fetch(&body["video_url"]).await.status(), 200);
}

#[tokio::test]
async fn a_duplicated_webhook_is_sent_twice_unchanged() {
    let stage = stage(Faults { duplicate_webhooks: 1.0, ..Faults::default() }).await;
    stage.order(Service::Video, video("scene_1", "any")).await;
    let (first, second) = (stage.receiver.next().await, stage.receiver.next().await);
    assert_eq!(first.raw, second.raw);
    stage.studio.until_scenes_are_silent().await;
    assert_eq!(stage.studio.scene_tasks()[0].posts.len(), 2);
}

#[tokio::test]
async fn a_webhook_is_retried_until_a_2xx_or_exhausted() {
    let stage = stage(Faults::default()).await;
    stage.receiver.answer_with(&[202, 500, 503]);
    stage.order(Service::Video, video("scene_1", "any")).await;
    stage.studio.until_scenes_are_silent().await;
    let answers = |answers: &[u16]| -> Vec<Post> {
        let post = |answer: &u16| Post { kind: PostKind::Ended, answer: Some(*answer) };
        answers.iter().map(post).collect()
    };
    assert_eq!(stage.studio.scene_tasks()[0].posts, answers(&[503, 500, 202]));

    stage.receiver.answer_with(&[200, 500, 500, 500]);
    stage.order(Service::Video, video("scene_2", "any")).await;
    stage.studio.until_scenes_are_silent().await;
    assert_eq!(stage.studio.scene_tasks()[1].posts, answers(&[500, 500, 500]), "exhausted");
}

#[tokio::test]
async fn a_held_webhook_is_sent_after_a_later_one() {
    // A seed with which the fault occurs in the first of two tasks and not in the second.
    let faults =
        |seed| Faults { seed, reorder_webhooks: 0.5, delay_ms: 60_000, ..Faults::default() };
    let occurs = |seed, ordinal| faults(seed).occurs(crate::faults::Fault::Reorder, ordinal);
    let seed = (0..100).find(|seed| occurs(*seed, 0) && !occurs(*seed, 1)).unwrap();
    let stage = stage(faults(seed)).await;
    let held = stage.order(Service::Video, video("scene_1", "any")).await;
    stage.studio.until_scenes(|tasks| tasks[0].is_held).await;
    assert!(!stage.studio.scenes_are_silent());
    let later = stage.order(Service::Video, video("scene_2", "any")).await;
    for id in [later, held] {
        assert_eq!(stage.receiver.next().await.body["task_id"], json!(id));
    }
    stage.studio.until_scenes_are_silent().await;
}

#[tokio::test]
async fn a_delayed_webhook_is_shown_as_held() {
    let faults = Faults { delay_webhooks: 1.0, delay_ms: 50, ..Faults::default() };
    let stage = stage(faults).await;
    stage.order(Service::Video, video("scene_1", "any")).await;
    stage.studio.until_scenes(|tasks| tasks[0].is_held).await;
    assert!(stage.studio.scene_tasks()[0].posts.is_empty());
    stage.report(Service::Video).await;
}

#[tokio::test]
async fn a_forged_webhook_comes_first_without_the_secret() {
    let stage = stage(Faults { forge_webhooks: 1.0, ..Faults::default() }).await;
    stage.order(Service::Video, video("scene_1", "any")).await;
    let (forged, real) = (stage.receiver.next().await, stage.receiver.next().await);
    assert_eq!(forged.body["task_id"], real.body["task_id"]);
    assert_ne!(forged.body["video_url"], real.body["video_url"]);
    assert_ne!(forged.signature, Some(signature(Service::Video, &forged)));
    assert_eq!(real.signature, Some(signature(Service::Video, &real)));
    assert_eq!(stage.fetch(&forged.body["video_url"]).await.status(), 200);
    stage.studio.until_scenes_are_silent().await;
    let task = &stage.studio.scene_tasks()[0];
    assert_eq!((task.posts_of(PostKind::Forged), task.forged_fetches, task.fetches), (1, 1, 0));
}

#[tokio::test]
async fn refused_failing_and_vanishing_tasks() {
    let refusing = stage(Faults { refuse_runs: 1.0, ..Faults::default() }).await;
    let answer = refusing.ask(Service::Video, "tasks", &video("scene_1", "any")).await;
    assert_eq!((answer.0, refusing.studio.scene_tasks().len()), (500, 0));

    let failing = stage(Faults { fail_jobs: 1.0, ..Faults::default() }).await;
    failing.order(Service::Video, video("scene_1", "any")).await;
    assert_eq!(failing.report(Service::Video).await["error"], "the task failed by a fault");

    let vanishing = stage(Faults { gone_outputs: 1.0, ..Faults::default() }).await;
    vanishing.order(Service::Video, video("scene_1", "any")).await;
    let report = vanishing.report(Service::Video).await;
    assert_eq!(vanishing.fetch(&report["video_url"]).await.status(), 404);
}
