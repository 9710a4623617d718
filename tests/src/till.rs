//! A provider that counts money. It speaks RunPod's protocol, and its tasks run by the clock of the
//! world. Dice decide what goes wrong: answers that are lost or come too late, tasks that are lost,
//! webhooks that are dropped, doubled, or quicker than the answer.

mod books;

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::Timestamp;
use futures::{StreamExt, stream};
use http::StatusCode;
use runtime::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::wav;

use books::{Answer, Books, End};
pub use books::{Figures, Task};

/// How many webhooks are sent at one time.
const AT_ONCE: usize = 16;

/// A provider on a free port of this machine. It ends when it is dropped.
pub struct Till {
    url: String,
    books: Arc<Books>,
    server: JoinHandle<()>,
}

type Shared = State<Arc<Books>>;

impl Till {
    /// Starts one whose dice are thrown by `seed`. It takes no work before it has a clock.
    pub async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let books = Arc::new(Books::new(seed, &url));
        let router = Router::new()
            .route("/v2/{endpoint}/run", post(run))
            .route("/v2/{endpoint}/status/{task}", get(status))
            .route("/v2/{endpoint}/cancel/{task}", post(cancel))
            .route("/output/{task}", get(output))
            .route("/confirm/{task}", post(async || Json(json!({ "success": true }))))
            .with_state(Arc::clone(&books));
        let server = tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, books, server }
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs its tasks by `clock`.
    pub fn set_clock(&self, clock: Clock) {
        self.books.set_clock(clock);
    }

    /// What it has counted so far.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.books.open().figures
    }

    /// All tasks that were paid.
    #[must_use]
    pub fn tasks(&self) -> Vec<Task> {
        self.books.open().tasks.clone()
    }

    /// The place in [`tasks`](Self::tasks) of the one whose file is at `url`.
    #[must_use]
    pub fn task_at(&self, url: &str) -> usize {
        url.strip_prefix(&format!("{}/output/task-", self.url)).unwrap().parse().unwrap()
    }

    /// When the next webhook is due, if there is one.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.books.open().tasks.iter().flat_map(|task| &task.webhooks).min().copied()
    }

    /// Sends the webhooks that are due. Whether there were any.
    pub async fn send_due(&self) -> bool {
        let now = self.books.now();
        let mut due = Vec::new();
        for (number, task) in self.books.open().tasks.iter_mut().enumerate() {
            let before = task.webhooks.len();
            task.webhooks.retain(|at| *at > now);
            due.extend(std::iter::repeat_n(number, before - task.webhooks.len()));
        }
        let sent = due.len();
        stream::iter(due).for_each_concurrent(AT_ONCE, |task| self.books.announce(task)).await;
        sent > 0
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn run(State(books): Shared, Json(body): Json<Value>) -> Response {
    let (answer, task) = books.take(&body["input"]);
    let error = |status| (StatusCode::from_u16(status).unwrap(), "no").into_response();
    let accepted = || Json(json!({ "id": format!("task-{task}"), "status": "IN_QUEUE" }));
    match answer {
        Answer::Accepted => accepted().into_response(),
        Answer::AfterWebhook => {
            let first = books.open().tasks[task].webhooks.pop();
            if first.is_some() {
                books.announce(task).await;
            }
            accepted().into_response()
        }
        Answer::Lost => {
            // The connection breaks within the answer.
            let broken = stream::iter([Ok("{\"id\":"), Err(std::io::Error::other("lost"))]);
            Body::from_stream(broken.boxed()).into_response()
        }
        Answer::LateError(status) | Answer::Error(status) | Answer::Refused(status) => {
            error(status)
        }
    }
}

/// The place of the task with that id.
fn number(id: &str) -> usize {
    id.strip_prefix("task-").unwrap().parse().unwrap()
}

async fn status(State(books): Shared, Path((_, id)): Path<(String, String)>) -> Response {
    let (now, number) = (books.now(), number(&id));
    let mut open = books.open();
    let task = &mut open.tasks[number];
    if now < task.ends_at {
        return Json(json!({ "id": id, "status": "IN_PROGRESS" })).into_response();
    }
    match task.ends {
        End::File => {
            task.is_announced = true;
            let output = books.result(number, &task.job);
            Json(json!({ "id": id, "status": "COMPLETED", "output": output })).into_response()
        }
        End::Failed => {
            task.is_known_dead = true;
            Json(json!({ "id": id, "status": "FAILED", "error": "out of memory" })).into_response()
        }
        End::Lost => {
            task.is_known_dead = true;
            StatusCode::NOT_FOUND.into_response()
        }
    }
}

async fn cancel(State(books): Shared, Path((_, id)): Path<(String, String)>) -> Json<Value> {
    books.open().tasks[number(&id)].is_known_dead = true;
    Json(json!({ "id": id, "status": "CANCELLED" }))
}

/// The file of a task. Of some, the first answer is an error.
async fn output(State(books): Shared, Path(id): Path<String>) -> Response {
    let task = &mut books.open().tasks[number(&id)];
    task.fetches += 1;
    if task.fetches == 1 && number(&id).is_multiple_of(10) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    ([("content-type", "audio/wav")], wav::sample()).into_response()
}
