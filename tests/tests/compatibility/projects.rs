//! Stored projects go on to their films from wherever they were.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::{Stored, World};

use super::{resumed, sample, text};

/// The status of each project that the API showed, by its id.
fn statuses(list: &Value) -> BTreeMap<String, String> {
    let of = |project: &Value, name: &str| project[name].as_str().unwrap().to_owned();
    let projects = list["data"].as_array().unwrap();
    projects.iter().map(|project| (of(project, "project_id"), of(project, "status"))).collect()
}

fn stored_statuses(sample: &Stored) -> BTreeMap<String, String> {
    let list = |answer: &&Value| answer["path"] == "/v1/projects?limit=50";
    statuses(&sample.answers().iter().find(list).unwrap()["body"])
}

/// The tasks of which a service has spoken already, and too early.
fn early(sample: &Stored) -> Vec<&str> {
    let items = sample.items().iter();
    let early = items.filter(|item| text(item, "status") == "early");
    early.map(|item| text(item, "task")).collect()
}

/// Runs until no project is under way. The services complete every task, those included that
/// had been completed or given up before.
async fn run_to_the_films(world: &World, sample: &Stored) {
    let reported = Cell::new(0);
    let early = early(sample);
    world
        .run_until("no project is under way", async || {
            while let Some(run) = world.provider.runs().get(reported.get()) {
                reported.set(reported.get() + 1);
                let task = format!("task-{}", reported.get());
                // What the notification service is sent is no task.
                if run.get("webhook_url").is_some() && !early.contains(&task.as_str()) {
                    let answer = world.complete(reported.get()).await;
                    assert!([200, 202].contains(&answer.status), "{task}: {answer:?}");
                    world.quiet().await;
                }
            }
            let list = world.client.get("/v1/projects?limit=50").await.json();
            statuses(&list).values().all(|status| status != "processing")
        })
        .await;
    world.run_out().await;
}

async fn resume_failed(world: &World, sample: &Stored) {
    let failed = stored_statuses(sample).into_iter().filter(|(_, status)| status == "failed");
    for (id, _) in failed {
        let answer = world.client.post_with(&format!("/v1/projects/{id}/resume"), &[], "").await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
}

#[tokio::test]
async fn stored_projects_become_films() {
    let (world, sample) = (resumed("projects").await, sample("projects"));
    world.quiet().await;
    resume_failed(&world, &sample).await;
    run_to_the_films(&world, &sample).await;
    for (id, before) in stored_statuses(&sample) {
        let project = world.project(&id).await;
        let end = if before == "cancelled" { "cancelled" } else { "completed" };
        assert_eq!(project["status"], end, "{project}");
        assert_eq!(project["final_video_url"].is_string(), end == "completed", "{project}");
    }
    let messages = sample.messages().iter();
    let abandoned = messages.filter_map(|message| message["body"]["abandoned_task"].as_str());
    for task in abandoned {
        assert!(world.provider.cancelled().iter().any(|known| known == task), "{task} goes on");
    }
    assert_eq!(world.messages_left(), []);
}

#[tokio::test]
async fn a_stored_early_webhook_takes_effect() {
    let (world, sample) = (resumed("projects").await, sample("projects"));
    world.quiet().await;
    run_to_the_films(&world, &sample).await;
    let [task] = early(&sample)[..] else { panic!("not one early webhook") };
    let nth: usize = task.trim_start_matches("task-").parse().unwrap();
    let step = world.job_of(nth);
    let tasks = world.provider.runs();
    let tasks = (1..=tasks.len()).filter(|nth| tasks[nth - 1].get("webhook_url").is_some());
    assert_eq!(tasks.filter(|nth| world.job_of(*nth) == step).count(), 1, "it is made once");
}

#[tokio::test]
async fn owners_and_the_notification_service_are_notified_of_stored_projects_once() {
    let (world, sample) = (resumed("projects").await, sample("projects"));
    world.quiet().await;
    run_to_the_films(&world, &sample).await;
    let stored = |id: &str| -> BTreeSet<_> {
        let messages = sample.messages().iter().map(|message| &message["body"]);
        let of_project = messages.filter(|message| message["project_id"] == id);
        of_project.map(|message| message["id"].as_str().unwrap().to_owned()).collect()
    };
    for (id, before) in stored_statuses(&sample) {
        let expected = usize::from(before == "processing" || !stored(&id).is_empty());
        let webhooks = world.told_of(&id);
        assert_eq!(webhooks.len(), expected, "{id} was {before}: {webhooks:?}");
        let notices = world.provider.runs().into_iter().skip(sample.tasks().len());
        let notices = notices.filter(|run| run["type"] == "project.completed");
        assert_eq!(notices.filter(|run| run["project_id"] == json!(id)).count(), expected, "{id}");
        if !stored(&id).is_empty() {
            assert!(stored(&id).contains(webhooks[0].id()), "the id that it had: {webhooks:?}");
        }
    }
}
