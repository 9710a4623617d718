//! What the tests stand on: the whole system in one process with a clock that they move, a
//! provider that does what it is told, and a receiver of webhooks that keeps what it gets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "whatever fails here fails the test, and says where"
)]

pub mod client;
pub mod contents;
pub mod dice;
pub mod film;
pub mod live_client;
pub mod odd_receiver;
pub mod outbox;
pub mod provider;
pub mod receiver;
pub mod samples;
pub mod seed;
pub mod seed_clips;
pub mod seed_live;
pub mod seed_models;
pub mod seed_projects;
pub mod seed_webhooks;
pub mod sent;
pub mod stored;
pub mod templates;
pub mod till;
pub mod wav;
pub mod world;

pub use client::{Answer, Client};
pub use live_client::LiveClient;
pub use odd_receiver::{OddReceiver, Oddity};
pub use provider::Provider;
pub use receiver::{Receiver, Webhook};
pub use stored::Stored;
pub use world::{Plan, World};
