//! A studio that drops, doubles, delays and reorders its webhooks, and a forger beside it: every film is made all the
//! same, no step is done twice, and every owner is told once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use domain::{ProjectId, Step, TaskId};
use hookreel_studio::{Faults, PostKind, SceneTaskView};
use tests::world::Plan;
use tests::{World, film};

const PROJECTS: usize = 20;
const SCENES: u16 = 6;

fn faults() -> Faults {
    Faults {
        seed: 7,
        drop_webhooks: 0.2,
        duplicate_webhooks: 0.3,
        delay_webhooks: 0.3,
        delay_ms: 50,
        reorder_webhooks: 0.3,
        forge_webhooks: 0.2,
        ..Faults::default()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_films_are_made_by_an_odd_studio() {
    let began = Instant::now();
    let world = World::start(Plan { studio: Some(faults()), ..Plan::default() }).await;
    let mut ids = Vec::new();
    for _ in 0..PROJECTS {
        ids.push(world.create_project(&film::small(&world, usize::from(SCENES))).await);
    }
    world
        .run_until("all films are made", async || {
            let mut completed = 0;
            for id in &ids {
                let status = world.project(id).await["status"].clone();
                assert!(status == "processing" || status == "completed", "{id} is {status}");
                completed += usize::from(status == "completed");
            }
            completed == PROJECTS
        })
        .await;
    let minutes = world.clock.now().since(tests::world::START).as_secs_f64() / 60.0;
    world.run_out().await;
    assert_eq!(world.messages_left(), []);

    let tasks = world.studio.as_ref().unwrap().scene_tasks();
    let attempts = check_tasks(&world, &ids, &tasks).await;
    assert!(tasks.iter().all(|task| task.forged_fetches == 0), "nobody believed a forger");
    for id in &ids {
        check_notice(&world, id);
    }
    let dropped = tasks.iter().filter(|task| task.posts_of(PostKind::Ended) == 0).count();
    let doubled = tasks.iter().filter(|task| task.posts_of(PostKind::Ended) > 1).count();
    println!(
        "{} tasks for {attempts} attempts, {dropped} unannounced, {doubled} announced twice or \
         more; done after {minutes:.1} minutes of the clock and {:.0?} of the machine's",
        tasks.len(),
        began.elapsed()
    );
    assert!(dropped * 10 > tasks.len() && doubled * 10 > tasks.len(), "the studio was odd");
}

/// Every task of the studio belongs to one attempt of its step, and every step has one that
/// counts; how many attempts there were.
async fn check_tasks(world: &World, ids: &[String], tasks: &[SceneTaskView]) -> usize {
    let mut given: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for task in tasks {
        given.entry(film::step_of(task).job_id().to_string()).or_default().insert(task.id.as_str());
    }
    let mut attempts = 0;
    for id in ids {
        let project: ProjectId = id.parse().unwrap();
        for step in Step::all(&project, SCENES) {
            let job = world.step(&step).await.unwrap();
            let past = job.history.iter().filter_map(|past| past.provider_task.as_ref());
            let known = past.chain(&job.provider_task);
            let known: BTreeSet<_> = known.map(TaskId::as_str).collect();
            assert_eq!(given[job.id.as_str()], known, "{}", job.id);
            assert_eq!(known.len(), job.attempt.0 as usize, "{}: one task an attempt", job.id);
            attempts += known.len();
        }
    }
    assert_eq!(attempts, tasks.len(), "and there are no others");
    attempts
}

fn check_notice(world: &World, id: &str) {
    let told = world.told_of(id);
    let ids: BTreeSet<_> = told.iter().map(|webhook| webhook.id().to_owned()).collect();
    assert_eq!(ids.len(), 1, "{id}: {told:?}");
    assert!(told.iter().all(|webhook| webhook.json()["type"] == "project.completed"));
}
