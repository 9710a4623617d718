//! A provider that does nothing by itself: it keeps what it is asked, and answers as told. The
//! test plays its worker.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::wav;

/// A video without content.
pub const VIDEO: &[u8] =
    b"\0\0\0\x18ftypisom\0\0\x02\0isommp41\0\0\0\x08moov\0\0\0\x0cmdat\0\0\0\0";
/// A picture without content.
pub const IMAGE: &[u8] = b"\xff\xd8\xff\xe0\0\x06JFIF\xff\xda\0\x02\0\xff\xd9";

/// A transcript of nothing.
pub const DOCUMENT: &[u8] = b"{\"segments\": []}";

/// A provider on a free port of this machine. It ends when it is dropped.
pub struct Provider {
    url: String,
    desk: Arc<Mutex<Desk>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Desk {
    runs: Vec<Value>,
    listed: Vec<Value>,
    run_status: Option<u16>,
    asked: Vec<String>,
    states: HashMap<String, Value>,
    cancelled: Vec<String>,
    cancel_state: Option<&'static str>,
    cancel_status: Option<u16>,
    confirmations: Vec<Value>,
    fetches: usize,
    lost: Vec<String>,
    held: watch::Sender<bool>,
}

type Shared = State<Arc<Mutex<Desk>>>;

impl Provider {
    /// Starts one that takes every run and calls the first one `task-1`.
    pub async fn start() -> Self {
        let desk = Arc::new(Mutex::new(Desk::default()));
        let router = Router::new()
            .route("/v2/{endpoint}/run", post(run))
            .route("/v2/{endpoint}/status/{task}", get(status))
            .route("/v2/{endpoint}/cancel/{task}", post(cancel))
            .route("/v1/predictions", post(run).get(list))
            .route("/v1/predictions/{task}", get(model_status))
            .route("/api/tasks", post(take))
            .route("/api/tasks/{task}", get(progress))
            .route("/api/tasks/{task}/cancel", post(end))
            .route("/ai-clipping/jobs", post(take))
            .route("/ai-clipping/jobs/{task}", get(progress).delete(end))
            .route("/api/notifications", post(take))
            .route("/output/sample.wav", get(output))
            .route("/output/{file}", get(picture))
            .route("/confirm-download/{job}", post(confirm))
            .with_state(Arc::clone(&desk));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, desk, server }
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The bodies of the runs it was asked for, in order.
    #[must_use]
    pub fn runs(&self) -> Vec<Value> {
        self.desk().runs.clone()
    }

    /// Has taken these tasks before: the first as `task-1`, and so on.
    pub fn has_taken(&self, runs: &[Value]) {
        self.desk().runs = runs.to_vec();
    }

    /// The callback URL of the last run.
    #[must_use]
    pub fn callback(&self) -> String {
        let desk = self.desk();
        let run = desk.runs.last().expect("a run was asked for");
        run["input"]["webhook_url"].as_str().unwrap().to_owned()
    }

    /// Answers runs with `status` from now on; with 200 it takes them.
    pub fn answer_runs(&self, status: u16) {
        self.desk().run_status = Some(status);
    }

    /// Has no file of that name any more, until it is told so again with another list.
    pub fn lose(&self, files: &[&str]) {
        self.desk().lost = files.iter().map(|file| (*file).to_owned()).collect();
    }

    /// Keeps whoever has asked for a scene task from now on waiting for the answer, or no longer.
    pub fn hold_answers(&self, held: bool) {
        self.desk().held.send_replace(held);
    }

    /// Answers questions about `task` with this, or with 404 if it is null; about others, that
    /// they are at work.
    pub fn tell(&self, task: &str, state: Value) {
        self.desk().states.insert(task.to_owned(), state);
    }

    /// The tasks it was asked about, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.desk().asked.clone()
    }

    /// The tasks it was asked to end, in order.
    #[must_use]
    pub fn cancelled(&self) -> Vec<String> {
        self.desk().cancelled.clone()
    }

    /// Answers wishes for an end with this state from now on; `CANCELLED` if not told.
    pub fn answer_cancels(&self, state: &'static str) {
        self.desk().cancel_state = Some(state);
    }

    /// Refuses wishes for an end with `status` from now on.
    pub fn refuse_cancels(&self, status: u16) {
        self.desk().cancel_status = Some(status);
    }

    /// The bodies of the confirmations that came.
    #[must_use]
    pub fn confirmations(&self) -> Vec<Value> {
        self.desk().confirmations.clone()
    }

    /// How often its file was fetched.
    #[must_use]
    pub fn fetches(&self) -> usize {
        self.desk().fetches
    }

    /// The RunPod worker callback for `job`, whose file is ready.
    #[must_use]
    pub fn file_ready(&self, job: &str) -> Value {
        json!({
            "job_id": job,
            "download_url": format!("{}/output/sample.wav", self.url),
            "confirmation_url": format!("{}/confirm-download/{job}", self.url),
            "filename": "sample.wav",
        })
    }

    fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn run(State(desk): Shared, Json(body): Json<Value>) -> Response {
    let mut desk = desk.lock().unwrap();
    desk.runs.push(body);
    if let Some(status) = desk.run_status.filter(|status| *status != 200) {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, Json(json!({ "error": "not today" }))).into_response();
    }
    let task = format!("task-{}", desk.runs.len());
    let input = desk.runs.last().map(|run| run["input"].clone());
    desk.listed.insert(0, json!({ "id": task, "status": "processing", "input": input }));
    Json(json!({ "id": task, "status": "IN_QUEUE" })).into_response()
}

async fn status(State(desk): Shared, Path((_, task)): Path<(String, String)>) -> Response {
    let mut desk = desk.lock().unwrap();
    desk.asked.push(task.clone());
    match desk.states.get(&task) {
        Some(Value::Null) => StatusCode::NOT_FOUND.into_response(),
        Some(state) => Json(state).into_response(),
        None => Json(json!({ "id": task, "status": "IN_PROGRESS" })).into_response(),
    }
}

/// Its predictions, the newest first. It does not show their callback URLs.
async fn list(State(desk): Shared) -> Json<Value> {
    let listed = desk.lock().unwrap().listed.clone();
    Json(json!({ "results": listed, "next": null, "previous": null }))
}

async fn model_status(desk: Shared, Path(task): Path<String>) -> Response {
    status(desk, Path((String::new(), task))).await
}

async fn cancel(State(desk): Shared, Path((_, task)): Path<(String, String)>) -> Response {
    let mut desk = desk.lock().unwrap();
    desk.cancelled.push(task.clone());
    if let Some(status) = desk.cancel_status {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, Json(json!({ "error": "it cannot be cancelled" }))).into_response();
    }
    Json(json!({ "id": task, "status": desk.cancel_state.unwrap_or("CANCELLED") })).into_response()
}

/// Takes a task as the scene services do.
async fn take(State(desk): Shared, Json(body): Json<Value>) -> Response {
    let (task, status, mut held) = {
        let mut desk = desk.lock().unwrap();
        desk.runs.push(body);
        (format!("task-{}", desk.runs.len()), desk.run_status, desk.held.subscribe())
    };
    let _ = held.wait_for(|held| !held).await;
    if let Some(status) = status.filter(|status| *status != 200) {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, Json(json!({ "error": "not today" }))).into_response();
    }
    (StatusCode::ACCEPTED, Json(json!({ "task_id": task, "status": "queued" }))).into_response()
}

async fn progress(State(desk): Shared, Path(task): Path<String>) -> Response {
    let mut desk = desk.lock().unwrap();
    desk.asked.push(task.clone());
    match desk.states.get(&task) {
        Some(Value::Null) => StatusCode::NOT_FOUND.into_response(),
        Some(state) => Json(state).into_response(),
        None => Json(json!({
            "task_id": task, "project_id": "proj_x", "scene_id": "scene_001",
            "status": "processing", "progress": 40,
        }))
        .into_response(),
    }
}

async fn end(State(desk): Shared, Path(task): Path<String>) -> Response {
    let mut desk = desk.lock().unwrap();
    desk.cancelled.push(task.clone());
    if let Some(status) = desk.cancel_status {
        let status = StatusCode::from_u16(status).unwrap();
        return (status, Json(json!({ "error": "it cannot be cancelled" }))).into_response();
    }
    let state = desk.cancel_state.unwrap_or("cancelled").to_lowercase();
    Json(json!({ "task_id": task, "status": state })).into_response()
}

/// A picture, a text or a video without content, by the file's name.
async fn picture(State(desk): Shared, Path(file): Path<String>) -> Response {
    let mut desk = desk.lock().unwrap();
    desk.fetches += 1;
    if desk.lost.contains(&file) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let bytes: &[u8] = match file.rsplit('.').next() {
        Some("jpg") => IMAGE,
        Some("json") => DOCUMENT,
        _ => VIDEO,
    };
    bytes.to_vec().into_response()
}

async fn output(State(desk): Shared) -> Response {
    desk.lock().unwrap().fetches += 1;
    ([("content-type", "audio/wav")], wav::sample()).into_response()
}

async fn confirm(State(desk): Shared, Json(body): Json<Value>) -> Json<Value> {
    desk.lock().unwrap().confirmations.push(body);
    Json(json!({ "success": true }))
}
