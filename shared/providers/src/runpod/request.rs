//! The calls to RunPod.

use domain::TaskId;
use domain::job::Deadlines;
use domain::json_object::JsonObject;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::{Account, Call, Input, Order};

/// The variable that names the serverless endpoint of our account.
const ENDPOINT: &str = "RUNPOD_ENDPOINT_ID";
/// The variable that asks RunPod itself for a webhook too, besides its worker's.
const NATIVE_WEBHOOK: &str = "RUNPOD_NATIVE_WEBHOOK";

/// The members of a worker's input that are ours, those beside the input that some workers read
/// within it too, and those by which workers are given addresses for files and reports: nothing goes
/// from a worker to an address that a client chose.
pub(super) const RESERVED_OPTIONS: &[&str] = &[
    "text",
    "language",
    "format",
    "voice",
    "job_id",
    "webhook_url",
    "webhook",
    "policy",
    "s3Config",
    "callback_url",
    "confirmation_url",
    "download_url",
    "upload_url",
];

/// Submits a run.
pub(super) fn run(account: &Account, order: &Order) -> Option<Call> {
    let is_native = account.value(NATIVE_WEBHOOK) == "true";
    Some(Call::submission(url(account, "run"), account.bearer(), &run_body(order, is_native)?))
}

/// Polls a task.
pub(super) fn status(account: &Account, task: &TaskId) -> Call {
    Call::get(url(account, &format!("status/{task}")), account.bearer())
}

/// Cancels a task.
pub(super) fn cancel(account: &Account, task: &TaskId) -> Call {
    Call::post(url(account, &format!("cancel/{task}")), account.bearer(), &json!({}))
}

fn url(account: &Account, path: &str) -> String {
    account.url(&format!("/v2/{}/{path}", account.value(ENDPOINT)))
}

/// The body of a run.
#[derive(Serialize)]
struct Run {
    input: BTreeMap<String, Box<RawValue>>,
    policy: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<String>,
}

/// The body of a run. The worker posts to the callback URL when the file is ready; with
/// `is_native`, RunPod itself also posts there when the task has ended.
///
/// A worker reads what it is to do from the members of `input`, so options are members like ours.
/// Ours replace one of the same name.
///
/// `executionTimeout` bounds the work, `ttl` the waiting and the work together, both in
/// milliseconds.
fn run_body(order: &Order, is_native: bool) -> Option<String> {
    let Input::Speech { request, options } = &order.input else { return None };
    let callback_url = order.callback_url();
    let mut input = options.as_ref().map(JsonObject::members).unwrap_or_default();
    let own = [
        ("text", Some(request.text.as_str())),
        ("language", Some(request.language.name())),
        ("format", Some(request.format.as_str())),
        ("voice", request.voice.as_deref()),
        ("job_id", Some(order.job_id.as_str())),
        ("webhook_url", Some(callback_url.as_str())),
    ];
    for (name, value) in own {
        if let Some(value) = value {
            input.insert(name.to_owned(), to_raw_value(value).ok()?);
        }
    }
    let Deadlines { start, run } = order.deadlines;
    let policy = json!({
        "executionTimeout": run.as_secs() * 1000,
        "ttl": (start + run).as_secs() * 1000,
    });
    let webhook = is_native.then_some(callback_url);
    serde_json::to_string(&Run { input, policy, webhook }).ok()
}
