//! The webhooks of one task, with what may go wrong with them.

use serde_json::{Value, json};
use url::Url;

use crate::faults::Fault;
use crate::output::forged_filename;
use crate::pod::Pod;
use crate::post::Signer;
use crate::task::{Offer, Post, PostKind, Task};

/// RunPod tries its own webhook this often.
const TRIES: u32 = 3;

/// Tells `url` that the file of task `id` can be fetched: once, as the speech worker does,
/// unless a fault is to strike.
pub(crate) async fn announce(pod: &Pod, id: &str, url: &str) {
    let faults = &pod.settings.faults;
    let told = pod.ledger.read(id, |task| (task.ordinal, task.job_id.clone(), task.offer.clone()));
    let Some((ordinal, job_id, Some(offer))) = told else { return };
    if faults.strikes(Fault::Forge, ordinal) {
        forge(pod, id, &job_id, url).await;
    }
    let departures = faults.departures(ordinal);
    if departures.is_empty() {
        tracing::info!(task = id, job = job_id, "webhook dropped on purpose");
    }
    let body = file_ready(&job_id, &offer);
    for rest in departures {
        tokio::time::sleep(rest).await;
        post(pod, id, PostKind::FileReady, url, &body, pod.signer.as_ref()).await;
    }
}

/// Reports the end of task `id` as RunPod itself does: until a 200, three times at most.
pub(crate) async fn report_end(pod: &Pod, id: &str, url: &str) {
    let told = pod.ledger.read(id, |task| (task.ordinal, task.body()));
    let Some((ordinal, body)) = told else { return };
    if pod.settings.faults.strikes(Fault::DropLast, ordinal) {
        tracing::info!(task = id, "RunPod's webhook dropped on purpose");
        return;
    }
    for attempt in 1..=TRIES {
        if post(pod, id, PostKind::Ended, url, &body, None).await == Some(200) {
            return;
        }
        if attempt < TRIES {
            tokio::time::sleep(pod.settings.retry_wait).await;
        }
    }
}

/// What someone sends who knows the job but neither token nor secret.
async fn forge(pod: &Pod, id: &str, job_id: &str, url: &str) {
    let filename = forged_filename(id);
    let offer = json!({
        "job_id": job_id,
        "download_url": format!("{}/output/{filename}", pod.base_url),
        "confirmation_url": format!("{}/confirm-download/forged", pod.base_url),
        "filename": filename,
    });
    let signer = Signer::new(b"not the secret").ok();
    post(pod, id, PostKind::Forged, &with_wrong_token(url), &offer, signer.as_ref()).await;
}

/// `url` with the last character of its token changed, as a guess would look.
fn with_wrong_token(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else { return url.to_owned() };
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if pairs.is_empty() {
        return url.into();
    }
    let guess = |value: &str| {
        let mut kept = value.to_owned();
        let last = kept.pop();
        kept + if last == Some('A') { "B" } else { "A" }
    };
    url.query_pairs_mut().clear().extend_pairs(pairs.iter().map(|(name, value)| {
        (name.clone(), if name == "token" { guess(value) } else { value.clone() })
    }));
    url.into()
}

/// Seed 000's body.
fn file_ready(job_id: &str, offer: &Offer) -> Value {
    json!({
        "job_id": job_id,
        "download_url": offer.download_url,
        "confirmation_url": offer.confirmation_url,
        "filename": offer.file.filename,
    })
}

async fn post(
    pod: &Pod,
    id: &str,
    kind: PostKind,
    url: &str,
    body: &Value,
    signer: Option<&Signer>,
) -> Option<u16> {
    let answer = pod.poster.post(url, body, signer).await;
    tracing::info!(task = id, ?kind, answer, "webhook sent");
    pod.ledger.change(id, |task: &mut Task| task.posts.push(Post { kind, answer }));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forger_has_everything_but_the_token() {
        let forged = with_wrong_token("http://127.0.0.1:1/hook?job=job_1&token=1.abc");
        assert_eq!(forged, "http://127.0.0.1:1/hook?job=job_1&token=1.abA");
        assert_eq!(with_wrong_token("http://127.0.0.1:1/hook"), "http://127.0.0.1:1/hook");
    }
}
