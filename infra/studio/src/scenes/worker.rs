//! The life of one task: wait for a worker, be made, be reported.

use std::sync::Arc;

use super::announcement::announce;
use super::bench::Bench;
use super::error::SceneError;
use super::order::{Order, Work};
use super::outcome::Outcome;
use super::{SceneStatus, last_frame, stitch, video};
use crate::faults::Fault;
use crate::pod::Pod;

/// A prompt that holds this fails.
const FAIL: &str = "[fail]";
/// A prompt that holds this fails the first time that it is asked for in its scene.
const FAIL_ONCE: &str = "[fail once]";

/// Takes task `id` to its end and reports it.
pub(super) async fn run(pod: Arc<Pod>, id: String, order: Arc<Order>) {
    let Some(cancellation) = pod.scenes.read(&id, |task| Arc::clone(&task.cancellation)) else {
        return;
    };
    let outcome = tokio::select! {
        () = cancellation.notified() => Err(SceneError::Cancelled),
        outcome = make(&pod, &id, &order) => outcome,
    };
    if end(&pod, &id, outcome) != Some(SceneStatus::Cancelled) {
        announce(&pod, &id).await;
    }
    pod.scenes.change(&id, |task| task.is_settled = true);
}

async fn make(pod: &Pod, id: &str, order: &Order) -> Result<Outcome, SceneError> {
    let _permit = pod.workers.acquire().await;
    let begin = |task: &mut super::SceneTask| {
        task.move_to(SceneStatus::Processing);
        task.ordinal
    };
    let ordinal = pod.scenes.change(id, begin).unwrap_or_default();
    if pod.settings.faults.strikes(Fault::Fail, ordinal) {
        return Err(SceneError::Fault);
    }
    let prompt = order.prompt().unwrap_or_default();
    if prompt.contains(FAIL) || prompt.contains(FAIL_ONCE) && is_first(pod, ordinal, order) {
        return Err(SceneError::Prompted);
    }
    let bench = Bench::new(pod, id);
    match &order.work {
        Work::Video(work) => video::make(&bench, work).await,
        Work::LastFrame(work) => last_frame::make(&bench, work).await,
        Work::Stitch(work) => stitch::make(&bench, &order.project_id, work).await,
    }
}

/// Whether nobody has asked for this prompt in this scene before.
fn is_first(pod: &Pod, ordinal: u64, order: &Order) -> bool {
    let wish = |order: &Order| {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        (order.project_id.clone(), owned(order.scene_id()), owned(order.prompt()))
    };
    let asked = wish(order);
    pod.scenes.all(|task| task.ordinal >= ordinal || wish(&task.order) != asked)
}

/// Writes the end of a task down; how it has ended. A cancellation that was acknowledged
/// meanwhile stands, and what was made is deleted.
fn end(pod: &Pod, id: &str, outcome: Result<Outcome, SceneError>) -> Option<SceneStatus> {
    pod.scenes.change(id, |task| {
        if task.status != SceneStatus::Cancelled {
            task.move_to(if outcome.is_ok() {
                SceneStatus::Completed
            } else {
                SceneStatus::Failed
            });
            task.error = outcome.as_ref().err().map(ToString::to_string);
            task.outcome = outcome.ok();
        }
        let (service, status, error) = (task.service, task.status, task.error.as_deref());
        tracing::info!(task = id, ?service, ?status, error, "ended");
        status
    })
}
