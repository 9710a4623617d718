//! `hookreel-local backup` of the folder of a running cloud under load, and `restore` into a new one:
//! what was acknowledged before is there, and its work goes on.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tests::world::Plan;
use tests::{Client, World};
use tokio::task::JoinSet;

/// How many jobs are acknowledged before the backup begins.
const BEFORE: usize = 30;
const CLIENTS: usize = 4;

/// The program, which lies beside the folder of the test's own executable.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    own.ancestors().nth(2).unwrap().join("hookreel-local")
}

async fn run(command: &'static str, other: &Path, data: &Path) -> Output {
    let mut run = Command::new(program());
    run.arg(command).arg(other).arg("--data-dir").arg(data).env_clear();
    tokio::task::spawn_blocking(move || run.output().expect("hookreel-local is built"))
        .await
        .unwrap()
}

fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Creates jobs until told to stop; those that were acknowledged are in `ids`.
async fn load(
    client: Client,
    url: String,
    stop: Arc<AtomicBool>,
    ids: Arc<std::sync::Mutex<Vec<String>>>,
) {
    while !stop.load(Ordering::SeqCst) {
        let id = client.speak("Akkam jirta?", &url).await;
        ids.lock().unwrap().push(id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_and_its_work_goes_on() {
    let world = World::with_studio().await;
    let url = format!("{}/late", world.receiver.base_url());
    let is_back = Arc::new(AtomicBool::new(false));
    let answers = Arc::clone(&is_back);
    world.receiver.answer(move |webhook, _| {
        if webhook.path == "/late" && !answers.load(Ordering::SeqCst) { 500 } else { 204 }
    });
    // Its webhook has failed and waits for a time that does not come before the backup.
    let late = world.client.speak("Akkam jirta?", &url).await;
    world.run_until_job(&late, "completed").await;

    let (stop, ids) =
        (Arc::new(AtomicBool::new(false)), Arc::<std::sync::Mutex<Vec<_>>>::default());
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let client = world.client.clone();
        clients.spawn(load(client, world.receiver.url(), Arc::clone(&stop), Arc::clone(&ids)));
    }
    while ids.lock().unwrap().len() < BEFORE {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let before = ids.lock().unwrap().clone();
    let folder = tempfile::tempdir().unwrap();
    let (copy, data) = (folder.path().join("copy"), folder.path().join("data"));
    assert_done(&run("backup", &copy, world.cloud.data_dir()).await);
    stop.store(true, Ordering::SeqCst);
    clients.join_all().await;
    let meanwhile = ids.lock().unwrap().len() - before.len();
    assert!(meanwhile > 0, "the backup was made under load");

    assert_done(&run("restore", &copy, &data).await);
    is_back.store(true, Ordering::SeqCst);
    let studio = Some(hookreel_studio::Faults::default());
    let restored = World::start(Plan { studio, data: Some(data), ..Plan::default() }).await;
    for id in before.iter().chain([&late]) {
        restored.run_until_job(id, "completed").await;
        let link = restored.client.job(id).await["audio_url"].as_str().unwrap().to_owned();
        let redirect = restored.client.get(&link).await;
        let file = restored.client.with_key(None).get(redirect.header("location")).await;
        assert_eq!(file.status, 200, "{id}");
    }
    let delivered = async || {
        let list = restored.client.get(&format!("/v1/jobs/{late}/timeline")).await.json();
        list["data"].as_array().unwrap().iter().any(|entry| entry["status_code"] == 204)
    };
    restored.run_until("the late webhook has arrived", delivered).await;
}

#[tokio::test]
async fn a_backup_needs_a_new_folder_and_a_restore_a_whole_backup() {
    let world = World::frozen().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert_done(&run("backup", &path("copy"), world.cloud.data_dir()).await);
    for (command, other, data, why) in [
        ("backup", path("copy"), world.cloud.data_dir().to_owned(), "is not empty"),
        ("restore", path("copy"), world.cloud.data_dir().to_owned(), "another hookreel-local runs"),
        ("restore", path("nothing"), path("data"), "is not a whole backup"),
    ] {
        let output = run(command, &other, &data).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(why), "{command}: {said}");
    }
}
