//! Every limit that a client or a provider can meet, in one place.

use std::time::Duration;

/// Longest text to speak, in characters (issue: "text over 100,000 characters").
pub const TEXT_CHARACTERS: usize = 100_000;
/// Largest body of a client's request. 100,000 characters of four bytes each, escaped as JSON
/// (`\uXXXX\uXXXX`, 12 bytes), must still fit.
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
