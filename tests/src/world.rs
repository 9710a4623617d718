//! The whole system, and everyone around it, with one clock that the test moves.

use std::collections::BTreeMap;
use std::future::Future;

use domain::access::ApiKeyRecord;
use domain::{OwnerId, Scope, Secret, Timestamp};
use hookreel_local::template::Document;
use hookreel_local::{Cloud, Settings};
use hookreel_studio::{Engine, Faults, Studio, TaskView};
use runtime::Clock;
use runtime::clock::ManualClock;
use serde_json::Value;
use signing::api_key;
use store::Store;
use tempfile::TempDir;

use crate::{Client, Provider, Receiver, templates};

/// When the clock starts: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// The master secret, which the sample events are made with too.
pub const SIGNING_KEY: &str = "local-signing-key-for-sample-events";
/// The secret by which a worker may sign, likewise.
pub const RUNPOD_WEBHOOK_SECRET: &str = "local-webhook-secret-for-sample-events";
/// An API key of the owner `local` with every scope, likewise.
pub const API_KEY: &str = "hr_local-api-key-for-sample-events";

const RUNPOD_API_KEY: &str = "runpod-key";
/// How often the clock may be moved before a test is taken to lead nowhere: 2,000 looks at a
/// job 30 s apart are more than its deadlines allow.
const MOVES: usize = 20_000;

/// What kind of world it is to be.
pub struct Plan {
    /// What runs.
    pub template: Document,
    /// Whether a studio makes the files, and what goes wrong in it. Without one, the test
    /// plays the provider.
    pub studio: Option<Faults>,
    /// Environment variables of functions besides those that every test needs.
    pub environment: Vec<(&'static str, String)>,
}

impl Default for Plan {
    fn default() -> Self {
        Self { template: templates::whole(), studio: None, environment: Vec::new() }
    }
}

/// A system at work.
pub struct World {
    /// The embedded cloud.
    pub cloud: Cloud,
    /// Takes webhooks.
    pub receiver: Receiver,
    /// Is sent the work, unless there is a studio.
    pub provider: Provider,
    /// Is sent the work, if the plan wants it.
    pub studio: Option<Studio>,
    /// A client with the key of the owner `local`.
    pub client: Client,
    /// The clock of all.
    pub clock: Clock,
    faults: Faults,
    hand: ManualClock,
    #[expect(dead_code, reason = "it is removed when this is dropped")]
    folder: TempDir,
}

impl World {
    /// One in which the test plays the provider.
    pub async fn new() -> Self {
        Self::start(Plan::default()).await
    }

    /// One with a studio without faults.
    pub async fn with_studio() -> Self {
        Self::start(Plan { studio: Some(Faults::default()), ..Plan::default() }).await
    }

    /// One in which nothing happens but what is asked for.
    pub async fn frozen() -> Self {
        Self::start(Plan { template: templates::frozen(), ..Plan::default() }).await
    }

    /// Starts what `plan` says.
    pub async fn start(plan: Plan) -> Self {
        let (clock, hand) = Clock::manual(START);
        let receiver = Receiver::start(clock.clone()).await;
        let provider = Provider::start().await;
        let faults = plan.studio.clone().unwrap_or_default();
        let studio = match plan.studio {
            Some(faults) => Some(start_studio(faults).await),
            None => None,
        };
        let provider_url = studio.as_ref().map_or(provider.url(), Studio::url);
        let folder = TempDir::with_prefix("hookreel-test-").unwrap();
        let mut settings = Settings::new(plan.template, folder.path());
        settings.clock = clock.clone();
        settings.api_key = Some(Secret::new(API_KEY));
        settings.environment = environment(provider_url);
        let more = plan.environment.into_iter().map(|(name, value)| (name.to_owned(), value));
        settings.environment.extend(more);
        let cloud = Cloud::start(settings).await.expect("the embedded cloud starts");
        let client = Client::new(cloud.api_url(), Some(API_KEY));
        Self { cloud, receiver, provider, studio, client, clock, faults, hand, folder }
    }

    /// The table, as workers use it.
    #[must_use]
    pub fn store(&self) -> Store {
        Store::new(&self.cloud.aws().sdk_config("tests"), templates::table())
    }

    /// A client with a new key of `owner` that may do what `scopes` say.
    pub async fn client_of(&self, owner: &str, scopes: &[Scope]) -> Client {
        let key = api_key::generate(runtime::random::bytes());
        let record = ApiKeyRecord {
            owner: OwnerId::new(owner),
            scopes: scopes.to_vec(),
            created_at: self.clock.now(),
        };
        self.store().put_api_key(&api_key::hash(key.expose()), &record).await.unwrap();
        self.client.with_key(Some(key.expose()))
    }

    /// Lets `time` pass.
    pub fn pass(&self, time: std::time::Duration) {
        self.hand.advance_to(self.clock.now() + time);
    }

    /// Resolves when nothing more will happen until time passes or someone asks for something.
    pub async fn quiet(&self) {
        loop {
            if let Some(studio) = &self.studio {
                studio.until(|tasks| self.is_silent(tasks)).await;
            }
            self.cloud.idle().await;
            let silent = |studio: &Studio| self.is_silent(&studio.tasks());
            if self.studio.as_ref().is_none_or(silent) {
                return;
            }
        }
    }

    /// Moves the clock from one thing that is due to the next until `done` holds.
    pub async fn run_until<F: Future<Output = bool>>(&self, what: &str, done: impl Fn() -> F) {
        for _ in 0..MOVES {
            self.quiet().await;
            if done().await {
                return;
            }
            let due = self.cloud.next_due();
            let due = due.unwrap_or_else(|| panic!("nothing is due any more, and not yet: {what}"));
            self.hand.advance_to(due);
        }
        panic!("the clock was moved {MOVES} times, and not yet: {what}");
    }

    /// Moves the clock until the job has that status and nothing more happens at that time.
    pub async fn run_until_job(&self, id: &str, status: &str) -> Value {
        let what = format!("{id} is {status}");
        self.run_until(&what, async || {
            let job = self.client.job(id).await;
            let now = job["status"].as_str().unwrap_or_default();
            let ended = ["completed", "failed", "cancelled"].contains(&now);
            assert!(!ended || now == status, "not {what}: {job}");
            now == status
        })
        .await;
        self.quiet().await;
        self.client.job(id).await
    }

    /// Whether no task of the studio is being spoken and no announcement of its is under way.
    fn is_silent(&self, tasks: &[TaskView]) -> bool {
        let Faults { drop_webhooks, duplicate_webhooks, forge_webhooks, .. } = self.faults;
        let certain = |probability: f64| usize::from(probability >= 1.0);
        let honest = (1 - certain(drop_webhooks)) * (1 + certain(duplicate_webhooks));
        let announcements = honest + certain(forge_webhooks);
        let is_silent = |task: &TaskView| {
            task.status.is_terminal()
                || task.bytes.is_some() && task.posts.len() >= announcements && !task.confirmed
        };
        tasks.iter().all(is_silent)
    }
}

async fn start_studio(faults: Faults) -> Studio {
    let settings = hookreel_studio::Settings {
        engine: Engine::Tone,
        faults,
        ..hookreel_studio::Settings::new(Secret::new(RUNPOD_API_KEY))
    };
    Studio::start(settings).await.expect("the studio starts")
}

fn environment(provider_url: &str) -> BTreeMap<String, String> {
    [
        ("RUNPOD_BASE_URL", provider_url),
        ("RUNPOD_API_KEY", RUNPOD_API_KEY),
        ("SIGNING_KEY", SIGNING_KEY),
        ("RUNPOD_WEBHOOK_SECRET", RUNPOD_WEBHOOK_SECRET),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
