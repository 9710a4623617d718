//! The calls to RunPod.

use std::time::Duration;

use domain::{TaskId, limits};
use serde_json::{Value, json};

use crate::{Account, Call, Input, Order};

/// The variable that names the serverless endpoint of our account.
const ENDPOINT: &str = "RUNPOD_ENDPOINT_ID";
/// The variable that asks RunPod itself for a webhook too, besides its worker's.
const NATIVE_WEBHOOK: &str = "RUNPOD_NATIVE_WEBHOOK";

/// How long a task may wait and run together.
pub(super) const TIME_TO_LIVE: Duration =
    Duration::from_secs(limits::START_DEADLINE.as_secs() + limits::RUN_DEADLINE.as_secs());

/// Submits a run.
pub(super) fn run(account: &Account, order: &Order) -> Option<Call> {
    let is_native = account.value(NATIVE_WEBHOOK) == "true";
    Some(Call::submission(url(account, "run"), account.bearer(), run_body(order, is_native)?))
}

/// Polls a task.
pub(super) fn status(account: &Account, task: &TaskId) -> Call {
    Call::get(url(account, &format!("status/{task}")), account.bearer())
}

/// Cancels a task.
pub(super) fn cancel(account: &Account, task: &TaskId) -> Call {
    Call::post(url(account, &format!("cancel/{task}")), account.bearer(), json!({}))
}

fn url(account: &Account, path: &str) -> String {
    account.url(&format!("/v2/{}/{path}", account.value(ENDPOINT)))
}

/// The body of a run. The worker posts to the callback URL when the file is ready; with
/// `is_native`, RunPod itself also posts there when the task has ended.
///
/// `executionTimeout` bounds the work, `ttl` the waiting and the work together, both in
/// milliseconds.
fn run_body(order: &Order, is_native: bool) -> Option<Value> {
    let Input::Speech(request) = &order.input else { return None };
    let callback_url = order.callback_url();
    let mut body = json!({
        "input": {
            "text": request.text,
            "language": request.language.name(),
            "format": request.format.as_str(),
            "job_id": order.job_id,
            "webhook_url": callback_url,
        },
        "policy": {
            "executionTimeout": limits::RUN_DEADLINE.as_secs() * 1000,
            "ttl": TIME_TO_LIVE.as_secs() * 1000,
        },
    });
    if let Some(voice) = &request.voice {
        body["input"]["voice"] = json!(voice);
    }
    if is_native {
        body["webhook"] = json!(callback_url);
    }
    Some(body)
}
