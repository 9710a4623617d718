//! One order against a fake cloud: what the demo accepts and what it refuses.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::Secret;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use signing::{hex_hmac, standard_webhooks};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::DemoError;
use crate::api::Api;
use crate::display::Display;
use crate::order::{ORDERS, Outcome, carry_out};
use crate::receiver::Receiver;
use crate::time::now;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What the fake cloud answers and signs; a test corrupts one of them.
#[derive(Clone)]
struct Script {
    job: Value,
    event: Value,
    file: Vec<u8>,
    standard_secret: Secret,
    hex_secret: Secret,
}

type Shared = (Arc<Mutex<Script>>, mpsc::UnboundedSender<StatusCode>);

/// A fake cloud with one job, which completes at once.
struct Stage {
    api: Api,
    script: Arc<Mutex<Script>>,
    answers: mpsc::UnboundedReceiver<StatusCode>,
    folder: TempDir,
}

impl Stage {
    async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let script = Arc::new(Mutex::new(script(&base_url)));
        let (sender, answers) = mpsc::unbounded_channel();
        let router = Router::new()
            .route("/v1/tts/async", post(submit))
            .route("/v1/jobs/job_1", get(job))
            .route("/v1/download/job_1", get(file))
            .with_state((Arc::clone(&script), sender));
        tokio::spawn(axum::serve(listener, router).into_future());
        let api = Api::new(base_url, Secret::new("key")).unwrap();
        Self { api, script, answers, folder: TempDir::new().unwrap() }
    }

    fn corrupt(&self, corrupt: impl FnOnce(&mut Script)) {
        corrupt(&mut self.script.lock().unwrap());
    }

    async fn carry_out(&self) -> Result<Outcome, DemoError> {
        let mut receiver = Receiver::start(Secret::new(SECRET), &["hook"]).await.unwrap();
        let (inbox, progress) = (receiver.take("hook").unwrap(), Display::new().job("test"));
        carry_out(&ORDERS[1], &self.api, inbox, self.folder.path(), &progress).await
    }
}

fn script(base_url: &str) -> Script {
    let file = crate::audio::tests::wav();
    let url = format!("{base_url}/v1/download/job_1");
    let time = "2026-01-02T03:04:05.000Z";
    let output = json!({
        "name": "audio", "url": url, "content_type": "audio/wav", "bytes": file.len(),
        "sha256": hex::encode(Sha256::digest(&file)), "duration_ms": 500,
    });
    Script {
        job: json!({
            "status": "processing", "progress_percent": 10, "current_step": "At work", "error": null,
        }),
        event: json!({
            "type": "job.completed", "job_id": "job_1", "status": "completed", "audio_url": url,
            "data": {
                "created_at": time, "started_at": time, "completed_at": time, "outputs": [output],
            },
        }),
        file,
        standard_secret: Secret::new(SECRET),
        hex_secret: Secret::new(SECRET),
    }
}

async fn submit(State((script, answers)): State<Shared>, body: Json<Value>) -> Response {
    assert_eq!(body["language"], "oromo");
    let (webhook_url, script) = (body["webhook_url"].clone(), script.lock().unwrap().clone());
    tokio::spawn(async move {
        let event = script.event.to_string();
        let (at, secrets) = (now(), [script.standard_secret]);
        let signature = standard_webhooks::sign(&secrets, "msg_1", at, event.as_bytes()).unwrap();
        let sender = crate::api::loopback_client().unwrap();
        let request = sender
            .post(webhook_url.as_str().unwrap())
            .header(standard_webhooks::ID_HEADER, "msg_1")
            .header(standard_webhooks::TIMESTAMP_HEADER, at.as_seconds())
            .header(standard_webhooks::SIGNATURE_HEADER, signature)
            .header(
                hex_hmac::SIGNATURE_HEADER,
                hex_hmac::sign(&script.hex_secret, event.as_bytes()).unwrap(),
            );
        let answer = request.body(event).send().await.unwrap();
        // A test may have ended before the answer.
        let _ = answers.send(answer.status());
    });
    (StatusCode::ACCEPTED, Json(json!({ "job_id": "job_1" }))).into_response()
}

async fn job(State((script, _)): State<Shared>) -> Json<Value> {
    Json(script.lock().unwrap().job.clone())
}

async fn file(State((script, _)): State<Shared>) -> Response {
    let file = Bytes::from(script.lock().unwrap().file.clone());
    ([(header::CONTENT_TYPE, "audio/wav")], file).into_response()
}

#[tokio::test]
async fn a_correct_run_succeeds() {
    let mut stage = Stage::start().await;
    let outcome = stage.carry_out().await.unwrap();
    assert_eq!((outcome.job_id.as_str(), outcome.message_id.as_str()), ("job_1", "msg_1"));
    let stored = std::fs::read(&outcome.file).unwrap();
    assert_eq!(stored, stage.script.lock().unwrap().file);
    assert_eq!(stage.answers.recv().await, Some(StatusCode::NO_CONTENT));
    let film = crate::film::Film {
        project_id: "proj_1".into(),
        message_id: "msg_2".into(),
        file: "film.mp4".into(),
        announced: serde_json::from_value(script("").event["data"]["outputs"][0].clone()).unwrap(),
        playing_time: std::time::Duration::from_secs(5),
        submitted: now(),
        completed: now(),
        checked: now(),
    };
    let portrait = crate::portrait::Portrait {
        model_id: "mdl_1".into(),
        version: "7af9".into(),
        training_job: "job_2".into(),
        job_id: "job_3".into(),
        message_ids: ["msg_3".into(), "msg_4".into()],
        file: "portrait.png".into(),
        announced: serde_json::from_value(script("").event["data"]["outputs"][0].clone()).unwrap(),
        submitted: now(),
        ready: now(),
        checked: now(),
    };
    let clips = crate::clips::Clips {
        job_id: "job_4".into(),
        message_id: "msg_5".into(),
        source: "six-scenes.mp4".into(),
        credits: 1,
        heard: crate::live::Heard { events: 7, progress: 5 },
        files: vec![crate::clips::Clip {
            file: "clip_00.mp4".into(),
            playing_time: std::time::Duration::from_secs(4),
            score: 0.714,
        }],
        submitted: now(),
        completed: now(),
        checked: now(),
    };
    let report = crate::Report {
        outcomes: vec![outcome],
        film,
        portrait,
        clips,
        once: crate::once::Once::default(),
        start: std::time::Duration::from_millis(5),
        stop: std::time::Duration::from_millis(7),
    };
    let text = report.to_string();
    assert!(text.contains("500 ms of speech") && text.contains("started in 5 ms"), "{text}");
    assert!(text.contains("mdl_1, Ready after"), "{text}");
    assert!(text.contains("clip_00.mp4, 4.0 s by ffprobe, rated 0.71"), "{text}");
    assert!(text.ends_with("The film is film.mp4"), "{text}");
}

#[tokio::test]
async fn each_signature_is_required() {
    let mut stage = Stage::start().await;
    let other = Secret::new("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    stage.corrupt(|script| script.standard_secret = other.clone());
    let error = stage.carry_out().await.unwrap_err();
    assert!(
        matches!(error, DemoError::BadSignature { scheme: "Standard Webhooks", .. }),
        "{error}"
    );
    assert_eq!(stage.answers.recv().await, Some(StatusCode::UNAUTHORIZED));

    stage.corrupt(|script| {
        script.standard_secret = Secret::new(SECRET);
        script.hex_secret = other;
    });
    let error = stage.carry_out().await.unwrap_err();
    assert!(
        matches!(error, DemoError::BadSignature { scheme: "X-Webhook-Signature", .. }),
        "{error}"
    );
}

#[tokio::test]
async fn a_file_that_differs_is_refused() {
    for (member, wrong, what) in [
        ("bytes", json!(1), "its size"),
        ("sha256", json!("00"), "its SHA-256"),
        ("content_type", json!("audio/mpeg"), "its media type"),
        ("duration_ms", json!(501), "its duration in ms"),
    ] {
        let stage = Stage::start().await;
        stage.corrupt(|script| script.event["data"]["outputs"][0][member] = wrong);
        let error = stage.carry_out().await.unwrap_err();
        assert!(matches!(&error, DemoError::Mismatch { what: w, .. } if *w == what), "{error}");
    }
}

#[tokio::test]
async fn an_invalid_file_is_refused() {
    let stage = Stage::start().await;
    stage.corrupt(|script| script.file.truncate(1000));
    let error = stage.carry_out().await.unwrap_err();
    assert!(matches!(error, DemoError::NotAudio { .. }), "{error}");
}

#[tokio::test]
async fn a_failed_job_has_its_reason() {
    let stage = Stage::start().await;
    stage.corrupt(|script| {
        script.event["type"] = json!("job.failed");
        script.event["error"] = json!("no such voice");
    });
    let error = stage.carry_out().await.unwrap_err();
    assert!(error.to_string().contains("no such voice"), "{error}");
    assert!(!error.hint().is_empty());
}
