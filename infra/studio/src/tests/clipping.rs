//! Tests the clipping worker.

#![allow(clippy::similar_names, reason = "a stage has states")]

mod faults;
mod lifecycle;
mod source;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Secret, Timestamp};
use serde_json::{Value, json};

use super::receiver::Received;
use super::{API_KEY, Stage, settings};
use crate::{ClippingSettings, ClippingStatus, Clock, Faults, Settings};

const SECRET: &str = "secret-of-clipping";
const EXTERNAL: &str = "550e8400-e29b-41d4-a716-446655440000";
/// 2024-11-28T10:30:00Z.
const TIME: i64 = 1_732_789_800_000;

/// Settings with the key that the stage sends, a clock that stands still, and no time between reports.
fn clipping() -> ClippingSettings {
    ClippingSettings {
        api_key: Some(Secret::new(API_KEY)),
        webhook_secret: Some(Secret::new(SECRET)),
        retry_waits: vec![Duration::from_millis(1); 3],
        progress_interval: Duration::ZERO,
        clock: Clock::new(|| Timestamp::from_millis(TIME)),
        ..ClippingSettings::default()
    }
}

/// Settings whose time the test sets, in milliseconds.
fn clipping_with_clock() -> (ClippingSettings, Arc<AtomicI64>) {
    let time = Arc::new(AtomicI64::new(TIME));
    let shown = Arc::clone(&time);
    let clock = Clock::new(move || Timestamp::from_millis(shown.load(Ordering::SeqCst)));
    (ClippingSettings { clock, ..clipping() }, time)
}

/// A worker with those settings and faults, and a server of source videos.
async fn stage_with(clipping: ClippingSettings, faults: Faults) -> (Stage, String) {
    let stage = Stage::start(Settings { faults, clipping, ..settings() }).await;
    (stage, source::start().await)
}

async fn stage(faults: Faults) -> (Stage, String) {
    stage_with(clipping(), faults).await
}

impl Stage {
    /// An order for two clips of that video.
    fn clipping_order(&self, video_url: &str) -> Value {
        json!({
            "video_url": video_url,
            "callback_url": self.receiver.url("/hook?job=job_1"),
            "external_job_id": EXTERNAL,
            "owner_user_id": "user_789",
            "max_clips": 2,
        })
    }

    /// Creates a task; returns its id.
    async fn clip(&self, video_url: &str) -> String {
        let order = self.clipping_order(video_url).to_string();
        let (status, answer) = self.post("/clipping/ai-clipping/jobs", order).await;
        let id = answer["job_id"].as_str().unwrap().to_owned();
        assert_eq!((status, answer), (202, json!({ "job_id": id, "status": "queued" })));
        id
    }

    async fn clipping_task(&self, id: &str) -> (u16, Value) {
        self.get(&format!("/clipping/ai-clipping/jobs/{id}")).await
    }

    async fn cancel_clipping(&self, id: &str) -> (u16, Value) {
        let url = format!("{}/ai-clipping/jobs/{id}", self.studio.clipping_url());
        let answer = self.client.delete(url).bearer_auth(API_KEY).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The final state of the only task, made of that video.
    async fn clipped(&self, video_url: &str) -> Value {
        let id = self.clip(video_url).await;
        self.studio.until_clipping_is_silent().await;
        self.clipping_task(&id).await.1
    }

    /// The next webhook, which carries the secret.
    async fn clipping_webhook(&self) -> Received {
        let received = self.receiver.next().await;
        assert!(is_authentic(&received), "{:?}", received.headers);
        received
    }

    /// Resolves once the only task has that status.
    async fn until_clipping_is(&self, status: ClippingStatus) {
        self.studio.until_clipping(|tasks| tasks[0].status == status).await;
    }
}

fn is_authentic(received: &Received) -> bool {
    received.headers.get("authorization").is_some_and(|value| *value == format!("Bearer {SECRET}"))
}
