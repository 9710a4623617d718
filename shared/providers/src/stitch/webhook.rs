//! The stitch service's webhook.

use domain::{ProjectId, Step};
use serde_json::{Value, json};

use crate::webhook::Facts;

/// The step that it reports on.
pub(super) const fn step(project: ProjectId) -> Step {
    Step::stitch(project)
}

/// What it is answered. `user_notified` is true once the film is in our bucket, which is after
/// a first report; the film's URL is ours, since the service's own goes stale.
pub(super) fn facts(facts: &Facts) -> Value {
    let film = facts.has_file.then_some(&facts.download_url);
    json!({
        "project_updated": facts.updated,
        "user_notified": facts.notified,
        "final_video_url": film,
    })
}
