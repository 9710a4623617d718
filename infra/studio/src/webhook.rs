//! The webhooks of one RunPod task, and their faults.

use serde_json::{Value, json};
use url::Url;

use crate::faults::Fault;
use crate::output::forged_filename;
use crate::post::Signer;
use crate::state::StudioState;
use crate::task::{Output, Post, PostKind, Task};

/// Most attempts of RunPod's own webhook.
const MAX_ATTEMPTS: u32 = 3;

/// Sends the worker callback that the file of task `id` is ready: once, as the speech worker does,
/// unless a fault occurs.
pub(crate) async fn send_file_ready(studio: &StudioState, id: &str, url: &str) {
    let faults = &studio.settings.faults;
    let read =
        studio.tasks.read(id, |task| (task.ordinal, task.job_id.clone(), task.output.clone()));
    let Some((ordinal, job_id, Some(output))) = read else { return };
    if faults.occurs(Fault::Forge, ordinal) {
        forge(studio, id, &job_id, url).await;
    }
    let delays = faults.webhook_delays(ordinal);
    if delays.is_empty() {
        tracing::info!(task = id, job = job_id, "webhook dropped by a fault");
    }
    let body = file_ready(&job_id, &output);
    for delay in delays {
        tokio::time::sleep(delay).await;
        post(studio, id, PostKind::FileReady, url, &body, studio.signer.as_ref()).await;
    }
}

/// Sends RunPod's own webhook that task `id` has ended: until a 200, in at most three attempts.
pub(crate) async fn send_ended(studio: &StudioState, id: &str, url: &str) {
    let read = studio.tasks.read(id, |task| (task.ordinal, task.body()));
    let Some((ordinal, body)) = read else { return };
    if studio.settings.faults.occurs(Fault::DropLast, ordinal) {
        tracing::info!(task = id, "RunPod's webhook dropped by a fault");
        return;
    }
    for attempt in 1..=MAX_ATTEMPTS {
        if post(studio, id, PostKind::Ended, url, &body, None).await == Some(200) {
            return;
        }
        if attempt < MAX_ATTEMPTS {
            tokio::time::sleep(studio.settings.retry_wait).await;
        }
    }
}

/// Sends a forged callback: with the right job id, but without its token and secret.
async fn forge(studio: &StudioState, id: &str, job_id: &str, url: &str) {
    let filename = forged_filename(id);
    let body = json!({
        "job_id": job_id,
        "download_url": format!("{}/output/{filename}", studio.base_url),
        "confirmation_url": format!("{}/confirm-download/forged", studio.base_url),
        "filename": filename,
    });
    let signer = Signer::new(b"not the secret").ok();
    post(studio, id, PostKind::Forged, &with_wrong_token(url), &body, signer.as_ref()).await;
}

/// `url` with the last character of its token changed, as in a guess.
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

/// The body of the RunPod worker callback.
fn file_ready(job_id: &str, output: &Output) -> Value {
    json!({
        "job_id": job_id,
        "download_url": output.download_url,
        "confirmation_url": output.confirmation_url,
        "filename": output.file.filename,
    })
}

async fn post(
    studio: &StudioState,
    id: &str,
    kind: PostKind,
    url: &str,
    body: &Value,
    signer: Option<&Signer>,
) -> Option<u16> {
    let answer = studio.poster.post(url, body, signer).await;
    tracing::info!(task = id, ?kind, answer, "webhook sent");
    studio.tasks.change(id, |task: &mut Task| task.posts.push(Post { kind, answer }));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_url_differs_in_its_token_only() {
        let forged = with_wrong_token("http://127.0.0.1:1/hook?job=job_1&token=1.abc");
        assert_eq!(forged, "http://127.0.0.1:1/hook?job=job_1&token=1.abA");
        assert_eq!(with_wrong_token("http://127.0.0.1:1/hook"), "http://127.0.0.1:1/hook");
    }
}
