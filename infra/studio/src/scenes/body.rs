//! The body of `GET …/api/tasks/{id}` and of the scene service webhook.

use serde_json::{Map, Value, json};

use super::SceneStatus;
use super::task::SceneTask;

/// The body for the present state of `task`.
pub(super) fn body(task: &SceneTask) -> Value {
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| body.insert(name.to_owned(), value);
    set("task_id", json!(task.id));
    set("status", json!(task.status));
    set("project_id", json!(task.order.project_id));
    if let Some(scene_id) = task.order.scene_id() {
        set("scene_id", json!(scene_id));
    }
    if task.status == SceneStatus::Processing {
        set("progress", json!(task.progress));
    }
    if let Some(error) = &task.error {
        set("error", json!(error));
    }
    set("timestamp", json!(task.changed.to_string()));
    if let Some(Value::Object(members)) = task.outcome.as_ref().map(|outcome| &outcome.members) {
        body.extend(members.clone());
    }
    Value::Object(body)
}

/// A forged copy of `body`, whose links all lead to `url`.
pub(super) fn forged(mut body: Value, url: &str) -> Value {
    for (name, value) in body.as_object_mut().into_iter().flatten() {
        if name.ends_with("_url") {
            *value = json!(url);
        }
    }
    body
}
