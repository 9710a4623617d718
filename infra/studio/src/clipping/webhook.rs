//! The webhooks of one task, and their faults.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use url::Url;

use super::auth::Proof;
use super::payload::{self, Event, Payload};
use crate::faults::Fault;
use crate::output::forged_filename;
use crate::state::StudioState;
use crate::{Faults, Post, PostKind};

/// A webhook to send: the state of the task when its event happened.
#[derive(Debug)]
pub(super) struct Webhook {
    event: Event,
    /// The number that decides over its faults: those of a task's webhooks are independent.
    fault_key: u64,
    url: Url,
    body: String,
}

/// Puts the webhook for an event of task `id` into `outbox`, if it has a receiver. `number` counts the
/// webhooks of a task.
pub(super) fn emit(
    studio: &StudioState,
    id: &str,
    event: Event,
    number: u64,
    outbox: &UnboundedSender<Webhook>,
) {
    let now = studio.settings.clipping.clock.now();
    let webhook = studio.clipping.tasks.read(id, |task| {
        let url = task.order.callback_url.clone()?;
        let body = text(&payload::webhook(event, task, &studio.clipping.links, now));
        let number = if event.is_final() { 0 } else { number };
        Some(Webhook { event, fault_key: task.ordinal | (number << 40), url, body })
    });
    if let Some(webhook) = webhook.flatten() {
        // The receiving end reads until this one is dropped.
        let _ = outbox.send(webhook);
    }
}

/// Sends the webhooks of task `id` in their order, but for those that a fault delays, until its worker
/// has ended. The worker waits for none of them.
pub(super) async fn send_all(
    studio: Arc<StudioState>,
    id: String,
    mut inbox: UnboundedReceiver<Webhook>,
) {
    let mut held = JoinSet::new();
    while let Some(webhook) = inbox.recv().await {
        let is_held = webhook.is_held(&studio.settings.faults);
        let sending = send(Arc::clone(&studio), id.clone(), webhook);
        if is_held {
            held.spawn(sending);
        } else {
            sending.await;
        }
    }
    while held.join_next().await.is_some() {}
    studio.clipping.tasks.change(&id, |task| task.is_settled = true);
}

impl Webhook {
    /// Whether a fault delays it, so that later ones may overtake it.
    fn is_held(&self, faults: &Faults) -> bool {
        let is_late = |delay: &Duration| *delay > Duration::ZERO;
        faults.occurs(Fault::Reorder, self.fault_key)
            || faults.webhook_delays(self.fault_key).iter().any(is_late)
    }
}

async fn send(studio: Arc<StudioState>, id: String, webhook: Webhook) {
    let faults = &studio.settings.faults;
    if webhook.event.is_final() && faults.occurs(Fault::Forge, webhook.fault_key) {
        forge(&studio, &id, &webhook.url).await;
    }
    let delays = faults.webhook_delays(webhook.fault_key);
    if delays.is_empty() {
        tracing::info!(task = id, event = ?webhook.event, "webhook dropped by a fault");
        return;
    }
    if faults.occurs(Fault::Reorder, webhook.fault_key) {
        // Resolves early once another webhook has been answered.
        let _ = timeout(faults.delay(), another_answered(&studio)).await;
    }
    for delay in delays {
        sleep(delay).await;
        deliver(&studio, &id, &webhook).await;
    }
}

async fn another_answered(studio: &StudioState) {
    let tasks = &studio.clipping.tasks;
    let before = tasks.sum(|task| task.posts.len());
    tasks.until_store(|tasks| tasks.sum(|task| task.posts.len()) > before).await;
}

/// Sends it; the final one until a 2xx answer or the last retry, others once.
async fn deliver(studio: &StudioState, id: &str, webhook: &Webhook) {
    let is_final = webhook.event.is_final();
    let waits: &[Duration] = if is_final { &studio.settings.clipping.retry_waits } else { &[] };
    let mut waits = waits.iter();
    let (kind, proof) = (webhook.event.kind(), &studio.clipping.proof);
    loop {
        let answer = post(studio, id, kind, &webhook.url, webhook.body.clone(), proof).await;
        if answer.is_some_and(|status| (200..300).contains(&status)) {
            return;
        }
        let Some(wait) = waits.next() else { return };
        sleep(*wait).await;
    }
}

/// Sends a forged success of task `id`.
async fn forge(studio: &StudioState, id: &str, url: &Url) {
    let file = format!("{}/output/{}", studio.base_url, forged_filename(id));
    let now = studio.settings.clipping.clock.now();
    let body = studio.clipping.tasks.read(id, |task| text(&payload::forged(task, &file, now)));
    let proof = studio.clipping.proof.forged();
    post(studio, id, PostKind::Forged, url, body.unwrap_or_default(), &proof).await;
}

async fn post(
    studio: &StudioState,
    id: &str,
    kind: PostKind,
    url: &Url,
    body: String,
    proof: &Proof,
) -> Option<u16> {
    let answer = studio.poster.send(url.as_str(), proof.header(&body), body).await;
    tracing::info!(task = id, ?kind, answer, "webhook sent");
    studio.clipping.tasks.change(id, |task| task.posts.push(Post { kind, answer }));
    answer
}

/// Its JSON, with the members in the contract's order.
fn text(payload: &Payload<'_>) -> String {
    // It has no map with other keys than text, which alone could fail.
    serde_json::to_string(payload).unwrap_or_default()
}
