//! What each provider is sent, what it answers, and how its webhooks are authenticated and read.
//!
//! One folder per provider with the same files: `request` (the calls), `answer` (what it answers),
//! `webhook` (its webhooks) and `tests`; each implements [`Provider`]. [`registry`] is the only
//! list of them. Nothing outside a provider's folder and the registry knows its name.
//!
//! Invariants: pure, without I/O, clock or randomness; a call is described, not made. Bodies are
//! read leniently, since providers change them: unknown members are passed over, numbers may come
//! as text and ids as numbers, and one reader ([`body`]) serves all. Must not depend on `store`, `outbound` or `runtime`. A further provider is a
//! further folder and a line of the registry (`docs/ADDING_A_PROVIDER.md`).

mod body;
pub mod call;
mod clipping_worker;
mod files;
mod last_frame;
mod lenient;
pub mod list;
pub mod order;
pub mod provider;
pub mod registry;
mod replicate;
mod runpod;
mod scene_service;
mod scene_video;
pub mod settings;
mod state;
mod stitch;
pub mod task;
pub mod webhook;

pub use call::{Answer, AnswerError, Auth, Call};
pub use order::{Input, Order};
pub use provider::{PollInterval, Provider};
pub use settings::{Account, Accounts, Configured, MissingSetting, Settings};
pub use task::{Cancellation, Progress, Submission, TaskResult, TaskStatus};
pub use webhook::{Report, Sender, WebhookReport, WebhookRequest};
