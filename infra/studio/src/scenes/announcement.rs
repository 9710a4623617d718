//! The webhook of one scene task, with what may go wrong with it.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};
use url::Url;

use super::body::{body, forged};
use super::{SceneStatus, Service};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::output::forged_filename;
use crate::pod::Pod;
use crate::post::Signer;
use crate::scenes::SceneTask;
use crate::{Post, PostKind};

/// What is to be reported, and where.
struct Report {
    service: Service,
    ordinal: u64,
    url: Url,
    body: Value,
}

/// Reports the end of task `id`, if anyone wants to know, unless a fault is to strike.
pub(super) async fn announce(pod: &Pod, id: &str) {
    let Some(report) = pod.scenes.read(id, |task| report(pod, task)).flatten() else { return };
    let faults = &pod.settings.faults;
    if faults.strikes(Fault::Forge, report.ordinal) {
        let url = format!("{}/output/{}", pod.base_url, forged_filename(id));
        let signer = Signer::plain(b"not the secret").ok();
        let lie = forged(report.body.clone(), &url);
        post(pod, id, PostKind::Forged, &report.url, &lie, signer.as_ref()).await;
    }
    let departures = faults.departures(report.ordinal);
    if departures.is_empty() {
        tracing::info!(task = id, "webhook dropped on purpose");
        return;
    }
    if faults.strikes(Fault::Reorder, report.ordinal) {
        hold(pod, id, timeout(faults.delay(), overtaken(&pod.scenes, id))).await;
    }
    for rest in departures {
        if rest > Duration::ZERO {
            hold(pod, id, sleep(rest)).await;
        }
        deliver(pod, id, &report).await;
    }
}

fn report(pod: &Pod, task: &SceneTask) -> Option<Report> {
    let registration = pod.registrations.of(task.service);
    let [completed, failed] = task.service.events();
    let event = if task.status == SceneStatus::Completed { completed } else { failed };
    let is_wanted = registration.events.iter().any(|wanted| wanted == event);
    let url = task.order.webhook_url.clone().or(registration.url.filter(|_| is_wanted))?;
    Some(Report { service: task.service, ordinal: task.ordinal, url, body: body(task) })
}

/// Shows that the webhook of task `id` is held back until `until` resolves.
async fn hold(pod: &Pod, id: &str, until: impl Future) {
    pod.scenes.change(id, |task| task.is_held = true);
    until.await;
    pod.scenes.change(id, |task| task.is_held = false);
}

/// Resolves once the webhook of another task has been answered.
async fn overtaken(tasks: &Ledger<SceneTask>, id: &str) {
    let answered = |tasks: &Ledger<SceneTask>| {
        let ended = |task: &SceneTask| {
            if task.id == id {
                return 0;
            }
            task.posts.iter().filter(|post| post.kind == PostKind::Ended).count()
        };
        tasks.sum(ended)
    };
    let before = answered(tasks);
    tasks.until_so(|tasks| answered(tasks) > before).await;
}

/// Sends the webhook until it is answered by 2xx or has been tried often enough.
async fn deliver(pod: &Pod, id: &str, report: &Report) {
    let signer = pod.registrations.of(report.service).signer;
    let mut waits = pod.settings.scenes.retry_waits.iter();
    loop {
        let answer =
            post(pod, id, PostKind::Ended, &report.url, &report.body, signer.as_ref()).await;
        if answer.is_some_and(|status| (200..300).contains(&status)) {
            return;
        }
        let Some(wait) = waits.next() else { return };
        sleep(*wait).await;
    }
}

async fn post(
    pod: &Pod,
    id: &str,
    kind: PostKind,
    url: &Url,
    body: &Value,
    signer: Option<&Signer>,
) -> Option<u16> {
    let answer = pod.poster.post(url.as_str(), body, signer).await;
    tracing::info!(task = id, ?kind, answer, "webhook sent");
    pod.scenes.change(id, |task| task.posts.push(Post { kind, answer }));
    answer
}
