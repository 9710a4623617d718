//! The webhook of one scene task, and its faults.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};
use url::Url;

use super::body::{body, forged};
use super::{SceneStatus, Service};
use crate::faults::Fault;
use crate::output::forged_filename;
use crate::post::Signer;
use crate::scenes::SceneTask;
use crate::state::StudioState;
use crate::task::posts_of;
use crate::task_store::TaskStore;
use crate::{Post, PostKind};

/// A webhook to send.
struct Webhook {
    service: Service,
    ordinal: u64,
    url: Url,
    body: Value,
}

/// Sends the webhook of task `id`, if it has a receiver, unless a fault occurs.
pub(super) async fn send_webhook(studio: &StudioState, id: &str) {
    let Some(webhook) = studio.scenes.read(id, |task| webhook(studio, task)).flatten() else {
        return;
    };
    let faults = &studio.settings.faults;
    if faults.occurs(Fault::Forge, webhook.ordinal) {
        let url = format!("{}/output/{}", studio.base_url, forged_filename(id));
        let signer = Signer::plain(b"not the secret").ok();
        let forged_body = forged(webhook.body.clone(), &url);
        post(studio, id, PostKind::Forged, &webhook.url, &forged_body, signer.as_ref()).await;
    }
    let delays = faults.webhook_delays(webhook.ordinal);
    if delays.is_empty() {
        tracing::info!(task = id, "webhook dropped by a fault");
        return;
    }
    if faults.occurs(Fault::Reorder, webhook.ordinal) {
        hold(studio, id, timeout(faults.delay(), another_answered(&studio.scenes, id))).await;
    }
    for delay in delays {
        if delay > Duration::ZERO {
            hold(studio, id, sleep(delay)).await;
        }
        deliver(studio, id, &webhook).await;
    }
}

fn webhook(studio: &StudioState, task: &SceneTask) -> Option<Webhook> {
    let registration = studio.registrations.of(task.service);
    let [completed, failed] = task.service.events();
    let event = if task.status == SceneStatus::Completed { completed } else { failed };
    let is_wanted = registration.events.iter().any(|wanted| wanted == event);
    let url = task.order.webhook_url.clone().or(registration.url.filter(|_| is_wanted))?;
    Some(Webhook { service: task.service, ordinal: task.ordinal, url, body: body(task) })
}

/// Marks the webhook of task `id` as held back until `until` resolves.
async fn hold(studio: &StudioState, id: &str, until: impl Future) {
    studio.scenes.change(id, |task| task.is_held = true);
    until.await;
    studio.scenes.change(id, |task| task.is_held = false);
}

/// Resolves once the webhook of another task has been answered.
async fn another_answered(tasks: &TaskStore<SceneTask>, id: &str) {
    let answered = |tasks: &TaskStore<SceneTask>| {
        tasks.sum(|task| if task.id == id { 0 } else { posts_of(&task.posts, PostKind::Ended) })
    };
    let before = answered(tasks);
    tasks.until_store(|tasks| answered(tasks) > before).await;
}

/// Sends the webhook until a 2xx answer or the last retry.
async fn deliver(studio: &StudioState, id: &str, webhook: &Webhook) {
    let signer = studio.registrations.of(webhook.service).signer;
    let mut waits = studio.settings.scenes.retry_waits.iter();
    loop {
        let answer =
            post(studio, id, PostKind::Ended, &webhook.url, &webhook.body, signer.as_ref()).await;
        if answer.is_some_and(|status| (200..300).contains(&status)) {
            return;
        }
        let Some(wait) = waits.next() else { return };
        sleep(*wait).await;
    }
}

async fn post(
    studio: &StudioState,
    id: &str,
    kind: PostKind,
    url: &Url,
    body: &Value,
    signer: Option<&Signer>,
) -> Option<u16> {
    let answer = studio.poster.post(url.as_str(), body, signer).await;
    tracing::info!(task = id, ?kind, answer, "webhook sent");
    studio.scenes.change(id, |task| task.posts.push(Post { kind, answer }));
    answer
}
