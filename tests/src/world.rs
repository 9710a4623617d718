//! The whole system, and everyone around it, with one clock that the test moves.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use domain::access::ApiKeyRecord;
use domain::{OwnerId, Scope, Secret, Timestamp};
use hookreel_local::aws::Durability;
use hookreel_local::template::Document;
use hookreel_local::{Cloud, Settings};
use hookreel_studio::{
    Engine, Faults, ReplicateSettings, SceneSettings, Service, ServiceSettings, Studio, TaskView,
};
use providers::registry;
use runtime::Clock;
use runtime::clock::ManualClock;
use serde_json::Value;
use signing::api_key;
use store::Store;
use tempfile::TempDir;

use crate::{Client, Provider, Receiver, Stored, templates};

/// When the clock starts: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);
/// The master secret, which the sample events are made with too.
pub const SIGNING_KEY: &str = "local-signing-key-for-sample-events";
/// The secret by which a worker may sign, likewise.
pub const RUNPOD_WEBHOOK_SECRET: &str = "local-webhook-secret-for-sample-events";
/// The secrets by which the scene services sign, likewise.
pub const VIDEO_WEBHOOK_SECRET: &str = "local-video-webhook-secret-for-sample-events";
/// That of the last-frame service.
pub const LAST_FRAME_WEBHOOK_SECRET: &str = "local-last-frame-webhook-secret-for-sample-events";
/// That of the stitch service.
pub const STITCH_WEBHOOK_SECRET: &str = "local-stitch-webhook-secret-for-sample-events";
/// That of Replicate, by Standard Webhooks.
pub const REPLICATE_WEBHOOK_SECRET: &str = "whsec_bG9jYWwtc2VjcmV0LWZvci1zYW1wbGUtZXZlbnRz";
/// That of the clipping worker.
pub const CLIPPING_WEBHOOK_SECRET: &str = "local-clipping-webhook-secret-for-sample-events";
/// The token of the account at Replicate.
pub const REPLICATE_API_TOKEN: &str = "replicate-token";
/// An API key of the owner `local` with every scope, likewise.
pub const API_KEY: &str = "hr_local-api-key-for-sample-events";

const RUNPOD_API_KEY: &str = "runpod-key";
const SCENES_API_KEY: &str = "scenes-key";
/// How long the studio rests before it tries a scene's webhook again that was not taken. It goes
/// by the machine's clock, so the test waits for it.
const STUDIO_RETRIES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(20)];
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
    /// Whether the test's provider is told of the ends of projects, as the operator's
    /// notification service.
    pub notification_service: bool,
    /// Environment variables of functions besides those that every test needs.
    pub environment: Vec<(&'static str, String)>,
    /// What an earlier version has left behind, if anything.
    pub stored: Option<Stored>,
    /// The data folder to go on with; a new one by default.
    pub data: Option<PathBuf>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            template: templates::whole(),
            studio: None,
            notification_service: false,
            environment: Vec::new(),
            stored: None,
            data: None,
        }
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
        let start = plan.stored.as_ref().map_or(START, Stored::time);
        let (clock, hand) = Clock::manual(start);
        let receiver = Receiver::start(clock.clone()).await;
        let provider = Provider::start().await;
        let faults = plan.studio.clone().unwrap_or_default();
        let studio = match plan.studio {
            Some(faults) => {
                let clock = clock.clone();
                let clock = hookreel_studio::Clock::new(move || clock.now());
                Some(start_studio_with(faults, clock).await)
            }
            None => None,
        };
        let folder = TempDir::with_prefix("hookreel-test-").unwrap();
        let data = plan.data.unwrap_or_else(|| folder.path().to_owned());
        let mut settings = Settings::new(plan.template, data);
        settings.durability = Durability::ProcessEnd;
        settings.clock = clock.clone();
        settings.api_key = Some(Secret::new(API_KEY));
        settings.environment = environment(studio.as_ref(), provider.url());
        if plan.notification_service {
            let url = provider.url().to_owned();
            settings.environment.insert("NOTIFICATION_SERVICE_URL".to_owned(), url);
        }
        let more = plan.environment.into_iter().map(|(name, value)| (name.to_owned(), value));
        settings.environment.extend(more);
        if let Some(stored) = plan.stored {
            provider.has_taken(stored.tasks());
            stored.at(provider.url(), receiver.base_url()).put(&settings).await;
        }
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
    pub fn pass(&self, time: Duration) {
        self.hand.advance_to(self.clock.now() + time);
    }

    /// Resolves when nothing more will happen until time passes or someone asks for something.
    pub async fn quiet(&self) {
        let Some(studio) = &self.studio else { return self.cloud.idle().await };
        loop {
            studio.until(|tasks| self.is_silent(tasks)).await;
            studio.until_scenes_are_silent().await;
            studio.until_replicate_is_silent().await;
            let before = doings(studio);
            self.cloud.idle().await;
            // A task may have come and gone while the cloud was looked at.
            let silent = self.is_silent(&studio.tasks())
                && studio.scenes_are_silent()
                && studio.replicate_is_silent();
            if silent && doings(studio) == before {
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

/// How many tasks have come to a studio, and how many webhooks have left it.
#[must_use]
pub fn doings(studio: &Studio) -> (usize, usize) {
    let (tasks, scenes, models) = (studio.tasks(), studio.scene_tasks(), studio.replicate_tasks());
    let posts = tasks.iter().map(|task| task.posts.len()).sum::<usize>();
    let scene_posts = scenes.iter().map(|task| task.posts.len()).sum::<usize>();
    let model_posts = models.iter().map(|task| task.posts.len()).sum::<usize>();
    (tasks.len() + scenes.len() + models.len(), posts + scene_posts + model_posts)
}

/// Starts a studio that knows the keys and secrets of tests.
pub async fn start_studio(faults: Faults) -> Studio {
    start_studio_with(faults, hookreel_studio::Clock::default()).await
}

/// The same with this clock for what has times in it.
async fn start_studio_with(faults: Faults, clock: hookreel_studio::Clock) -> Studio {
    let replicate = ReplicateSettings {
        api_token: Some(Secret::new(REPLICATE_API_TOKEN)),
        webhook_secret: Some(Secret::new(REPLICATE_WEBHOOK_SECRET)),
        retry_waits: STUDIO_RETRIES.to_vec(),
        clock,
        ..ReplicateSettings::default()
    };
    let settings = hookreel_studio::Settings {
        engine: Engine::Tone,
        faults,
        scenes: scene_settings(),
        replicate,
        ..hookreel_studio::Settings::new(Secret::new(RUNPOD_API_KEY))
    };
    Studio::start(settings).await.expect("the studio starts")
}

fn scene_settings() -> SceneSettings {
    let service = |webhook_secret| ServiceSettings {
        api_key: Some(Secret::new(SCENES_API_KEY)),
        webhook_secret: Some(Secret::new(webhook_secret)),
    };
    SceneSettings {
        video: service(VIDEO_WEBHOOK_SECRET),
        last_frame: service(LAST_FRAME_WEBHOOK_SECRET),
        stitch: service(STITCH_WEBHOOK_SECRET),
        retry_waits: STUDIO_RETRIES.to_vec(),
    }
}

/// What the functions are set to: where providers are, and the secrets shared with them.
#[must_use]
pub fn environment(studio: Option<&Studio>, provider_url: &str) -> BTreeMap<String, String> {
    let scenes = |service| {
        studio.map_or_else(|| provider_url.to_owned(), |studio| studio.scene_url(service))
    };
    let (video, last_frame) = (scenes(Service::Video), scenes(Service::LastFrame));
    let stitch = scenes(Service::Stitch);
    let mut all: BTreeMap<_, _> = [
        ("RUNPOD_BASE_URL", studio.map_or(provider_url, Studio::url)),
        ("REPLICATE_BASE_URL", studio.map_or(provider_url, Studio::url)),
        ("REPLICATE_API_TOKEN", REPLICATE_API_TOKEN),
        ("REPLICATE_WEBHOOK_SECRET", REPLICATE_WEBHOOK_SECRET),
        // The address of tests is none that Replicate would take.
        ("REPLICATE_WEBHOOKS", "always"),
        ("REPLICATE_FILE_HOSTS", "127.0.0.1"),
        ("VIDEO_GENERATION_SERVICE", &video),
        ("LAST_FRAME_SERVICE_URL", &last_frame),
        ("STITCH_SERVICE_URL", &stitch),
        ("RUNPOD_API_KEY", RUNPOD_API_KEY),
        ("VIDEO_GENERATION_API_KEY", SCENES_API_KEY),
        ("LAST_FRAME_API_KEY", SCENES_API_KEY),
        ("STITCH_API_KEY", SCENES_API_KEY),
        ("SIGNING_KEY", SIGNING_KEY),
        ("RUNPOD_WEBHOOK_SECRET", RUNPOD_WEBHOOK_SECRET),
        ("VIDEO_WEBHOOK_SECRET", VIDEO_WEBHOOK_SECRET),
        ("LAST_FRAME_WEBHOOK_SECRET", LAST_FRAME_WEBHOOK_SECRET),
        ("STITCH_WEBHOOK_SECRET", STITCH_WEBHOOK_SECRET),
        ("WEBHOOK_SECRET", CLIPPING_WEBHOOK_SECRET),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for settings in registry::PROVIDERS.iter().map(|provider| provider.settings()) {
        let secret = format!("local-{}-for-sample-events", settings.webhook_secret);
        let own = [
            (settings.url, provider_url),
            (settings.key, "key"),
            (settings.webhook_secret, &secret),
        ];
        for (name, value) in own.into_iter().chain(settings.account) {
            all.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    all
}
