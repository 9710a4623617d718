//! The webhooks without faults: how they are sent, retried, limited and authenticated.

use std::time::Duration;

use domain::Secret;
use serde_json::json;

use super::{EXTERNAL, SECRET, clipping, stage, stage_with};
use crate::post::Signer;
use crate::{ClippingSettings, Faults, PostKind, WebhookAuth};

#[tokio::test]
async fn the_first_webhook_is_that_of_the_contract() {
    let (stage, videos) = stage(Faults::default()).await;
    let id = stage.clip(&format!("{videos}/gone")).await;
    let text = |raw: &[u8]| String::from_utf8(raw.to_vec()).unwrap();
    let started = format!(
        "{{\"event\":\"job.started\",\"timestamp\":\"2024-11-28T10:30:00.000Z\",\
         \"job_id\":\"{id}\",\"external_job_id\":\"{EXTERNAL}\",\"owner_user_id\":\"user_789\",\
         \"status\":\"running\",\"progress_percent\":5,\
         \"current_step\":\"Downloading video...\"}}"
    );
    assert_eq!(text(&stage.clipping_webhook().await.raw), started);
    let failed = format!(
        "{{\"event\":\"job.failed\",\"timestamp\":\"2024-11-28T10:30:00.000Z\",\
         \"job_id\":\"{id}\",\"external_job_id\":\"{EXTERNAL}\",\"status\":\"failed\",\
         \"progress_percent\":15,\"current_step\":\"Processing failed\",\
         \"error\":\"Failed to download video: the address answered 404\"}}"
    );
    assert_eq!(text(&stage.clipping_webhook().await.raw), failed);
}

#[tokio::test]
async fn only_the_final_webhook_is_retried_until_a_2xx_or_exhausted() {
    let (stage, videos) = stage(Faults::default()).await;
    let answers = || -> Vec<(PostKind, u16)> {
        let tasks = stage.studio.clipping_tasks();
        let posts = &tasks.last().unwrap().posts;
        posts.iter().map(|post| (post.kind, post.answer.unwrap())).collect()
    };
    let end = |answer| (PostKind::Ended, answer);
    stage.receiver.answer_with(&[202, 404, 302, 503, 500]);
    stage.clipped(&format!("{videos}/gone")).await;
    let start = (PostKind::Start, 500);
    assert_eq!(answers(), [start, end(503), end(302), end(404), end(202)]);
    let raws = [
        stage.clipping_webhook().await.raw,
        stage.clipping_webhook().await.raw,
        stage.clipping_webhook().await.raw,
    ];
    assert_eq!(raws[1], raws[2], "a retry has the same body");

    stage.receiver.answer_with(&[200, 500, 500, 500, 500, 200]);
    stage.clipped(&format!("{videos}/gone")).await;
    assert_eq!(answers()[1..], [end(500); 4], "three retries");
    assert_eq!(ClippingSettings::default().retry_waits, [1, 2, 4].map(Duration::from_secs));
}

#[tokio::test]
async fn progress_is_reported_once_per_interval() {
    let progress_interval = ClippingSettings::default().progress_interval;
    assert_eq!(progress_interval, Duration::from_secs(2));
    let settings = ClippingSettings { progress_interval: Duration::from_hours(1), ..clipping() };
    let (stage, videos) = stage_with(settings, Faults::default()).await;
    stage.clipped(&format!("{videos}/talk.mp4")).await;
    let task = &stage.studio.clipping_tasks()[0];
    let kinds = [PostKind::Start, PostKind::Progress, PostKind::Ended];
    assert_eq!(kinds.map(|kind| task.posts_of(kind)), [1, 1, 1]);
}

#[tokio::test]
async fn a_webhook_carries_the_secret_a_signature_or_nothing() {
    let hmac = ClippingSettings { webhook_auth: WebhookAuth::Hmac, ..clipping() };
    let (stage, videos) = stage_with(hmac, Faults::default()).await;
    stage.clip(&format!("{videos}/gone")).await;
    let received = stage.receiver.next().await;
    let signature = Signer::new(SECRET.as_bytes()).unwrap().sign(&received.raw);
    assert_eq!(received.signature, Some(signature));
    assert!(!received.headers.contains_key("authorization"));

    let open = ClippingSettings { webhook_secret: None::<Secret>, ..clipping() };
    let (stage, videos) = stage_with(open, Faults::default()).await;
    stage.clip(&format!("{videos}/gone")).await;
    let received = stage.receiver.next().await;
    assert_eq!(received.signature, None);
    assert!(!received.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_task_without_a_callback_has_no_webhook() {
    let (stage, videos) = stage(Faults::default()).await;
    let order = json!({ "video_url": format!("{videos}/gone") }).to_string();
    let (status, answer) = stage.post("/clipping/ai-clipping/jobs", order).await;
    assert_eq!(status, 202);
    stage.studio.until_clipping_is_silent().await;
    let task = &stage.studio.clipping_tasks()[0];
    assert!(task.posts.is_empty() && task.error.is_some());
    let (_, state) = stage.clipping_task(answer["job_id"].as_str().unwrap()).await;
    assert!(state.get("external_job_id").is_none() && state.get("owner_user_id").is_none());
}
