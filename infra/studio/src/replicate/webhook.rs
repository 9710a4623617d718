//! The webhooks of one task, signed by Standard Webhooks, and their faults.

use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;

use domain::Secret;
use serde_json::{Value, json};
use signing::standard_webhooks::{
    ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, encode_secret, sign,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::body::body;
use crate::faults::Fault;
use crate::output::forged_filename;
use crate::state::StudioState;
use crate::{Faults, Post, PostKind};

/// A webhook to send: the object as it was when its event happened.
#[derive(Debug)]
pub(super) struct Webhook {
    kind: PostKind,
    /// The same for every attempt.
    message_id: String,
    /// The task's place in the order of creation.
    ordinal: u64,
    url: String,
    body: Value,
}

/// Puts the webhook for an event of task `id` into `outbox`, if it has a receiver for it.
pub(super) fn emit(
    studio: &StudioState,
    id: &str,
    kind: PostKind,
    outbox: &UnboundedSender<Webhook>,
) {
    let webhook = studio.replicate.tasks.read(id, |task| {
        let receiver = task.submission.receiver.as_ref()?;
        receiver.events.contains(&kind).then(|| Webhook {
            kind,
            message_id: format!("msg_{}", Uuid::now_v7().simple()),
            ordinal: task.ordinal,
            url: receiver.url.clone(),
            body: body(task, &studio.base_url),
        })
    });
    if let Some(webhook) = webhook.flatten() {
        // The receiving end reads until this one is dropped.
        let _ = outbox.send(webhook);
    }
}

/// Sends the webhooks of task `id` in their order, but for those that a fault delays, until its
/// worker has ended.
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
    studio.replicate.tasks.change(&id, |task| task.is_settled = true);
}

impl Webhook {
    /// The number that decides over its faults: those of a task's events are independent.
    fn fault_key(&self) -> u64 {
        match self.kind {
            PostKind::Ended => self.ordinal,
            kind => self.ordinal | (kind as u64) << 48,
        }
    }

    /// Whether a fault delays it, so that later ones may overtake it.
    fn is_held(&self, faults: &Faults) -> bool {
        let is_late = |delay: &Duration| *delay > Duration::ZERO;
        faults.occurs(Fault::Reorder, self.fault_key())
            || faults.webhook_delays(self.fault_key()).iter().any(is_late)
    }
}

async fn send(studio: Arc<StudioState>, id: String, webhook: Webhook) {
    let faults = &studio.settings.faults;
    if webhook.kind == PostKind::Ended && faults.occurs(Fault::Forge, webhook.fault_key()) {
        forge(&studio, &id, &webhook).await;
    }
    let delays = faults.webhook_delays(webhook.fault_key());
    if delays.is_empty() {
        tracing::info!(task = id, kind = ?webhook.kind, "webhook dropped by a fault");
        return;
    }
    if faults.occurs(Fault::Reorder, webhook.fault_key()) {
        // Resolves early once another webhook has been answered.
        let _ = timeout(faults.delay(), another_answered(&studio)).await;
    }
    for delay in delays {
        sleep(delay).await;
        deliver(&studio, &id, &webhook).await;
    }
}

async fn another_answered(studio: &StudioState) {
    let tasks = &studio.replicate.tasks;
    let before = tasks.sum(|task| task.posts.len());
    tasks.until_store(|tasks| tasks.sum(|task| task.posts.len()) > before).await;
}

/// Sends it; the final one again while there is no answer, 4xx or 5xx, until the last retry.
async fn deliver(studio: &StudioState, id: &str, webhook: &Webhook) {
    let secret = &studio.replicate.webhook_secret;
    let is_final = webhook.kind == PostKind::Ended;
    let waits: &[Duration] = if is_final { &studio.settings.replicate.retry_waits } else { &[] };
    let mut waits = waits.iter();
    loop {
        let answer = post(studio, id, webhook.kind, webhook, &webhook.body, secret).await;
        if answer.is_some_and(|status| status < 400) {
            return;
        }
        let Some(wait) = waits.next() else { return };
        sleep(*wait).await;
    }
}

/// Sends a forged success: with another secret, and a file that was not requested.
async fn forge(studio: &StudioState, id: &str, webhook: &Webhook) {
    let mut body = webhook.body.clone();
    body["status"] = json!("succeeded");
    body["output"] = json!(format!("{}/output/{}", studio.base_url, forged_filename(id)));
    let secret = encode_secret(&[0; 32]);
    post(studio, id, PostKind::Forged, webhook, &body, &secret).await;
}

async fn post(
    studio: &StudioState,
    id: &str,
    kind: PostKind,
    webhook: &Webhook,
    body: &Value,
    secret: &Secret,
) -> Option<u16> {
    let (now, body) = (studio.settings.replicate.clock.now(), body.to_string());
    // The secret has signed before, when the studio started.
    let signature = sign(from_ref(secret), &webhook.message_id, now, body.as_bytes()).ok()?;
    let headers = [
        (ID_HEADER, webhook.message_id.clone()),
        (TIMESTAMP_HEADER, now.as_seconds().to_string()),
        (SIGNATURE_HEADER, signature),
    ];
    let answer = studio.poster.send(&webhook.url, headers, body).await;
    tracing::info!(task = id, ?kind, answer, "webhook sent");
    studio.replicate.tasks.change(id, |task| task.posts.push(Post { kind, answer }));
    answer
}
