//! A provider without latency: it accepts a run, and at once sends the RunPod worker callback.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client;
use crate::error::BenchError;

/// Bytes of audio in a file: half a second at 1 kHz, one byte per sample.
const SOUND_BYTES: u32 = 500;
/// Silence, as it is sent.
static SILENCE: [u8; 64 * 1024] = [128; 64 * 1024];

/// The provider, which ends with the process.
pub(crate) struct Provider {
    url: String,
}

struct ProviderState {
    url: String,
    http: reqwest::Client,
    sound_bytes: u32,
    tasks: AtomicU64,
}

impl Provider {
    /// A provider of small files.
    pub(crate) async fn start() -> Result<Self, BenchError> {
        Self::with_sound_of(SOUND_BYTES).await
    }

    /// A provider whose files have so many bytes of audio.
    pub(crate) async fn with_sound_of(sound_bytes: u32) -> Result<Self, BenchError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (http, tasks) = (client::http()?, AtomicU64::new(0));
        let state = ProviderState { url: url.clone(), http, sound_bytes, tasks };
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

/// A WAV file of silence, or a part of it.
async fn output(State(state): State<Arc<ProviderState>>, headers: HeaderMap) -> impl IntoResponse {
    let sound = state.sound_bytes;
    let mut head = Vec::from(*b"RIFF");
    head.extend((36 + sound).to_le_bytes());
    head.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    head.extend(1000_u32.to_le_bytes());
    head.extend(1000_u32.to_le_bytes());
    head.extend(b"\x01\0\x08\0data");
    head.extend(sound.to_le_bytes());
    let total = head.len() as u64 + u64::from(sound);
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let (first, last) = range.and_then(|range| range.split_once('-')).unwrap_or(("0", ""));
    let first = first.parse().unwrap_or(0).min(total);
    let end = last.parse().map_or(total, |last: u64| (last + 1).min(total));
    let status = if range.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let headers = [
        (CONTENT_TYPE, "audio/wav".to_owned()),
        (CONTENT_LENGTH, (end - first).to_string()),
        (CONTENT_RANGE, format!("bytes {first}-{}/{total}", end.saturating_sub(1))),
        (ETAG, format!("\"silence-{total}\"")),
        (ACCEPT_RANGES, "bytes".to_owned()),
    ];
    let head = Bytes::from(head);
    let pieces = stream::unfold(first, move |at| {
        let piece = if at < head.len() as u64 {
            head.slice(usize::try_from(at).unwrap_or(0)..)
        } else {
            Bytes::from_static(&SILENCE)
        };
        let piece = piece.slice(..usize::try_from(end - at).unwrap_or(usize::MAX).min(piece.len()));
        let next = at + piece.len() as u64;
        async move { (!piece.is_empty()).then_some((Ok::<_, Infallible>(piece), next)) }
    });
    (status, headers, Body::from_stream(pieces))
}
