//! Jobs of all kinds at providers that drop, double and delay their webhooks, fail, lose tasks and
//! lose answers: each comes to an end that its timeline explains, and none is paid twice.
//!
//! `HOOKREEL_TEST_SOAK` says how many jobs, `HOOKREEL_TEST_SEED` which dice.

use std::collections::BTreeMap;
use std::time::Duration;

use hookreel_studio::Faults;
use serde_json::{Value, json};
use tests::world::{Plan, doings};
use tests::{World, film};

use super::flows::{OFFICIAL, OWN, TRAINER, version};
use super::{PREDICTIONS, TRAININGS, text};

/// Scenes of a film, and the steps that it has.
const SCENES: usize = 2;
const STEPS: usize = 2 * SCENES + 1;
/// How long a delayed webhook is late, by the machine's clock, and how long to look for it.
const LATE: Duration = Duration::from_millis(20);

fn faults() -> Faults {
    Faults {
        seed: setting("HOOKREEL_TEST_SEED", 11),
        drop_webhooks: 0.2,
        duplicate_webhooks: 0.2,
        delay_webhooks: 0.2,
        delay_ms: 20,
        fail_jobs: 0.05,
        lose_tasks: 0.05,
        lose_answers: 0.05,
        ..Faults::default()
    }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_job_comes_to_an_end_that_is_explained_and_is_paid_once() {
    let jobs = usize::try_from(setting("HOOKREEL_TEST_SOAK", 100)).unwrap();
    let world = World::start(Plan { studio: Some(faults()), ..Plan::default() }).await;
    let films = jobs / 50;
    let (predictions, trainings) = (jobs / 4, jobs / 10);
    let speeches = jobs - predictions - trainings - films * STEPS;
    let version = version(&world, TRAINER).await;

    let mut ids = Vec::new();
    for number in 0..predictions {
        let body = json!({ "model": OFFICIAL, "input": { "prompt": "a kite", "number": number } });
        ids.push(created(&world, PREDICTIONS, &body).await);
    }
    for number in 0..trainings {
        let body = json!({ "model": TRAINER, "version": version, "destination": OWN,
            "input": { "number": predictions + number } });
        ids.push(created(&world, TRAININGS, &body).await);
    }
    for number in 0..speeches {
        let body = json!({ "text": format!("Akkam {number}"), "language": "om" });
        ids.push(created(&world, "/v1/tts/async", &body).await);
    }
    let mut projects = Vec::new();
    for _ in 0..films {
        let answer = world.client.post("/v1/projects", &film::small(&world, SCENES)).await;
        projects.push(text(&answer.json(), "project_id").to_owned());
    }

    let mut ends: BTreeMap<String, usize> = BTreeMap::new();
    run_out(&world).await;
    for id in &ids {
        let end = explained(&world, &format!("/v1/jobs/{id}")).await;
        *ends.entry(end).or_default() += 1;
    }
    for id in &projects {
        let end = explained(&world, &format!("/v1/projects/{id}")).await;
        *ends.entry(format!("film {end}")).or_default() += 1;
    }
    println!("{jobs} jobs: {ends:?}");
    let completed = ends.get("completed").copied().unwrap_or_default();
    assert!(completed * 10 >= ids.len() * 8, "{ends:?}");
    for (id, number) in ids.iter().zip(0..predictions + trainings) {
        let job = world.store().job(&id.parse().unwrap()).await.unwrap().unwrap();
        let tasks = world.studio.as_ref().unwrap().replicate_tasks();
        let of_job = tasks.iter().filter(|task| task.input["number"] == number);
        let submitted = of_job.count();
        // Another task follows only one that the provider has lost.
        assert!(submitted <= job.history.len() + 1, "{id}: {submitted} tasks, {:?}", job.history);
        assert!(
            job.history.iter().all(|past| past.reason == "the provider lost it"),
            "{id}: {:?}",
            job.history
        );
    }
}

async fn created(world: &World, path: &str, body: &Value) -> String {
    let answer = world.client.post(path, body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    text(&answer.json(), "job_id").to_owned()
}

/// Moves the clock from one thing that is due to the next, until nothing is.
async fn run_out(world: &World) {
    for _ in 0..20_000 {
        calm(world).await;
        let Some(due) = world.cloud.next_due() else { return };
        world.pass(due.since(world.clock.now()));
    }
    panic!("something is still due");
}

/// Resolves when everyone has done what is to be done at this time.
async fn calm(world: &World) {
    let studio = world.studio.as_ref().unwrap();
    loop {
        studio.until_scenes_are_silent().await;
        studio.until_replicate_is_silent().await;
        let is_made = |tasks: &[hookreel_studio::TaskView]| {
            tasks.iter().all(|task| task.status.is_terminal() || task.bytes.is_some())
        };
        studio.until(is_made).await;
        world.cloud.idle().await;
        let before = doings(studio);
        tokio::time::sleep(LATE).await;
        world.cloud.idle().await;
        if doings(studio) == before {
            return;
        }
    }
}

/// How a job or a project ended, which its timeline must tell.
async fn explained(world: &World, path: &str) -> String {
    let shown = world.client.get(path).await.json();
    let status = text(&shown, "status").to_owned();
    assert!(["completed", "failed"].contains(&status.as_str()), "{shown}");
    if status == "failed" {
        assert!(shown["error"]["message"].is_string(), "{shown}");
    }
    let timeline = world.client.get(&format!("{path}/timeline")).await.json();
    let entries = timeline["data"].as_array().unwrap_or_else(|| panic!("{timeline}"));
    let tells =
        |entry: &Value| entry["event"].as_str().is_some_and(|event| event.contains(&status));
    assert!(entries.iter().any(tells), "{path} is {status}: {timeline}");
    status
}
