//! What each provider is sent, what it answers, and how its webhooks are verified and read.
//!
//! One folder per provider with the same set of files: `request`, `answer`, `webhook`, `sender`.
//! Their words are turned into those of [`news`], which the functions act on. Pure: nothing is
//! sent from here and no clock is read. Bodies are read leniently, since providers change
//! them: unknown fields are passed over, and numbers may come as text.

mod body;
pub mod news;
pub mod provider;
pub mod runpod;
pub mod scenes;

pub use news::{AnswerError, Cancellation, ProviderNews, Submission};
pub use provider::{Provider, Providers};
