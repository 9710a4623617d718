//! The sequence of a job and of a project: each change that clients see increments it by one, and no
//! other change does.

use std::collections::BTreeMap;

use domain::live::LiveEventType;
use domain::live::images::{self, Image};
use domain::{Job, JobState};
use hookreel_studio::Faults;
use serde_json::json;
use store::stream::{Entity, entity};
use tests::world::Plan;
use tests::{World, film, templates};

/// What clients see of a job, besides its files.
fn seen(job: &Job) -> (JobState, u32, Option<domain::Timestamp>) {
    // At its provider, a job shows its progress; whether the provider has answered is no event.
    let state = match job.state {
        JobState::Uncertain | JobState::Running => JobState::Dispatched,
        JobState::Waiting => JobState::Queued,
        state => state,
    };
    (state, job.attempt.0, job.progress_at)
}

/// The events of each job and project, checked against every record of the table's stream.
fn events(world: &World) -> BTreeMap<String, Vec<LiveEventType>> {
    let records = world.cloud.aws().stream_records(templates::table(), None, 100_000).unwrap();
    let mut events: BTreeMap<String, Vec<LiveEventType>> = BTreeMap::new();
    for record in records {
        let image = |name: &str| {
            let image = record["dynamodb"][name].clone();
            let item = serde_json::from_value(image).unwrap_or_default();
            entity(item).unwrap()
        };
        match (image("OldImage"), image("NewImage")) {
            (old, Some(Entity::Job(new))) => {
                let old = if let Some(Entity::Job(old)) = old { Some(old) } else { None };
                let before = old.as_ref().map_or(0, |old| old.sequence);
                let is_event = old.as_ref().is_some_and(|old| is_event(old, &new));
                assert_eq!(new.sequence, before + u32::from(is_event), "{old:?} to {new:?}");
                if is_event {
                    let image = Image::latest(&new);
                    assert_eq!(image.job.sequence, new.sequence);
                    let of_job = events.entry(new.id.to_string()).or_default();
                    of_job.push(LiveEventType::of(&image.job));
                    assert_told(&new, of_job);
                }
            }
            (Some(Entity::Project(old)), Some(Entity::Project(new))) => {
                let is_event = (old.status, old.revision, old.history.len())
                    != (new.status, new.revision, new.history.len());
                assert_eq!(new.sequence, old.sequence + u32::from(is_event), "{old:?} to {new:?}");
                if is_event {
                    events.entry(new.id.to_string()).or_default().push(new.status.into());
                }
            }
            (None, Some(Entity::Project(new))) => assert_eq!(new.sequence, 0),
            _ => {}
        }
    }
    events
}

/// Whether clients see the change of a job. A step that is released, or claimed, changes its attempt
/// with its state.
fn is_event(old: &Job, new: &Job) -> bool {
    let (before, after) = (seen(old), seen(new));
    let is_adopted = before.0 == after.0 && before.1 != after.1 && !after.0.is_terminal();
    before.0 != after.0 || before.2 != after.2 && after.2.is_some() || is_adopted
}

/// What the job tells of its past events is what happened, as far as it tells anything.
fn assert_told(job: &Job, happened: &[LiveEventType]) {
    let told: Vec<_> = images::of(job).iter().map(|image| LiveEventType::of(&image.job)).collect();
    assert!(!told.is_empty() && happened.ends_with(&told), "{told:?} of {happened:?}: {job:?}");
}

fn names(events: &[LiveEventType]) -> Vec<&'static str> {
    events.iter().map(|event| event.as_str()).collect()
}

#[tokio::test]
async fn a_job_has_an_event_for_each_change_that_clients_see() {
    let world = World::with_studio().await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.run_until_job(&id, "completed").await;
    let events = events(&world);
    assert_eq!(names(&events[&id]), ["job.started", "job.storing", "job.completed"]);
}

#[tokio::test]
async fn progress_is_kept_for_clients_that_come_back() {
    let world = World::new().await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    for percent in [12, 15, 60, 95] {
        let state = json!({ "id": "task-1", "status": "IN_PROGRESS",
            "output": { "progress": percent } });
        world.provider.tell("task-1", state);
        let asked = world.provider.asked().len();
        world.run_until("asked again", async || world.provider.asked().len() > asked).await;
        world.quiet().await;
    }
    let job = world.store().job(&id.parse().unwrap()).await.unwrap().unwrap();
    let percents: Vec<_> = job.past_progress.iter().map(|past| past.percent).collect();
    assert_eq!(percents, [12, 60, 95], "fifteen is too little more");
    assert_eq!(job.sequence, 4);
    assert_eq!(images::after(&job, 2).unwrap().len(), 2);
    let (callback, body) = (world.provider.callback(), world.provider.file_ready(&id));
    assert_eq!(world.client.post(&callback, &body).await.status, 200);
    world.run_until_job(&id, "completed").await;
    let events = events(&world);
    let progress = ["job.progress"; 3];
    let all = [&["job.started"][..], &progress, &["job.storing", "job.completed"]].concat();
    assert_eq!(names(&events[&id]), all);
    let job = world.store().job(&id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(images::after(&job, 0).unwrap().len(), all.len(), "all can be told after the end");
}

#[tokio::test]
async fn a_job_that_is_lost_and_cancelled_jobs_have_dense_sequences() {
    for faults in [
        Faults { drop_webhooks: 1.0, ..Faults::default() },
        Faults { refuse_runs: 0.5, ..Faults::default() },
        Faults { lose_answers: 0.5, ..Faults::default() },
        Faults { lose_tasks: 0.5, ..Faults::default() },
        Faults { duplicate_webhooks: 1.0, ..Faults::default() },
    ] {
        let world = World::start(Plan { studio: Some(faults), ..Plan::default() }).await;
        let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
        world.run_until_job(&id, "completed").await;
        let events = events(&world);
        assert_eq!(names(&events[&id]).last(), Some(&"job.completed"));
    }
    let world = World::new().await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    assert_eq!(world.client.delete(&format!("/v1/jobs/{id}")).await.status, 202);
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    assert_eq!(names(&events(&world)[&id]), ["job.started", "job.cancelled"]);
}

#[tokio::test]
async fn a_project_and_its_steps_have_dense_sequences_over_restart_and_cancel() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    world.quiet().await;
    for task in 1..=5 {
        assert_eq!(world.complete(task).await.status, 200);
        world.quiet().await;
    }
    assert_eq!(world.project(&id).await["status"], "completed");
    let scene = format!("/v1/projects/{id}/scenes/scene_002/regenerate");
    assert_eq!(world.client.post(&scene, &json!({})).await.status, 202);
    world.quiet().await;
    let cancel = world.client.delete(&format!("/v1/projects/{id}")).await;
    assert!([200, 202].contains(&cancel.status), "{cancel:?}");
    world.run_out().await;
    let events = events(&world);
    let all = ["project.completed", "project.restarted", "project.cancelled"];
    assert_eq!(names(&events[&id]), all);
    let video = names(&events[&format!("{id}-scene_002-video")]);
    assert_eq!(video[..4], ["job.started", "job.storing", "job.completed", "job.queued"]);
    assert_eq!(video.last(), Some(&"job.cancelled"), "{video:?}");
}
