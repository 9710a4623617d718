//! The object of a prediction or training, in answers and webhooks.

use domain::Timestamp;
use serde_json::{Value, json};

use super::task::ReplicateTask;

/// The object for the present state of `task`.
pub(super) fn body(task: &ReplicateTask, base_url: &str) -> Value {
    let submission = &task.submission;
    let kept = |value: Value| if task.data_removed { Value::Null } else { value };
    let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
    // Replicate gives a training the same address as a prediction.
    let own_url = format!("{base_url}/v1/predictions/{}", task.id);
    let mut body = json!({
        "id": task.id,
        "model": submission.version.model,
        "version": submission.version.id,
        "input": kept(json!(submission.input)),
        "logs": kept(json!(task.logs)),
        "output": task.output,
        "data_removed": task.data_removed,
        "error": task.error,
        "source": "api",
        "status": task.status,
        "created_at": task.created.to_string(),
        "started_at": text(task.started),
        "completed_at": text(task.completed),
        "urls": { "cancel": format!("{own_url}/cancel"), "get": own_url },
        "metrics": metrics(task),
    });
    if let Some(deadline) = task.deadline() {
        body["deadline"] = json!(deadline.to_string());
    }
    if let Some(deployment) = &submission.deployment {
        body["deployment"] = json!(deployment);
    }
    body
}

/// The seconds that a task which has ended took; empty before.
fn metrics(task: &ReplicateTask) -> Value {
    let Some(completed) = task.completed else { return json!({}) };
    let mut metrics = json!({ "total_time": completed.since(task.created).as_secs_f64() });
    if let Some(started) = task.started {
        metrics["predict_time"] = json!(completed.since(started).as_secs_f64());
    }
    metrics
}
