//! A provider without latency: it accepts a run, and at once sends the RunPod worker callback.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client;
use crate::error::BenchError;

/// Bytes of audio in the file: half a second at 1 kHz, one byte per sample.
const SOUND_BYTES: u32 = 500;

/// The provider, which ends with the process.
pub(crate) struct Provider {
    url: String,
}

struct ProviderState {
    url: String,
    http: reqwest::Client,
    tasks: AtomicU64,
}

impl Provider {
    pub(crate) async fn start() -> Result<Self, BenchError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state =
            ProviderState { url: url.clone(), http: client::http()?, tasks: AtomicU64::new(0) };
        let router = Router::new()
            .route("/v2/{endpoint}/run", post(run))
            .route("/v2/{endpoint}/cancel/{task}", post(cancel))
            .route("/output.wav", get(output))
            .route("/confirm", post(|| async { Json(json!({ "status": "ok" })) }))
            .with_state(Arc::new(state));
        tokio::spawn(async { axum::serve(listener, router).await });
        Ok(Self { url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

async fn run(State(state): State<Arc<ProviderState>>, Json(request): Json<Value>) -> Json<Value> {
    let id = format!("task-{}", state.tasks.fetch_add(1, Ordering::Relaxed));
    let input = &request["input"];
    let callback = input["webhook_url"].as_str().unwrap_or_default().to_owned();
    let body = json!({
        "job_id": input["job_id"],
        "download_url": format!("{}/output.wav", state.url),
        "confirmation_url": format!("{}/confirm", state.url),
        "filename": "output.wav",
    });
    tokio::spawn(async move {
        let sent = state.http.post(callback).body(body.to_string()).send().await;
        if let Err(error) = sent {
            eprintln!("worker callback failed: {error}");
        }
    });
    Json(json!({ "id": id, "status": "IN_QUEUE" }))
}

async fn cancel() -> Json<Value> {
    Json(json!({ "status": "CANCELLED" }))
}

/// A WAV file of silence.
async fn output() -> impl IntoResponse {
    let mut file = Vec::from(*b"RIFF");
    file.extend((36 + SOUND_BYTES).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(1000_u32.to_le_bytes());
    file.extend(1000_u32.to_le_bytes());
    file.extend(b"\x01\0\x08\0data");
    file.extend(SOUND_BYTES.to_le_bytes());
    file.resize(44 + SOUND_BYTES as usize, 128);
    ([(CONTENT_TYPE, "audio/wav")], file)
}
