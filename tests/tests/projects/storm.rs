//! Everything at once: one AWS call in twenty fails, before its effect or after it, while the
//! services drop, double, delay and reorder their webhooks. What one fault at a time leaves out
//! is what two of them do together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{JobState, ProjectId, ProjectStatus};
use hookreel_local::aws::{Call, Fault};
use http::Method;
use serde_json::Value;
use store::WholeProject;
use tests::dice::mixed;
use tests::{World, film};

use crate::jobs::flows::insist;

const SEEDS: std::ops::Range<u64> = 0..12;
const PROJECTS: usize = 3;
const SCENES: usize = 2;
/// One call in so many fails, however often it is tried.
const FAULTS: u64 = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn films_are_made_in_a_storm() {
    let mut struck = 0;
    for seed in SEEDS {
        struck += storm(seed).await;
    }
    println!("{struck} faults in {} storms", SEEDS.count());
}

/// Makes films in one storm; how many faults struck.
async fn storm(seed: u64) -> usize {
    let world = World::new().await;
    let struck = inject(&world, seed);
    let mut ids: Vec<ProjectId> = Vec::new();
    for number in 0..PROJECTS {
        let body = film::small(&world, SCENES).to_string();
        let key = format!("film {number}");
        let answer = loop {
            let headers = [("idempotency-key", key.as_str())];
            let body = body.clone().into();
            let sent = world.client.try_send(Method::POST, "/v1/projects", &headers, body).await;
            let answer = sent.unwrap();
            if answer.status < 500 {
                break answer;
            }
        };
        ids.push(answer.json()["project_id"].as_str().unwrap().parse().unwrap());
    }
    let services = Services { world: &world, seed, told: AtomicUsize::new(0) };
    let all_ended = async || {
        services.speak().await;
        for id in &ids {
            match whole(&world, id).await.project.status {
                ProjectStatus::Failed => resume(&world, id).await,
                ProjectStatus::Completed => continue,
                ProjectStatus::Processing | ProjectStatus::Cancelled => {}
            }
            return false;
        }
        world.cloud.next_due().is_none()
    };
    world.run_until("all films are made", all_ended).await;
    world.run_out().await;
    for id in &ids {
        check(&world, id, seed).await;
    }
    assert_eq!(world.messages_left(), [], "seed {seed}");
    struck.load(Ordering::SeqCst)
}

/// A step may have been lost as often as it may be tried; then its owner has it tried again.
async fn resume(world: &World, id: &ProjectId) {
    let error = whole(world, id).await.project.error.unwrap();
    assert!(error.message.contains("as often as it was tried"), "{error:?}");
    let path = format!("/v1/projects/{id}/resume");
    while world.client.post_with(&path, &[], "").await.status >= 500 {}
    world.quiet().await;
}

async fn check(world: &World, id: &ProjectId, seed: u64) {
    let project = insist(world, Method::GET, &format!("/v1/projects/{id}"), &Value::Null).await;
    assert_eq!(project.json()["status"], "completed", "seed {seed}: {project:?}");
    let WholeProject { jobs, .. } = whole(world, id).await;
    assert!(jobs.values().all(|job| job.state == JobState::Completed), "seed {seed}: {jobs:?}");
    let mut given: BTreeMap<_, u32> = BTreeMap::new();
    for nth in 1..=world.provider.runs().len() {
        *given.entry(world.job_of(nth)).or_default() += 1;
    }
    for job in jobs.values() {
        assert!(given[&job.id] <= job.attempt.0, "seed {seed}: {}", job.id);
    }
    let told: BTreeSet<_> = world
        .told_of(id.as_str())
        .iter()
        .filter(|webhook| webhook.json()["type"] == "project.completed")
        .map(|webhook| webhook.id().to_owned())
        .collect();
    assert_eq!(told.len(), 1, "seed {seed}: {id} is told of under one id");
}

async fn whole(world: &World, id: &ProjectId) -> WholeProject {
    world.store().project(id).await.unwrap().unwrap()
}

/// Has calls of functions fail by the dice; counts those that did.
fn inject(world: &World, seed: u64) -> Arc<AtomicUsize> {
    let struck = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&struck);
    let rule = move |call: &Call| {
        if ["tests", "http", "hookreel-local"].contains(&&*call.caller) {
            return None;
        }
        // Each caller counts its calls from nothing.
        let caller = call.caller.bytes().fold(seed, |sum, byte| mixed(sum ^ u64::from(byte)));
        let roll = mixed(caller ^ call.invocation);
        roll.is_multiple_of(FAULTS).then(|| {
            count.fetch_add(1, Ordering::SeqCst);
            if roll & 1 << 32 == 0 { Fault::BeforeEffect } else { Fault::AfterEffect }
        })
    };
    world.cloud.aws().calls().inject(Arc::new(rule));
    struck
}

/// The services, played by hand and oddly.
struct Services<'a> {
    world: &'a World,
    seed: u64,
    told: AtomicUsize,
}

impl Services<'_> {
    /// Says of each task that is new that it is done: not at all, once, or twice, the newest
    /// first. Whoever asks is told.
    async fn speak(&self) {
        loop {
            let (first, last) =
                (self.told.load(Ordering::SeqCst) + 1, self.world.provider.runs().len());
            if first > last {
                return;
            }
            self.told.store(last, Ordering::SeqCst);
            for nth in (first..=last).rev() {
                let (service, body) = self.world.report(nth, "completed", &Value::Null);
                self.world.provider.tell(&format!("task-{nth}"), body.clone());
                let times = match mixed(self.seed ^ nth as u64) % 10 {
                    0 | 1 => 0,
                    2..=4 => 2,
                    _ => 1,
                };
                for _ in 0..times {
                    let answer = self.world.send_report(service, &body).await;
                    // A service gives up at some time.
                    assert!([200, 202, 503].contains(&answer.status), "{answer:?}");
                }
            }
            self.world.quiet().await;
        }
    }
}
