//! Films: every acknowledged project is completed, and its owner is told of it under one id.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::Step;
use hookreel_studio::{Faults, Studio};
use http::Method;
use serde_json::json;
use tests::dice::mixed;
use tests::world::{API_KEY, environment, start_studio};
use tests::{Client, Receiver, film};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::process::{AGAIN, Program};

const KILLS: u64 = 12;
const PROJECTS: usize = 4;
const SCENES: usize = 3;
/// Lives of the program last so long at least, and so much longer at most, in milliseconds.
const LIFE_MS: (u64, u64) = (200, 1200);
/// A claim whose worker died is respected for two minutes, and one step follows on another.
const PATIENCE: Duration = Duration::from_mins(15);
const SEED: u64 = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_project_survives_kill_9() {
    let began = Instant::now();
    let studio = start_studio(Faults::default()).await;
    let receiver = Receiver::start(runtime::Clock::system()).await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = environment(Some(&studio), studio.url());
    for (name, value) in [
        ("HOOKREEL_API_KEY", API_KEY),
        ("DOWNLOAD_CONFIRMATION_TIMEOUT", "4"),
        // A claim whose worker is killed before it submits is submitted after two minutes.
        ("VIDEO_ON_UNCERTAIN", "retry"),
        ("LAST_FRAME_ON_UNCERTAIN", "retry"),
        ("STITCH_ON_UNCERTAIN", "retry"),
    ] {
        settings.insert(name.to_owned(), value.to_owned());
    }
    let program = Program::new(folder.path(), settings);
    let client = Client::new(&program.api_url(), Some(API_KEY));
    let mut ids = Vec::new();
    for life in 0..KILLS {
        let (process, _) = program.up(&client).await;
        if ids.len() < PROJECTS {
            ids.push(create(&client, ids.len(), &receiver.url()).await);
        }
        sleep(Duration::from_millis(LIFE_MS.0 + mixed(SEED ^ life) % LIFE_MS.1)).await;
        // SIGKILL: the program has no chance to put anything in order.
        drop(process);
    }
    let (_process, _) = program.up(&client).await;
    let killed = began.elapsed();
    let mut resumed = 0;
    for id in &ids {
        let made = async {
            let times = completed(&client, id).await;
            told(&receiver, id, times).await;
            times
        };
        let Ok(times) = timeout_at(began + PATIENCE, made).await else {
            let timeline = client.get(&format!("/v1/projects/{id}/timeline")).await.json();
            panic!("this film is not made in {PATIENCE:?}: {timeline:#}");
        };
        resumed += times;
    }
    check_tasks(&client, &studio, &ids).await;
    println!(
        "{KILLS} kills in {killed:.0?}; {PROJECTS} projects of {SCENES} scenes completed after \
         {:.0?} with {} tasks, {resumed} times resumed; {} webhooks for them",
        began.elapsed(),
        studio.scene_tasks().len(),
        receiver.webhooks().len()
    );
    studio.stop().await;
}

/// Asks for a project until that is acknowledged; its id.
async fn create(client: &Client, number: usize, webhook_url: &str) -> String {
    let body = json!({
        "scenes": vec![json!({ "prompt": format!("Film {number}"), "duration": 1 }); SCENES],
        "stitch": { "transition": "none" }, "width": 32, "height": 32, "fps": 2,
        "webhook_url": webhook_url,
    });
    let key = format!("film {number}");
    loop {
        let (headers, body) = ([("idempotency-key", key.as_str())], body.to_string().into());
        if let Ok(answer) = client.try_send(Method::POST, "/v1/projects", &headers, body).await
            && answer.status == 202
        {
            return answer.json()["project_id"].as_str().unwrap().to_owned();
        }
        sleep(AGAIN).await;
    }
}

/// Resolves when the film is made; how often its project had to be resumed. A service that cannot
/// fetch what it is to work on, since the program is down, says that it has failed: that is final,
/// and its owner resumes it.
async fn completed(client: &Client, id: &str) -> usize {
    let (path, mut resumed) = (format!("/v1/projects/{id}"), 0);
    loop {
        let project = client.get(&path).await.json();
        match project["status"].as_str().unwrap() {
            "completed" => return resumed,
            "processing" => sleep(Duration::from_millis(100)).await,
            _ => {
                let error = project["error"]["message"].as_str().unwrap_or_default();
                assert!(error.contains("_url broke off"), "{project}");
                let answer = client.post_with(&format!("{path}/resume"), &[], "").await;
                assert_eq!(answer.status, 202, "{answer:?}");
                resumed += 1;
            }
        }
    }
}

/// Resolves when the owner has been told of the film and of each failure: each may be more than
/// once, under one id.
async fn told(receiver: &Receiver, id: &str, failures: usize) {
    let ids = |event: &str| {
        let webhooks = receiver.webhooks().into_iter();
        let about = webhooks.filter(|webhook| {
            let body = webhook.json();
            body["project_id"] == id && body["type"] == event
        });
        about.map(|webhook| webhook.id().to_owned()).collect::<BTreeSet<_>>()
    };
    while ids("project.completed").is_empty() || ids("project.failed").len() < failures {
        let _ = timeout(Duration::from_millis(100), receiver.next()).await;
    }
    assert_eq!((ids("project.completed").len(), ids("project.failed").len()), (1, failures));
}

/// No step was given to its service more often than it was tried.
async fn check_tasks(client: &Client, studio: &Studio, ids: &[String]) {
    let steps: Vec<_> = studio.scene_tasks().iter().map(film::step_of).collect();
    for step in &steps {
        assert!(ids.iter().any(|id| id == step.project.as_str()), "{step:?} is of no project");
        let given = steps.iter().filter(|other| *other == step).count();
        let attempts = attempts(client, step).await;
        assert!(given as u64 <= attempts, "{step:?}: {given} tasks in {attempts} attempts");
    }
}

/// How often a step was tried, by its timeline.
async fn attempts(client: &Client, step: &Step) -> u64 {
    let timeline = client.get(&format!("/v1/jobs/{}/timeline", step.job_id())).await.json();
    let entries = timeline["data"].as_array().unwrap_or_else(|| panic!("{timeline}"));
    entries.iter().filter_map(|entry| entry["attempt"].as_u64()).max().unwrap_or_default()
}
