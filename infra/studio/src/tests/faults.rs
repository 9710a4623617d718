//! Each fault, and the repeatability of the random decisions.

use domain::Secret;
use serde_json::json;

use super::{Stage, settings};
use crate::faults::Fault;
use crate::{Faults, PostKind, Settings, Status};

async fn stage(faults: Faults) -> Stage {
    Stage::start(Settings { faults, ..settings() }).await
}

#[tokio::test]
async fn a_dropped_webhook_leaves_the_file_in_the_task_status() {
    let stage = stage(Faults { drop_webhooks: 1.0, ..Faults::default() }).await;
    let id = stage.run("job_1").await;
    stage.studio.until(|tasks| tasks[0].bytes.is_some()).await;
    let output = &stage.status(&id).await["output"];
    assert_eq!(stage.fetch(&output["download_url"]).await.status(), 200);
    assert_eq!(stage.confirm(&output["confirmation_url"]).await, 200);
    stage.studio.until(|tasks| tasks[0].status == Status::Completed).await;
    assert!(stage.studio.tasks()[0].posts.is_empty());
}

#[tokio::test]
async fn a_delayed_webhook_arrives_after_the_task_has_ended() {
    let faults = Faults { delay_webhooks: 1.0, delay_ms: 50, ..Faults::default() };
    let stage = stage(faults).await;
    let id = stage.run("job_1").await;
    stage.studio.until(|tasks| tasks[0].bytes.is_some()).await;
    stage.confirm(&stage.status(&id).await["output"]["confirmation_url"]).await;
    stage.studio.until(|tasks| tasks[0].status == Status::Completed).await;
    assert!(stage.studio.tasks()[0].posts.is_empty());
    assert_eq!(stage.receiver.next().await.body["job_id"], "job_1");
}

#[tokio::test]
async fn a_duplicated_webhook_is_sent_twice_unchanged() {
    let stage = stage(Faults { duplicate_webhooks: 1.0, ..Faults::default() }).await;
    stage.run("job_1").await;
    let (first, second) = (stage.receiver.next().await, stage.receiver.next().await);
    assert_eq!(first.raw, second.raw);
}

#[tokio::test]
async fn a_truncated_file_breaks_off_once_and_can_be_resumed() {
    let stage = stage(Faults { truncate_files: 1.0, ..Faults::default() }).await;
    stage.run("job_1").await;
    let hook = stage.receiver.next().await;
    let mut broken = stage.fetch(&hook.body["download_url"]).await;
    let length = usize::try_from(broken.content_length().unwrap()).unwrap();
    let mut got = Vec::new();
    while let Ok(chunk) = broken.chunk().await {
        got.extend_from_slice(&chunk.expect("an error, and no clean end"));
    }
    assert_eq!(got.len(), length / 2);

    let url = hook.body["download_url"].as_str().unwrap();
    let rest = stage.client.get(url).header("range", format!("bytes={}-", got.len()));
    got.extend_from_slice(&rest.send().await.unwrap().bytes().await.unwrap());
    assert_eq!(got, stage.fetch(&hook.body["download_url"]).await.bytes().await.unwrap());
    assert_eq!(stage.studio.tasks()[0].fetches, 3);
}

#[tokio::test]
async fn a_forged_webhook_comes_first_without_token_and_secret() {
    let faults = Faults { forge_webhooks: 1.0, ..Faults::default() };
    let webhook_secret = Some(Secret::new("shared"));
    let stage = Stage::start(Settings { faults, webhook_secret, ..settings() }).await;
    stage.run("job_1").await;
    let (forged, real) = (stage.receiver.next().await, stage.receiver.next().await);
    assert_eq!(forged.body["job_id"], real.body["job_id"]);
    assert_ne!(forged.body["download_url"], real.body["download_url"]);
    assert_ne!(forged.query, real.query);
    let signer = crate::post::Signer::new(b"shared").unwrap();
    assert_ne!(forged.signature, Some(signer.sign(&forged.raw)));
    assert_eq!(real.signature, Some(signer.sign(&real.raw)));

    assert_eq!(stage.fetch(&forged.body["download_url"]).await.status(), 200);
    stage.studio.until(|tasks| tasks[0].posts_of(PostKind::FileReady) == 1).await;
    let task = &stage.studio.tasks()[0];
    assert_eq!((task.posts_of(PostKind::Forged), task.forged_fetches, task.fetches), (1, 1, 0));
}

#[tokio::test]
async fn a_refused_run_creates_no_task() {
    let stage = stage(Faults { refuse_runs: 1.0, ..Faults::default() }).await;
    let run = json!({ "input": { "text": "Hello" } }).to_string();
    assert_eq!(stage.post("/v2/tts/run", run).await.0, 500);
    assert!(stage.studio.tasks().is_empty());
}

#[tokio::test]
async fn a_failed_task_has_an_error() {
    let stage = stage(Faults { fail_jobs: 1.0, ..Faults::default() }).await;
    let id = stage.run("job_1").await;
    stage.studio.until(|tasks| tasks[0].status == Status::Failed).await;
    assert!(stage.status(&id).await["error"].is_string());
}

#[test]
fn faults_follow_from_the_seed_and_match_their_probability() {
    let faults =
        |seed| Faults { seed, drop_webhooks: 0.3, delay_webhooks: 0.3, ..Faults::default() };
    let rolls = |seed, fault| -> Vec<bool> {
        (0..2000).map(|ordinal| faults(seed).occurs(fault, ordinal)).collect()
    };
    assert_eq!(rolls(1, Fault::Drop), rolls(1, Fault::Drop));
    assert_ne!(rolls(1, Fault::Drop), rolls(2, Fault::Drop));
    assert_ne!(rolls(1, Fault::Drop), rolls(1, Fault::Delay));
    let struck = rolls(1, Fault::Drop).into_iter().filter(|struck| *struck).count();
    assert!((540..660).contains(&struck), "{struck} of 2000");
    assert!((0..2000).all(|ordinal| !faults(1).occurs(Fault::Fail, ordinal)));
}
