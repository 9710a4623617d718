//! The calls to the clipping worker.

use domain::TaskId;
use http::Method;
use serde_json::json;

use crate::{Account, Call, Input, Order};

/// Where its jobs are, which are our tasks.
const JOBS: &str = "/ai-clipping/jobs";

/// Submits a video. Without `max_clips` the worker decides how many clips it makes.
pub(super) fn submit(account: &Account, order: &Order) -> Option<Call> {
    let Input::Clipping { request, owner } = &order.input else { return None };
    let mut body = json!({
        "video_url": request.video_url,
        "callback_url": order.callback_url(),
        "external_job_id": order.job_id,
        "owner_user_id": owner,
    });
    if let Some(max_clips) = request.max_clips {
        body["max_clips"] = json!(max_clips);
    }
    Some(Call::submission(account.url(JOBS), account.bearer(), &body))
}

/// Polls a task.
pub(super) fn status(account: &Account, task: &TaskId) -> Call {
    Call::get(account.url(&format!("{JOBS}/{task}")), account.bearer())
}

/// Cancels a task.
pub(super) fn cancel(account: &Account, task: &TaskId) -> Call {
    Call { method: Method::DELETE, ..status(account, task) }
}
