//! Tests a studio over HTTP, as a client and as the receiver of its webhooks.

mod clipping;
mod faults;
mod lifecycle;
mod receiver;
mod replicate;
mod scenes;

use std::time::Duration;

use domain::Secret;
use serde_json::{Value, json};

use crate::post::Poster;
use crate::{Engine, Settings, Studio};
use receiver::Receiver;

const API_KEY: &str = "key-of-the-tests";

/// Settings of a studio that makes tones and waits for confirmations longer than any test runs.
fn settings() -> Settings {
    Settings {
        engine: Engine::Tone,
        confirmation_timeout: Duration::from_mins(10),
        retry_wait: Duration::from_millis(1),
        ..Settings::new(Secret::new(API_KEY))
    }
}

/// A studio, a receiver of its webhooks, and a client.
struct Stage {
    studio: Studio,
    receiver: Receiver,
    client: reqwest::Client,
}

impl Stage {
    async fn start(settings: Settings) -> Self {
        let client = Poster::new().unwrap().into_client();
        let studio = Studio::start(settings).await.unwrap();
        Self { studio, receiver: Receiver::start().await, client }
    }

    async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let url = format!("{}{path}", self.studio.url());
        let request = self.client.post(url).bearer_auth(API_KEY).body(body);
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let url = format!("{}{path}", self.studio.url());
        let answer = self.client.get(url).bearer_auth(API_KEY).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Runs a greeting for `job_id`; returns the task's id.
    async fn run(&self, job_id: &str) -> String {
        let input = json!({
            "text": "Akkam jirtu?", "language": "oromo", "job_id": job_id,
            "webhook_url": self.receiver.url("/hook?job=job_1&token=1.abc"),
        });
        let (status, answer) =
            self.post("/v2/tts/run", json!({ "input": input }).to_string()).await;
        assert_eq!((status, &answer["status"]), (200, &json!("IN_QUEUE")));
        answer["id"].as_str().unwrap().to_owned()
    }

    async fn status(&self, id: &str) -> Value {
        self.get(&format!("/v2/tts/status/{id}")).await.1
    }

    async fn confirm(&self, confirmation_url: &Value) -> u16 {
        let body = json!({ "job_id": "job_1", "status": "downloaded", "timestamp": 1 });
        let url = confirmation_url.as_str().unwrap();
        self.client.post(url).json(&body).send().await.unwrap().status().as_u16()
    }

    async fn fetch(&self, url: &Value) -> reqwest::Response {
        self.client.get(url.as_str().unwrap()).send().await.unwrap()
    }
}
