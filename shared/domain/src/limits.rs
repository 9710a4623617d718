//! Every limit that a client or a provider can reach.

use std::time::Duration;

/// Maximum length of a text-to-speech text, in characters.
pub const TEXT_CHARACTERS: usize = 100_000;
/// Maximum size of a client's request body. 100,000 characters must fit if JSON escapes each as a
/// surrogate pair (`\ud83c\udfac`, 12 bytes).
pub const REQUEST_BODY_BYTES: usize = 1_310_720;
/// Maximum size of a provider's webhook body, as it is kept in an item.
pub const INBOUND_BODY_BYTES: usize = 256 * 1024;
/// Maximum size of a body at the callback URL of an attempt, of which only the small members are
/// kept: RunPod repeats its task's whole input and output. A function receives no more.
pub const CALLBACK_BODY_BYTES: usize = 6 * 1024 * 1024;
/// Maximum size of `metadata`, as JSON. The webhook that carries it stays under 20 KB.
pub const METADATA_BYTES: usize = 4 * 1024;
/// Maximum length of a client's URL, in bytes.
pub const URL_BYTES: usize = 2048;
/// Maximum length of the URL of a provider's file. One that is presigned with a session token takes
/// 2 to 4 KB.
pub const SOURCE_URL_BYTES: usize = 8192;
/// Maximum length of an `Idempotency-Key`, in bytes.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// How long an `Idempotency-Key` is valid after its first request.
pub const IDEMPOTENCY_WINDOW: Duration = Duration::from_hours(24);
/// Maximum size of a request stored in the job's own item, in bytes of JSON: with it the completed
/// item stays under 1 KB, so every change of state costs one write unit.
pub const INLINE_REQUEST_BYTES: usize = 160;
/// Maximum size of a job's `result` in a webhook, as JSON. A larger one is read from the job, so that
/// the webhook stays under 20 KB.
pub const EVENT_RESULT_BYTES: usize = 8 * 1024;
/// Default page size.
pub const PAGE_DEFAULT: usize = 20;
/// Maximum page size. A page is read with one `BatchGetItem`, whose limit is 100.
pub const PAGE_MAXIMUM: usize = 100;
/// Maximum number of attempts of a job.
pub const ATTEMPTS: u32 = 3;
/// How long a job may wait until a provider accepts it.
pub const START_DEADLINE: Duration = Duration::from_hours(2);
/// How long a provider may work on one attempt.
pub const RUN_DEADLINE: Duration = Duration::from_hours(2);
/// How long a provider may train a model, unless the job says otherwise.
pub const TRAINING_DEADLINE: Duration = Duration::from_hours(24);
/// The least and the most seconds of a job's own deadlines. The least is near the interval of polls,
/// which end it; with the most, all attempts end before [`JOB_DEADLINE`].
pub const DEADLINE_SECONDS: std::ops::RangeInclusive<u32> = 10..=172_800;
/// Maximum size of a model's `input`, as JSON. Larger files are given by their URL.
pub const MODEL_INPUT_BYTES: usize = 256 * 1024;
/// Maximum length of a file within it, as a `data:` URI. Replicate asks for the URL of any above 256 kB
/// (`predictions.create` in <https://replicate.com/docs/reference/http>).
pub const DATA_URI_BYTES: usize = 256_000;
/// How many clips a request may ask for. The webhook that lists them stays under 20 KB.
pub const CLIPS: std::ops::RangeInclusive<u32> = 1..=20;
/// How many clips of a job are kept, however many its worker has made.
pub const CLIPS_KEPT: usize = 100;
/// Maximum size of a job's outputs in a webhook, as JSON. Above it they come without their attributes,
/// which are read from the job, so that the webhook stays under 20 KB.
pub const EVENT_OUTPUTS_BYTES: usize = 10 * 1024;
/// How many of a model's trainings are shown with it, the latest ones.
pub const TRAININGS: usize = 20;
/// How long a job may take in all, with all its attempts. Each part of it has a deadline of its own,
/// which comes first; this ends a job, and its polls, that slips through them.
pub const JOB_DEADLINE: Duration = Duration::from_hours(7 * 24);
/// How long a file that its provider has announced is retried, unless the provider keeps it for
/// another time.
pub const FILE_RETENTION: Duration = Duration::from_mins(10);
/// How long pulling a file may take in all before it counts as lost.
pub const STORE_DEADLINE: Duration = Duration::from_hours(1);
/// Maximum size of a file pulled from a provider.
pub const OUTPUT_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// How long deliveries and idempotency keys' results are stored. Jobs and projects have their own
/// retention; see [`retention`](crate::retention).
pub const RETENTION: Duration = Duration::from_hours(30 * 24);
/// How long the raw body of a provider's webhook is stored, for replay.
pub const INBOUND_RETENTION: Duration = Duration::from_hours(30 * 24);
/// Lifetime of a presigned download URL. It also ends with the session that signed it.
pub const DOWNLOAD_URL_LIFE: Duration = Duration::from_mins(15);
/// Maximum delay of an SQS message.
pub const QUEUE_DELAY: Duration = Duration::from_mins(15);
/// Maximum number of endpoints of an owner. An event may go to all of them; one Query reads them.
pub const ENDPOINTS: usize = 50;
/// Maximum number of headers that an endpoint adds.
pub const ENDPOINT_HEADERS: usize = 20;
/// Maximum length of such a header's name, in bytes.
pub const HEADER_NAME_BYTES: usize = 64;
/// Maximum length of such a header's value, in bytes.
pub const HEADER_VALUE_BYTES: usize = 1024;
/// Maximum size of a request body about endpoints, deliveries or providers' webhooks.
pub const SETTINGS_BODY_BYTES: usize = 64 * 1024;
/// Maximum length of an endpoint's description, in characters.
pub const DESCRIPTION_CHARACTERS: usize = 256;
/// Maximum number of retries in an endpoint's own retry schedule.
pub const RETRIES: usize = 20;
/// Maximum delay of one of them.
pub const RETRY_WAIT: Duration = Duration::from_hours(24);
/// Maximum rate limit of an endpoint, in deliveries per second.
pub const RATE_PER_SECOND: u32 = 1000;
/// How long, by default, a previous secret still signs after a rotation.
pub const OVERLAP_DEFAULT: Duration = Duration::from_hours(24);
/// Maximum of that time.
pub const OVERLAP_MAXIMUM: Duration = Duration::from_hours(7 * 24);
/// Maximum number of secrets that sign at a time. All signatures go into one header.
pub const SECRETS: usize = 10;
/// Maximum number of rotations of a secret in 24 hours: each is remembered that long.
pub const ROTATIONS: usize = 50;
/// Minimum time between two progress events of a job.
pub const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);
/// Minimum progress between two of them, in percent.
pub const PROGRESS_PERCENT: u8 = 10;
/// How long a ticket for live updates is valid: a page uses it at once.
pub const TICKET_LIFE: Duration = Duration::from_mins(1);
/// How long a connection for live updates can last; API Gateway closes it then.
pub const CONNECTION_LIFE: Duration = Duration::from_hours(2);
/// Maximum number of topics of a ticket, or to which a connection subscribes.
pub const TOPICS: usize = 100;
/// Maximum number of jobs and projects whose last sequence a subscription names.
pub const LAST_SEQUENCES: usize = 100;
/// Maximum number of missed events in the answer to a subscription, which has 128 KB at most.
pub const MISSED_EVENTS: usize = 150;
/// Maximum length of the text of a job's step in an event, in characters.
pub const LIVE_STEP_CHARACTERS: usize = 64;
/// Maximum size of what a client sends on a connection.
pub const LIVE_MESSAGE_BYTES: usize = 32 * 1024;
/// Maximum wait for a job's change. API Gateway gives up after 30 s.
pub const CHANGE_WAIT: Duration = Duration::from_secs(28);
/// Maximum number of scenes of a project: the project and all its steps change in one transaction,
/// whose limit is 100 items.
pub const SCENES: usize = 48;
/// Maximum length of a scene's prompt, in characters.
pub const PROMPT_CHARACTERS: usize = 2000;
/// Maximum size of the `options` of a scene or of a speech job, as JSON.
pub const OPTIONS_BYTES: usize = 4 * 1024;
/// Maximum size of all prompts and options of a project. Scenes that all had the maximum size would
/// exceed the 400 KB of an item.
pub const PLAN_BYTES: usize = 320 * 1024;
/// Maximum size of a request body about projects: 48 scenes of maximum size in escaped JSON.
pub const PROJECT_BODY_BYTES: usize = 1_572_864;
/// Maximum number of past attempts stored with a step's job.
pub const PAST_ATTEMPTS: usize = 20;
/// Webhooks per minute from one address, for each provider unless it says otherwise.
pub const WEBHOOKS_PER_MINUTE: u32 = 100;
