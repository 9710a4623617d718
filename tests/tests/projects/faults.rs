//! A fault at every AWS call of every function on the way of a project: the film is made, its
//! owner is told once, and no step is done twice.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use domain::{Attempt, JobState, ProjectId, ProjectStatus, Step, TaskId};
use http::Method;
use serde_json::{Value, json};
use store::WholeProject;
use tests::{World, film};
use tokio::time::timeout;

use crate::jobs::faults::{Story, survives};
use crate::jobs::flows::insist;

/// One way that a project can go. The test plays its services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Film {
    /// Two scenes, and every task is announced.
    Plain,
    /// None of the services' webhooks ever comes.
    Unannounced,
    /// The first webhook is quicker than the answer that names its task.
    Early,
    /// The owner ends the project while its first task runs.
    Cancelled,
    /// The owner wants the first scene made anew while its first task runs.
    Regenerated,
    /// The first task fails, and the owner has the project go on.
    Resumed,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_survives_a_fault_at_every_call() {
    survives(Film::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_whose_services_say_nothing_survives_a_fault_at_every_call() {
    survives(Film::Unannounced).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_with_an_early_webhook_survives_a_fault_at_every_call() {
    survives(Film::Early).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_project_survives_a_fault_at_every_call() {
    survives(Film::Cancelled).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_regenerated_project_survives_a_fault_at_every_call() {
    survives(Film::Regenerated).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resumed_project_survives_a_fault_at_every_call() {
    survives(Film::Resumed).await;
}

impl Story for Film {
    async fn world(self) -> World {
        let world = World::new().await;
        world.provider.hold_answers(self == Self::Early);
        world
    }

    async fn run(self, world: &World) {
        let scenes = if self == Self::Plain { 2 } else { 1 };
        let body = film::small(world, scenes);
        let created = insist(world, Method::POST, "/v1/projects", &body).await;
        assert_eq!(created.status, 202, "{created:?}");
        let id: ProjectId = created.json()["project_id"].as_str().unwrap().parse().unwrap();
        let services =
            Services { world, announce: self != Self::Unannounced, told: Mutex::default() };
        services.begin(self, &id).await;
        services
            .run_until("it has ended", async || {
                whole(world, &id).await.project.status == self.end()
            })
            .await;
        services.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
        for path in [
            format!("/v1/projects/{id}"),
            "/v1/projects".into(),
            format!("/v1/projects/{id}/timeline"),
        ] {
            let answer = insist(world, Method::GET, &path, &Value::Null).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
        self.check(world, &id).await;
    }
}

impl Film {
    const fn end(self) -> ProjectStatus {
        match self {
            Self::Cancelled => ProjectStatus::Cancelled,
            _ => ProjectStatus::Completed,
        }
    }

    /// What the owner is told, in order.
    const fn notices(self) -> &'static [&'static str] {
        match self {
            Self::Cancelled => &["project.cancelled"],
            Self::Resumed => &["project.completed", "project.failed"],
            _ => &["project.completed"],
        }
    }

    async fn check(self, world: &World, id: &ProjectId) {
        let whole = whole(world, id).await;
        assert_eq!(whole.project.status, self.end());
        let told = world.told_of(id.as_str());
        let messages: BTreeMap<_, _> = told
            .iter()
            .map(|webhook| (webhook.id().to_owned(), webhook.json()["type"].clone()))
            .collect();
        let mut events: Vec<_> = messages.values().map(|event| event.as_str().unwrap()).collect();
        events.sort_unstable();
        assert_eq!(events, self.notices(), "one message id for each event");
        for message in messages.keys() {
            let arrived =
                |webhook: &&tests::Webhook| webhook.id() == message && webhook.answered == 204;
            assert!(told.iter().any(|webhook| arrived(&webhook)), "{message} has arrived");
        }
        check_tasks(world, &whole);
        check_files(world, &whole).await;
        assert_eq!(world.messages_left(), []);
        for task in self.unwanted(&whole) {
            assert!(
                world.provider.cancelled().iter().any(|one| one == task),
                "{task} goes on for nobody"
            );
        }
    }

    /// The tasks that the owner has made useless, as far as we know of them.
    fn unwanted(self, whole: &WholeProject) -> Vec<&str> {
        let jobs = whole.jobs.values();
        match self {
            Self::Cancelled => {
                jobs.filter_map(|job| job.provider_task.as_ref()).map(TaskId::as_str).collect()
            }
            Self::Regenerated => jobs
                .flat_map(|job| &job.history)
                .filter_map(|past| past.provider_task.as_ref())
                .map(TaskId::as_str)
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// Each step has been given to its service once in each attempt at most.
fn check_tasks(world: &World, whole: &WholeProject) {
    let mut given: BTreeMap<_, u32> = BTreeMap::new();
    for nth in 1..=world.provider.runs().len() {
        *given.entry(world.job_of(nth)).or_default() += 1;
    }
    for (job, count) in given {
        let attempt = whole.jobs[&job].attempt;
        assert!(Attempt(count) <= attempt, "{job}: {count} tasks in {attempt} attempts");
    }
}

/// The bucket holds the files of the steps, present and past, and nothing else.
async fn check_files(world: &World, whole: &WholeProject) {
    let jobs = whole.jobs.values();
    let outputs = jobs.flat_map(|job| {
        job.outputs.iter().chain(job.history.iter().flat_map(|past| &past.outputs))
    });
    let known: BTreeSet<_> = outputs.map(|output| output.key.clone()).collect();
    let found = world.objects().await;
    assert_eq!(found.len(), found.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), known, "one object for each output");
    if whole.project.status == ProjectStatus::Completed {
        for step in Step::all(&whole.project.id, whole.project.scenes) {
            let job = &whole.jobs[&step.job_id()];
            assert_eq!(
                (job.state, job.outputs.is_empty()),
                (JobState::Completed, false),
                "{}",
                job.id
            );
        }
    }
}

async fn whole(world: &World, id: &ProjectId) -> WholeProject {
    world.store().project(id).await.unwrap().unwrap()
}

/// The three services, played by hand: they say that what they were asked for is done, once for
/// each task.
struct Services<'a> {
    world: &'a World,
    /// Whether they say it by themselves, or only when asked.
    announce: bool,
    /// How many tasks have been spoken of.
    told: Mutex<usize>,
}

impl Services<'_> {
    /// What comes before everything goes its way.
    async fn begin(&self, film: Film, id: &ProjectId) {
        let world = self.world;
        let path = format!("/v1/projects/{id}");
        match film {
            Film::Plain | Film::Unannounced => {}
            Film::Early => {
                while world.provider.runs().is_empty() {
                    if timeout(Duration::from_millis(5), world.quiet()).await.is_ok() {
                        world.pass(Duration::from_secs(1));
                    }
                }
                self.speak("completed").await;
                world.provider.hold_answers(false);
            }
            Film::Cancelled => {
                self.first_task(id).await;
                let answer = insist(world, Method::DELETE, &path, &Value::Null).await;
                assert!([200, 409].contains(&answer.status), "{answer:?}");
                // The service does not go on with what is asked back.
                *self.told.lock().unwrap() = world.provider.runs().len();
            }
            Film::Regenerated => {
                self.first_task(id).await;
                let tasks = world.provider.runs().len();
                let path = format!("{path}/scenes/scene_001/regenerate");
                let answer = insist(world, Method::POST, &path, &Value::Null).await;
                assert_eq!(answer.status, 202, "{answer:?}");
                *self.told.lock().unwrap() = tasks;
            }
            Film::Resumed => {
                while whole(world, id).await.project.status == ProjectStatus::Processing {
                    self.next_task(id).await;
                    self.speak("failed").await;
                    world.quiet().await;
                }
                let answer =
                    insist(world, Method::POST, &format!("{path}/resume"), &Value::Null).await;
                assert_eq!(answer.status, 202, "{answer:?}");
            }
        }
    }

    /// Resolves once the first scene is at its service, or may be.
    async fn first_task(&self, id: &ProjectId) {
        let step = Step::all(id, 1).next().unwrap();
        let claimed = async || self.world.step(&step).await.unwrap().attempt > Attempt(0);
        self.world.run_until("it is dispatched", claimed).await;
    }

    /// Resolves once there is a task of which nothing has been said, or the project has ended.
    async fn next_task(&self, id: &ProjectId) {
        let told = *self.told.lock().unwrap();
        let next = async || {
            self.world.provider.runs().len() > told
                || whole(self.world, id).await.project.status != ProjectStatus::Processing
        };
        self.world.run_until("there is a task", next).await;
    }

    /// Says of each task of which nothing has been said how it has ended.
    async fn speak(&self, status: &str) {
        // What is asked for meanwhile may not have been answered yet.
        let tasks = self.world.provider.runs().len();
        while let Some(nth) = self.next(tasks) {
            let more =
                if status == "failed" { json!({ "error": "out of memory" }) } else { Value::Null };
            let (service, body) = self.world.report(nth, status, &more);
            self.world.provider.tell(&format!("task-{nth}"), body.clone());
            if self.announce {
                let answer = self.world.send_report(service, &body).await;
                assert!([200, 202].contains(&answer.status), "{answer:?}");
            }
        }
    }

    fn next(&self, tasks: usize) -> Option<usize> {
        let mut told = self.told.lock().unwrap();
        (*told < tasks).then(|| {
            *told += 1;
            *told
        })
    }

    async fn run_until<F: Future<Output = bool>>(&self, what: &str, done: impl Fn() -> F) {
        let all_told = async || {
            while *self.told.lock().unwrap() < self.world.provider.runs().len() {
                self.speak("completed").await;
                self.world.quiet().await;
            }
            done().await
        };
        self.world.run_until(what, all_told).await;
    }
}
