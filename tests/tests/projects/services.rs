//! Services that are down, silent or forgetful: nothing is burnt, and everything ends.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{Attempt, JobState, SceneId, Step};
use serde_json::{Value, json};
use tests::{World, film};

/// The step that makes the only scene's video.
fn video(id: &str) -> Step {
    Step::video(id.parse().unwrap(), SceneId::new(1))
}

/// Lets everything come to its end; nothing may be left to do.
async fn run_out(world: &World) {
    world.run_out().await;
    assert_eq!(world.messages_left(), []);
}

#[tokio::test]
async fn a_service_that_is_down_is_left_alone_and_costs_no_attempt() {
    const PROJECTS: usize = 5;
    let world = World::new().await;
    world.provider.answer_runs(503);
    let mut ids = Vec::new();
    for _ in 0..PROJECTS {
        ids.push(world.create_project(&film::small(&world, 1)).await);
    }
    let down_until = world.clock.now() + Duration::from_mins(40);
    world.run_until("forty minutes are over", async || world.clock.now() >= down_until).await;
    let tries = world.provider.runs().len();
    println!("{tries} calls in 40 minutes for {PROJECTS} projects");
    assert!((10..=40).contains(&tries), "{tries} calls");
    world.provider.answer_runs(200);
    world
        .run_until("all are taken", async || {
            let mut taken = true;
            for id in &ids {
                let job = world.step(&video(id)).await.unwrap();
                assert_eq!(job.lost_attempts, 0);
                taken &= job.state == JobState::Running;
            }
            taken
        })
        .await;
    let taken: BTreeMap<_, _> =
        (tries + 1..=world.provider.runs().len()).map(|nth| (world.job_of(nth), nth)).collect();
    assert_eq!(taken.len(), PROJECTS);
    world.complete_from(tries + 1).await;
    for id in &ids {
        assert_eq!(world.project(id).await["status"], "completed");
    }
    run_out(&world).await;
}

#[tokio::test]
async fn a_task_that_never_ends_is_ended() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    let began = world.clock.now();
    let failed = world.run_until_project(&id, "failed").await;
    let hours = world.clock.now().since(began).as_secs() / 3600;
    assert_eq!((hours, &failed["error"]["code"]), (2, &json!("run_timeout")), "{failed}");
    assert_eq!(world.provider.cancelled(), ["task-1"]);
    run_out(&world).await;
    assert_eq!(world.told_of(&id)[0].json()["type"], "project.failed");
    assert_eq!(world.provider.runs().len(), 1);
}

/// A project whose video service says, by webhook and when asked, that it has ended, with no file.
async fn ended_without_a_file(world: &World) -> String {
    let id = world.create_project(&film::small(world, 1)).await;
    world.quiet().await;
    let (service, body) = world.report(1, "completed", &json!({ "video_url": null }));
    world.provider.tell("task-1", body.clone());
    assert_eq!(world.send_report(service, &body).await.status, 200);
    world.quiet().await;
    id
}

#[tokio::test]
async fn an_end_without_a_file_fails_in_minutes() {
    let world = World::new().await;
    let began = world.clock.now();
    let id = ended_without_a_file(&world).await;
    let failed = world.run_until_project(&id, "failed").await;
    let seconds = world.clock.now().since(began).as_secs();
    assert!((90..=240).contains(&seconds), "{seconds} s");
    let message = "The provider's answers cannot be used: video_url is missing.";
    let job = world.step(&video(&id)).await.unwrap();
    assert_eq!(job.error.unwrap().message, message, "{failed}");
    run_out(&world).await;
    assert_eq!(world.provider.runs().len(), 1, "and is paid once");
}

#[tokio::test]
async fn a_file_may_follow_the_end() {
    let world = World::new().await;
    let id = ended_without_a_file(&world).await;
    assert_eq!(world.step(&video(&id)).await.unwrap().state, JobState::Running);
    let (_, with_file) = world.report(1, "completed", &json!({ "status": "SUCCEEDED" }));
    world.provider.tell("task-1", with_file);
    world.run_until("it is found", async || world.provider.runs().len() == 2).await;
    world.complete_from(2).await;
    assert_eq!(world.project(&id).await["status"], "completed");
    run_out(&world).await;
}

#[tokio::test]
async fn a_webhook_that_never_comes_is_made_up_for_by_asking() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 1)).await;
    let began = world.clock.now();
    world
        .run_until("it is completed", async || {
            for nth in 1..=world.provider.runs().len() {
                let (_, body) = world.report(nth, "completed", &Value::Null);
                world.provider.tell(&format!("task-{nth}"), body);
            }
            world.project(&id).await["status"] == "completed"
        })
        .await;
    let seconds = world.clock.now().since(began).as_secs();
    assert!(seconds <= 100, "three steps, each found at a look within 30 s: {seconds} s");
    run_out(&world).await;
    assert_eq!(world.provider.runs().len(), 3);
}

#[tokio::test]
async fn a_task_that_its_service_has_forgotten_is_begun_anew() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 1)).await;
    world.quiet().await;
    world.provider.tell("task-1", Value::Null);
    world.run_until("it is begun anew", async || world.provider.runs().len() == 2).await;
    world.quiet().await;
    let (service, failed) = world.report(1, "failed", &Value::Null);
    let old = world.send_report(service, &failed).await;
    assert_eq!(old.json()["scene_updated"], false, "the first attempt no longer counts");
    let job = world.step(&video(&id)).await.unwrap();
    assert_eq!((job.attempt, job.state), (Attempt(2), JobState::Running));
    world.complete_from(2).await;
    assert_eq!(world.project(&id).await["status"], "completed");
    assert_eq!(
        world.step(&Step::last_frame(id.parse().unwrap(), SceneId::new(1))).await.unwrap().attempt,
        Attempt(1)
    );
    run_out(&world).await;
}
