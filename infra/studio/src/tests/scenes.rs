//! Tests the three scene services.

mod chain;
mod faults;
mod file_server;
mod inputs;
mod lifecycle;
mod picture;

use std::time::Duration;

use domain::Secret;
use serde_json::{Value, json};

use super::receiver::Received;
use super::{Stage, settings};
use crate::post::Signer;
use crate::{Faults, SceneSettings, SceneStatus, Service, ServiceSettings, Settings};

/// Settings of three services, with keys and secrets named after them.
fn scenes() -> SceneSettings {
    let service = |name: &str| ServiceSettings {
        api_key: Some(Secret::new(format!("{name} key"))),
        webhook_secret: Some(Secret::new(format!("{name} secret"))),
    };
    SceneSettings {
        video: service("/scene-video"),
        last_frame: service("/last-frame"),
        stitch: service("/stitch"),
        retry_waits: vec![Duration::from_millis(1); 2],
    }
}

/// A studio with those services.
async fn stage(faults: Faults) -> Stage {
    Stage::start(Settings { faults, scenes: scenes(), ..settings() }).await
}

/// An order for a tiny video.
fn video(scene_id: &str, prompt: &str) -> Value {
    json!({
        "project_id": "proj_1", "scene_id": scene_id, "prompt": prompt, "duration": 1,
        "width": 96, "height": 54, "fps": 6,
    })
}

impl Stage {
    async fn ask(&self, service: Service, path: &str, body: &Value) -> (u16, Value) {
        let url = format!("{}/api/{path}", self.studio.scene_url(service));
        let request = self.client.post(url).bearer_auth(format!("{} key", service.path()));
        let answer = request.json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Creates a task whose webhook goes to the receiver; returns its id.
    async fn order(&self, service: Service, mut body: Value) -> String {
        body["webhook_url"] = json!(self.receiver.url("/hook"));
        let (status, answer) = self.ask(service, "tasks", &body).await;
        assert_eq!((status, &answer["status"]), (202, &json!("queued")), "{answer}");
        answer["task_id"].as_str().unwrap().to_owned()
    }

    async fn task(&self, service: Service, id: &str) -> (u16, Value) {
        let url = format!("{}/api/tasks/{id}", self.studio.scene_url(service));
        let request = self.client.get(url).bearer_auth(format!("{} key", service.path()));
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// The next webhook, which must be signed by `service` and equal the task's status.
    async fn report(&self, service: Service) -> Value {
        let report = self.receiver.next().await;
        assert_eq!(report.signature, Some(signature(service, &report)));
        let id = report.body["task_id"].as_str().unwrap();
        assert_eq!(self.task(service, id).await, (200, report.body.clone()));
        report.body
    }

    /// Resolves once the only task has ended with `status`.
    async fn until_ended(&self, status: SceneStatus) {
        self.studio.until_scenes(|tasks| tasks[0].status == status && tasks[0].is_settled).await;
    }
}

fn signature(service: Service, report: &Received) -> String {
    let secret = format!("{} secret", service.path());
    let signature = Signer::plain(secret.as_bytes()).unwrap().sign(&report.raw);
    assert!(signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit()));
    signature
}
