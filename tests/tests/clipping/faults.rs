//! A fault at every AWS call on the way of a clipping job: whatever fails, there is one end, each clip is
//! stored once, and its credits are counted once.

use std::collections::BTreeSet;

use domain::{Job, JobState};
use http::Method;
use serde_json::{Value, json};
use tests::{World, seed, templates};

use super::{CLIPPING, TASK, callback, completed, post, progress, request, started, text};
use crate::jobs::faults::{Story, survives, survives_at};
use crate::jobs::flows::insist;

/// How often the worker sends an event that is not taken.
const SENDINGS: usize = 4;

/// How the end of the task is learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By the worker's events, each twice and the last one first.
    Shuffled,
    /// By a poll: of the worker's events only the first one arrives.
    Dropped,
    /// By its events, and one of the clips is gone.
    Partial,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_with_doubled_and_shuffled_events_survives_a_fault_at_every_call() {
    survives(Way::Shuffled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_events_are_dropped_survives_a_fault_at_every_call() {
    survives(Way::Dropped).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partial_job_survives_a_fault_at_every_write_of_its_end() {
    let chosen = |caller: &str, operation: &str| {
        caller == "ingest" && ["UpdateItem", "PutObject"].contains(&operation)
    };
    let cases = survives_at(Way::Partial, chosen).await;
    assert!(cases >= 8, "{cases} cases: four files and an end");
}

impl Story for Way {
    async fn world(self) -> World {
        let world = World::new().await;
        if self == Self::Partial {
            world.provider.lose(&["clip_01.mp4"]);
        }
        world
    }

    async fn run(self, world: &World) {
        let created = insist(world, Method::POST, CLIPPING, &request(world)).await;
        assert_eq!(created.status, 202, "{created:?}");
        let id = text(&created.json(), "job_id").to_owned();
        let is_submitted = async || !world.provider.runs().is_empty();
        world.run_until("the worker has it", is_submitted).await;
        let end = completed(world, &id, TASK, 2);
        let events = match self {
            Self::Shuffled => {
                vec![end.clone(), progress(&id, TASK, 65, 1), started(&id, TASK)]
            }
            Self::Dropped => {
                world.provider.tell(TASK, end);
                vec![started(&id, TASK)]
            }
            Self::Partial => vec![started(&id, TASK), end],
        };
        for event in events.iter().flat_map(|event| [event, event]) {
            deliver(world, event).await;
        }
        let is_ended = async || job(world, &id).await.state.is_terminal();
        world.run_until("it has ended", is_ended).await;
        world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
        self.check(world, &id).await;
    }
}

/// Sends `event` until it is taken, as the worker does.
async fn deliver(world: &World, event: &Value) {
    let mut answer = post(world, &callback(world), event).await;
    for _ in 1..SENDINGS {
        if answer.status < 500 {
            break;
        }
        answer = post(world, &callback(world), event).await;
    }
    assert!(answer.status < 300, "{event}: {answer:?}");
}

async fn job(world: &World, id: &str) -> Job {
    world.store().job(&seed::job_id(id)).await.unwrap().unwrap()
}

impl Way {
    async fn check(self, world: &World, id: &str) {
        let job = job(world, id).await;
        assert_eq!(job.state, JobState::Completed, "{job:?}");
        let missing: Vec<_> = job.missing.iter().map(|one| one.name.as_str()).collect();
        let (lost, credits): (&[&str], _) =
            if self == Self::Partial { (&["clip_01"], 1) } else { (&[], 2) };
        assert_eq!((missing.as_slice(), job.credits), (lost, Some(credits)));
        let keys: BTreeSet<_> = job.outputs.iter().map(|output| output.key.clone()).collect();
        assert_eq!(keys.len(), 4 - lost.len());
        let objects: BTreeSet<_> = world.objects().await.into_iter().collect();
        assert_eq!(objects, keys, "what is stored is what the job claims");
        assert_eq!(world.provider.runs().len(), 1, "it is paid once");
        let told: BTreeSet<_> = world
            .receiver
            .about(id)
            .iter()
            .map(|webhook| (webhook.id().to_owned(), webhook.json()["type"].to_string()))
            .collect();
        let events: Vec<_> = told.iter().map(|(_, event)| event.clone()).collect();
        assert_eq!(events, [json!("job.completed").to_string()], "one end: {told:?}");
        for queue in &templates::resolved().queues {
            let depth = world.cloud.aws().queue_depth(&queue.name).unwrap();
            let left = depth.visible + depth.in_flight + depth.delayed;
            assert_eq!(left, 0, "messages left in {}", queue.name);
        }
    }
}
