//! The ways a job can go when nothing of AWS fails, each told as one story that can be run
//! again with a fault in it. Whatever happens, its end must be the same.

use std::collections::BTreeSet;

use domain::{Job, JobState};
use hookreel_studio::Faults;
use http::Method;
use serde_json::{Value, json};
use tests::world::Plan;
use tests::{Answer, World, seed, templates};

use crate::jobs::faults::Story;

/// How often a client repeats a request that was answered with 5xx.
const PATIENCE: usize = 5;

/// One way a job can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Nothing goes wrong.
    Plain,
    /// None of the provider's webhooks is ever sent.
    Unannounced,
    /// The receiver fails at first.
    Redelivered,
    /// The owner ends the job while its provider is at work.
    Cancelled,
}

impl Story for Flow {
    async fn world(self) -> World {
        let studio = match self {
            Self::Plain | Self::Redelivered => Some(Faults::default()),
            Self::Unannounced => Some(Faults { drop_webhooks: 1.0, ..Faults::default() }),
            Self::Cancelled => None,
        };
        let world = World::start(Plan { studio, ..Plan::default() }).await;
        if self == Self::Redelivered {
            world.receiver.answer(|_, before| if before < 2 { 500 } else { 204 });
        }
        world
    }

    async fn run(self, world: &World) {
        let body = json!({ "text": "Akkam jirta?", "language": "oromo",
            "webhook_url": world.receiver.url() });
        let created = insist(world, Method::POST, "/v1/tts/async", &body).await;
        assert_eq!(created.status, 202, "{created:?}");
        let id = created.json()["job_id"].as_str().unwrap().to_owned();
        if self == Self::Cancelled {
            run_until(world, &id, |job| !world.provider.runs().is_empty() || job.attempt.0 > 0)
                .await;
            let path = format!("/v1/jobs/{id}");
            let answer = insist(world, Method::DELETE, &path, &Value::Null).await;
            assert!([200, 202, 409].contains(&answer.status), "{answer:?}");
        }
        run_until(world, &id, |job| job.state == self.end()).await;
        world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
        read(world, &id).await;
        self.check(world, &id).await;
    }
}

impl Flow {
    const fn end(self) -> JobState {
        match self {
            Self::Plain | Self::Unannounced | Self::Redelivered => JobState::Completed,
            Self::Cancelled => JobState::Cancelled,
        }
    }

    async fn check(self, world: &World, id: &str) {
        let job = job(world, id).await;
        assert_eq!(job.state, self.end());
        let webhooks = world.receiver.about(id);
        let told: BTreeSet<_> = webhooks
            .iter()
            .map(|webhook| (webhook.id(), webhook.json()["type"].to_string()))
            .collect();
        let event = json!(format!("job.{}", self.end().as_str())).to_string();
        let events: Vec<_> = told.iter().map(|(_, event)| event.clone()).collect();
        assert_eq!(events, [event], "one message id, of one event: {told:?}");
        assert!(webhooks.iter().any(|webhook| webhook.answered == 204), "it has arrived");
        let objects = objects(world).await;
        if self == Self::Cancelled {
            assert_eq!(objects, [""; 0], "no object");
            assert_given_up(world, &job);
        } else {
            assert_eq!(objects, [job.outputs[0].key.clone()], "one object");
            assert_confirmed(world, &job);
        }
        for queue in &templates::resolved().queues {
            let depth = world.cloud.aws().queue_depth(&queue.name).unwrap();
            let left = depth.visible + depth.in_flight + depth.delayed;
            assert_eq!(left, 0, "messages left in {}", queue.name);
        }
    }
}

/// The pod whose file was taken has been told so.
fn assert_confirmed(world: &World, job: &Job) {
    let source = job.source.as_ref().expect("a completed job says where its file came from");
    let url = source.confirmation_url.as_deref().unwrap();
    let tasks = world.studio.as_ref().unwrap().tasks();
    let task = tasks.iter().find(|task| url.ends_with(&task.id));
    assert!(task.is_some_and(|task| task.confirmed), "the pod at {url} waits: {tasks:?}");
}

/// The provider has been given the job once at most, and knows that nobody wants it any more,
/// unless we never learnt what it calls it.
fn assert_given_up(world: &World, job: &Job) {
    assert!(world.provider.runs().len() <= 1, "{:?}", world.provider.runs());
    let told = !world.provider.cancelled().is_empty();
    assert!(told || job.provider_task.is_none(), "the provider works on");
}

/// Reads the job in every way there is.
async fn read(world: &World, id: &str) {
    for path in [format!("/v1/jobs/{id}"), "/v1/jobs".into(), format!("/v1/download/{id}")] {
        let answer = insist(world, Method::GET, &path, &Value::Null).await;
        assert!([200, 302, 409].contains(&answer.status), "{path}: {answer:?}");
    }
}

/// Sends a request, again and again as long as it is answered with 5xx, as a good client does:
/// a creation with one `Idempotency-Key`.
pub async fn insist(world: &World, method: Method, path: &str, body: &Value) -> Answer {
    let key: &[_] = if method == Method::POST { &[("idempotency-key", "order 7")] } else { &[] };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut last = None;
    for _ in 0..PATIENCE {
        let answer =
            world.client.try_send(method.clone(), path, key, body.clone().into()).await.unwrap();
        if answer.status < 500 {
            return answer;
        }
        last = Some(answer);
    }
    panic!("{method} {path} fails on: {last:?}");
}

/// Moves the clock until `done` holds for the job. It is read from the table: reading it by
/// the API would add calls to the story.
async fn run_until(world: &World, id: &str, done: impl Fn(&Job) -> bool) {
    world.run_until("the job is there", async || done(&job(world, id).await)).await;
}

async fn job(world: &World, id: &str) -> Job {
    world.store().job(&seed::job_id(id)).await.unwrap().unwrap()
}

/// The keys of everything in the bucket.
async fn objects(world: &World) -> Vec<String> {
    let client = aws_sdk_s3::Client::new(&world.cloud.aws().sdk_config("tests"));
    let list = client.list_objects_v2().bucket(templates::bucket()).send().await.unwrap();
    list.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
}
