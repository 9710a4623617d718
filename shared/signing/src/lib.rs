//! Every signature scheme spoken here, signing and verifying: what senders of webhooks prove
//! themselves by, what our own webhooks carry, and the tokens in links and callbacks.
//!
//! Pure: the time is an argument, random bytes are arguments, nothing is read or sent. Every
//! comparison with something presented takes the same time wherever the two differ.

pub mod api_key;
pub mod error;
pub mod hex_hmac;
mod mac;
pub mod standard_webhooks;
pub mod standard_webhooks_v1a;
pub mod token;
pub mod webhook_secret;

pub use api_key::ApiKeyHash;
pub use error::{InvalidSecret, Unverified, WrongToken};
pub use token::TokenKey;
pub use webhook_secret::{endpoint_key, endpoint_secret, webhook_secret};
