//! Processes one scene task: wait for a worker, make the outputs, send the webhook.

use std::sync::Arc;

use super::error::SceneError;
use super::order::{Order, Work};
use super::outcome::Outcome;
use super::webhook::send_webhook;
use super::workspace::Workspace;
use super::{SceneStatus, last_frame, stitch, video};
use crate::faults::Fault;
use crate::state::StudioState;

/// A prompt with this fails.
const FAIL: &str = "[fail]";
/// A prompt with this fails the first time in its scene.
const FAIL_ONCE: &str = "[fail once]";

/// Processes task `id` to its end and sends its webhook.
pub(super) async fn run(studio: Arc<StudioState>, id: String, order: Arc<Order>) {
    let Some(cancellation) = studio.scenes.read(&id, |task| Arc::clone(&task.cancellation)) else {
        return;
    };
    let outcome = tokio::select! {
        () = cancellation.notified() => Err(SceneError::Cancelled),
        outcome = make(&studio, &id, &order) => outcome,
    };
    if end(&studio, &id, outcome) != Some(SceneStatus::Cancelled) {
        send_webhook(&studio, &id).await;
    }
    studio.scenes.change(&id, |task| task.is_settled = true);
}

async fn make(studio: &StudioState, id: &str, order: &Order) -> Result<Outcome, SceneError> {
    let _permit = studio.workers.acquire().await;
    let begin = |task: &mut super::SceneTask| {
        task.move_to(SceneStatus::Processing);
        task.ordinal
    };
    let ordinal = studio.scenes.change(id, begin).unwrap_or_default();
    if studio.settings.faults.occurs(Fault::Fail, ordinal) {
        return Err(SceneError::Fault);
    }
    let prompt = order.prompt().unwrap_or_default();
    if prompt.contains(FAIL) || prompt.contains(FAIL_ONCE) && is_first(studio, ordinal, order) {
        return Err(SceneError::Prompted);
    }
    let workspace = Workspace::new(studio, id);
    match &order.work {
        Work::Video(work) => video::make(&workspace, work).await,
        Work::LastFrame(work) => last_frame::make(&workspace, work).await,
        Work::Stitch(work) => stitch::make(&workspace, &order.project_id, work).await,
    }
}

/// Whether this prompt is new in its scene.
fn is_first(studio: &StudioState, ordinal: u64, order: &Order) -> bool {
    let key = |order: &Order| {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        (order.project_id.clone(), owned(order.scene_id()), owned(order.prompt()))
    };
    let own = key(order);
    studio.scenes.all(|task| task.ordinal >= ordinal || key(&task.order) != own)
}

/// Records the end of a task; returns its status. A cancellation that was acknowledged meanwhile
/// stays, and the outputs are deleted.
fn end(
    studio: &StudioState,
    id: &str,
    outcome: Result<Outcome, SceneError>,
) -> Option<SceneStatus> {
    studio.scenes.change(id, |task| {
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
