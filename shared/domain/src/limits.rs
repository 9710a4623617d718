//! Every limit that a client or a provider can meet, in one place.

use std::time::Duration;

/// Longest text to speak, in characters (issue: "text over 100,000 characters").
pub const TEXT_CHARACTERS: usize = 100_000;
/// Largest body of a client's request. 100,000 characters of four bytes each must still fit when
/// JSON writes each as a pair of escapes (`\ud83c\udfac`, 12 bytes).
pub const REQUEST_BODY_BYTES: usize = 1_310_720;
/// Largest body of a provider's webhook.
pub const INBOUND_BODY_BYTES: usize = 256 * 1024;
/// Largest `metadata`, as JSON. The webhook that carries it stays under 20 KB.
pub const METADATA_BYTES: usize = 4 * 1024;
/// Longest URL accepted, in bytes.
pub const URL_BYTES: usize = 2048;
/// Longest `Idempotency-Key`, in bytes.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// How long an `Idempotency-Key` stands for its first answer.
pub const IDEMPOTENCY_WINDOW: Duration = Duration::from_hours(24);
/// Largest request kept inside the job's own item, in bytes of JSON: with it the finished item
/// stays under 1 KB, so that every change of state costs one write unit.
pub const INLINE_REQUEST_BYTES: usize = 160;
/// Jobs on a page when the client does not say.
pub const PAGE_DEFAULT: usize = 20;
/// Most jobs on a page. A page is read with one `BatchGetItem`, which takes 100.
pub const PAGE_MAXIMUM: usize = 100;
/// How often a job is dispatched before it fails.
pub const ATTEMPTS: u32 = 3;
/// How long a job may wait for a provider to take it.
pub const START_DEADLINE: Duration = Duration::from_hours(2);
/// How long a provider may work on one attempt.
pub const RUN_DEADLINE: Duration = Duration::from_hours(2);
/// How long pulling a file may take before it counts as lost.
pub const STORE_DEADLINE: Duration = Duration::from_hours(1);
/// Largest file pulled from a provider.
pub const OUTPUT_BYTES: u64 = 5 * 1024 * 1024 * 1024;
/// How long a finished job and its files are kept. `template.yaml` expires the files alike.
pub const RETENTION: Duration = Duration::from_hours(30 * 24);
/// How long the raw body of a provider's webhook is kept, for replay.
pub const INBOUND_RETENTION: Duration = Duration::from_hours(30 * 24);
/// Life of a presigned download URL. It also dies with the session that signed it.
pub const DOWNLOAD_URL_LIFE: Duration = Duration::from_mins(15);
/// Longest delay of an SQS message.
pub const QUEUE_DELAY: Duration = Duration::from_mins(15);
/// Most endpoints of one owner. Each event may go to all of them, and one Query reads them.
pub const ENDPOINTS: usize = 50;
/// Most headers that an endpoint adds.
pub const ENDPOINT_HEADERS: usize = 20;
/// Longest name of such a header, in bytes.
pub const HEADER_NAME_BYTES: usize = 64;
/// Longest value of such a header, in bytes.
pub const HEADER_VALUE_BYTES: usize = 1024;
/// Largest body of a request about endpoints, deliveries or providers' webhooks.
pub const SETTINGS_BODY_BYTES: usize = 64 * 1024;
/// Longest description of an endpoint, in characters.
pub const DESCRIPTION_CHARACTERS: usize = 256;
/// Most waits in an endpoint's own retry schedule.
pub const RETRIES: usize = 20;
/// Longest wait in it.
pub const RETRY_WAIT: Duration = Duration::from_hours(24);
/// Highest rate limit of an endpoint, in deliveries a second.
pub const RATE_PER_SECOND: u32 = 1000;
/// How long an old secret signs along after a rotation, when its owner does not say.
pub const OVERLAP_DEFAULT: Duration = Duration::from_hours(24);
/// The longest that it may.
pub const OVERLAP_MAXIMUM: Duration = Duration::from_hours(7 * 24);
/// Most secrets that sign at a time. All of their signatures go into one header.
pub const SECRETS: usize = 10;
/// A running job's owner is told of its progress at most once in this time,
pub const PROGRESS_INTERVAL: Duration = Duration::from_secs(2);
/// and only once it has come on by so many percent.
pub const PROGRESS_PERCENT: u8 = 10;
/// Most scenes of a project: all of its steps and itself change in one transaction, of which
/// DynamoDB takes 100 items.
pub const SCENES: usize = 48;
/// Longest prompt of a scene, in characters.
pub const PROMPT_CHARACTERS: usize = 2000;
/// Largest `options` of a scene, as JSON.
pub const SCENE_OPTIONS_BYTES: usize = 4 * 1024;
/// Largest prompts and options of a project together. With them its plan stays under the 400 KB
/// of an item; every scene as large as can be would not.
pub const PLAN_BYTES: usize = 320 * 1024;
/// Largest body of a request about projects: 48 scenes, each as large as can be in escaped JSON.
pub const PROJECT_BODY_BYTES: usize = 1_572_864;
/// Most past attempts kept with a step's job.
pub const PAST_ATTEMPTS: usize = 20;
/// Webhooks a minute from one address that the video and last-frame routes take (seed 001).
pub const SCENE_WEBHOOKS_PER_MINUTE: u32 = 100;
/// The same of the stitch route (seed 001).
pub const STITCH_WEBHOOKS_PER_MINUTE: u32 = 50;
