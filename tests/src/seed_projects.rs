//! Projects in every state under fixed ids, for the sample events and for tests that need one.
//! Each of their steps has gone the way that a real one goes, change by change.

use std::collections::BTreeMap;

use domain::job::{ErrorCode, JobError, Media, Source, SourceFile};
use domain::project::Plan;
use domain::project::plan::{Picture, Scene, Stitch};
use domain::{Attempt, Output, OwnerId, Project, ProjectId, Step};
use serde_json::Map;
use store::{Advanced, Change, ProjectChanged, Store, WholeProject};

use crate::World;
use crate::seed::OWNER;
use crate::world::START;

/// How many scenes each of them has; with them it has five steps.
pub const SCENES: u16 = 2;

const NAMES: [&str; 14] = [
    "proj_queued",
    "proj_running",
    "proj_dispatched",
    "proj_stitching",
    "proj_completed",
    "proj_failed",
    "proj_cancelled",
    "proj_foreign",
    "proj_frame",
    "proj_last_frame",
    "proj_film",
    "proj_next",
    "proj_borrowing",
    "proj_joining",
];
/// Whose projects are there for webhooks alone, and not on the pages of the others.
const FILM_MAKER: &str = "film-maker";

/// How far the step is that comes after those that are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// It waits to be dispatched.
    Queued,
    /// It is claimed, and its service has not answered.
    Dispatched,
    /// Its service works on it, as the task `task_3` if it is the third step.
    Running,
    /// Its file is on the way into the bucket.
    Storing,
    /// Its service has failed.
    Failed,
}

/// Saves the projects that the sample events speak of.
pub async fn put(world: &World) {
    project(world, "proj_queued", OWNER, 0, Head::Queued).await;
    project(world, "proj_running", OWNER, 2, Head::Running).await;
    project(world, "proj_dispatched", OWNER, 0, Head::Dispatched).await;
    project(world, "proj_stitching", OWNER, 4, Head::Storing).await;
    project(world, "proj_completed", OWNER, 5, Head::Queued).await;
    project(world, "proj_failed", OWNER, 1, Head::Failed).await;
    project(world, "proj_cancelled", OWNER, 1, Head::Running).await;
    project(world, "proj_foreign", "somebody-else", 0, Head::Running).await;
    project(world, "proj_frame", FILM_MAKER, 1, Head::Running).await;
    project(world, "proj_last_frame", FILM_MAKER, 3, Head::Running).await;
    project(world, "proj_film", FILM_MAKER, 4, Head::Running).await;
    project(world, "proj_next", FILM_MAKER, 2, Head::Queued).await;
    project(world, "proj_borrowing", FILM_MAKER, 0, Head::Storing).await;
    project(world, "proj_joining", FILM_MAKER, 4, Head::Queued).await;
    let id = "proj_cancelled".parse().unwrap();
    let whole = world.store().project(&id).await.unwrap().unwrap();
    let cancelled = world.store().cancel_project(&OwnerId::new(OWNER), &whole, START).await;
    assert_eq!(cancelled.unwrap(), ProjectChanged::Done);
}

/// How each of these projects, and each step of theirs, stands, in words.
pub async fn states(world: &World) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    for name in NAMES {
        let whole = world.store().project(&name.parse().unwrap()).await.unwrap().unwrap();
        let WholeProject { project, jobs, .. } = whole;
        let line = format!("{}, revision {}", project.status.as_str(), project.revision);
        states.insert(name.to_owned(), line);
        for job in jobs.into_values() {
            let asked = if job.cancel_requested_at.is_some() { ", cancel requested" } else { "" };
            let line = format!("{}, attempt {}{asked}", job.state.as_str(), job.attempt);
            states.insert(job.id.to_string(), line);
        }
    }
    states
}

/// Creates a project, and takes its first `done` steps to their ends and the one after them as
/// far as `head` says.
pub async fn project(world: &World, name: &str, owner: &str, done: usize, head: Head) {
    let store = world.store();
    let id: ProjectId = name.parse().unwrap();
    let new = Project {
        webhook_url: Some(world.receiver.url()),
        ..Project::new(id.clone(), OwnerId::new(owner), SCENES, START)
    };
    let created = store.create_project(&new, &plan()).await.unwrap();
    assert!(matches!(created, store::Created::New), "{created:?}");
    for (place, step) in Step::all(&id, SCENES).enumerate().take(done + 1) {
        let head = if place < done { None } else { Some(head) };
        take(&store, &step, &format!("task_{}", place + 1), world.provider.url(), head).await;
    }
}

/// Two scenes of a second and a half, and a plain cut between them.
#[must_use]
pub fn plan() -> Plan {
    let scene = |prompt: &str| Scene::new(prompt.to_owned(), 1.5, Map::new()).unwrap();
    Plan {
        scenes: vec![scene("A red kite over a green hill"), scene("The kite comes down")],
        stitch: Stitch::new(Some("none".to_owned()), None).unwrap(),
        picture: Picture { width: 320, height: 180, fps: 24 },
        prompts_changed: Vec::new(),
    }
}

/// Takes one step as far as `head` says, or to its end.
async fn take(store: &Store, step: &Step, task: &str, provider_url: &str, head: Option<Head>) {
    if head == Some(Head::Queued) {
        return;
    }
    let attempt = Attempt(1);
    save(store, step, &Change::claimed(Attempt(0), "mark", START)).await;
    if head == Some(Head::Dispatched) {
        return;
    }
    let job = store.job(&step.job_id()).await.unwrap().unwrap();
    save(store, step, &Change::accepted(&job, &task.parse().unwrap(), false, START)).await;
    if head == Some(Head::Running) {
        return;
    }
    if head == Some(Head::Failed) {
        let error = JobError::new(ErrorCode::ProviderFailed, "The service failed: out of memory");
        return save(store, step, &Change::failed(attempt, &error, START).unwrap()).await;
    }
    let source = source(step, provider_url);
    let change = Change::succeeded(Some(attempt), &source, None, START).unwrap();
    save(store, step, &change).await;
    if head.is_none() {
        let outputs = [output(step)];
        save(store, step, &Change::completed(attempt, &outputs, START).unwrap()).await;
    }
}

async fn save(store: &Store, step: &Step, change: &Change) {
    let job = store.job(&step.job_id()).await.unwrap().unwrap();
    let advanced = store.advance(&job, change, START).await.unwrap();
    assert!(matches!(advanced, Advanced::Done), "{step:?}: {advanced:?}");
}

fn file_name(step: &Step) -> &'static str {
    if step.kind().media() == Media::Image { "image.jpg" } else { "video.mp4" }
}

fn source(step: &Step, provider_url: &str) -> Source {
    let url = format!("{provider_url}/output/{}-{}", step.job_id(), file_name(step));
    Source::of(SourceFile::at(url))
}

fn output(step: &Step) -> Output {
    let (id, media) = (step.job_id(), step.kind().media());
    let is_image = media == Media::Image;
    Output {
        name: media.output_name().to_owned(),
        key: format!("jobs/{id}/1/{}", file_name(step)),
        content_type: if is_image { "image/jpeg" } else { "video/mp4" }.to_owned(),
        bytes: 4044,
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        duration_ms: (!is_image).then_some(1500),
        ..Output::default()
    }
}
