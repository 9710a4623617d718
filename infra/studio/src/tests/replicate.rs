//! Tests Replicate.

mod client;
mod faults;
mod lifecycle;
mod lists;
mod requests;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::{Secret, Timestamp};
use serde_json::{Value, json};
use signing::standard_webhooks::{self, Headers};

use super::receiver::Received;
use super::{API_KEY, Stage, settings};
use crate::{Clock, Faults, ReplicateSettings, Settings};

const OFFICIAL: &str = "black-forest-labs/flux-schnell";
const TRAINER: &str = "ostris/flux-dev-lora-trainer";
const OWN: &str = "acme/portraits";
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Longer than any test runs, in milliseconds.
const FOREVER: u64 = 3_600_000;

/// The settings of Replicate, with the token that the stage sends.
fn replicate() -> ReplicateSettings {
    ReplicateSettings {
        api_token: Some(Secret::new(API_KEY)),
        webhook_secret: Some(Secret::new(SECRET)),
        retry_waits: vec![Duration::from_millis(1); 2],
        ..ReplicateSettings::default()
    }
}

async fn stage(faults: Faults) -> Stage {
    Stage::start(Settings { faults, replicate: replicate(), ..settings() }).await
}

/// A stage whose times the test sets, in milliseconds.
async fn stage_with_clock() -> (Stage, Arc<AtomicI64>) {
    let time = Arc::new(AtomicI64::new(1_767_225_600_000));
    let shown = Arc::clone(&time);
    let clock = Clock::new(move || Timestamp::from_millis(shown.load(Ordering::SeqCst)));
    let replicate = ReplicateSettings { clock, ..replicate() };
    (Stage::start(Settings { replicate, ..settings() }).await, time)
}

impl Stage {
    /// Creates a prediction whose webhooks go to the receiver.
    async fn predict(&self, input: Value) -> Value {
        let webhook = self.receiver.url("/hook?job=job_1");
        let body = json!({ "version": OFFICIAL, "input": input, "webhook": webhook });
        let (status, created) = self.post("/v1/predictions", body.to_string()).await;
        assert_eq!((status, &created["status"]), (201, &json!("starting")), "{created}");
        created
    }

    async fn prediction(&self, created: &Value) -> Value {
        let (status, body) = self.get(&path("predictions", created)).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    /// The only prediction, made of `input`, once it has ended.
    async fn ended(&self, input: Value) -> Value {
        let created = self.predict(input).await;
        self.studio.until_replicate_is_silent().await;
        self.prediction(&created).await
    }

    async fn version(&self, model: &str) -> String {
        let (_, body) = self.get(&format!("/v1/models/{model}")).await;
        body["latest_version"]["id"].as_str().unwrap().to_owned()
    }

    /// The next webhook, whose signature is valid.
    async fn webhook(&self) -> Received {
        let received = self.receiver.next().await;
        assert!(is_signed(&received), "{:?}", received.headers);
        received
    }
}

fn path(resource: &str, created: &Value) -> String {
    format!("/v1/{resource}/{}", created["id"].as_str().unwrap())
}

fn is_signed(received: &Received) -> bool {
    let get = |name| received.headers.get(name).and_then(|value| value.to_str().ok());
    let headers = Headers::find(get).unwrap();
    let signed = Timestamp::from_millis(headers.timestamp.parse::<i64>().unwrap() * 1000);
    let secrets = [Secret::new(SECRET)];
    standard_webhooks::verify(&headers, &secrets, signed, &received.raw).is_ok()
}
