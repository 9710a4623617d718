//! What the stand-ins counted: tasks created, those that ran and would be billed, and webhooks sent.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::scenes::SceneStatus;
use crate::state::StudioState;
use crate::task::Status;

/// The counts of each stand-in.
pub(crate) async fn show(State(studio): State<Arc<StudioState>>) -> Json<Value> {
    let StudioState { tasks, scenes, replicate, clipping, .. } = &*studio;
    Json(json!({
        "runpod": counts(
            tasks.sum(|_| 1),
            tasks.sum(|task| usize::from(task.status != Status::InQueue)),
            tasks.sum(|task| task.posts.len()),
        ),
        "scenes": counts(
            scenes.sum(|_| 1),
            scenes.sum(|task| usize::from(task.status != SceneStatus::Queued)),
            scenes.sum(|task| task.posts.len()),
        ),
        "replicate": counts(
            replicate.tasks.sum(|_| 1),
            replicate.tasks.sum(|task| usize::from(task.started.is_some())),
            replicate.tasks.sum(|task| task.posts.len()),
        ),
        "clipping": counts(
            clipping.tasks.sum(|_| 1),
            clipping.tasks.sum(|task| usize::from(task.is_billed)),
            clipping.tasks.sum(|task| task.posts.len()),
        ),
    }))
}

fn counts(created: usize, billed: usize, webhooks: usize) -> Value {
    json!({ "created": created, "billed": billed, "webhooks": webhooks })
}
