//! Signatures, keys and tokens: the signature schemes of webhooks in and out, API keys, and the
//! tokens in download links and callback URLs.
//!
//! Invariants:
//! - Pure: no I/O, clock or randomness. The time and random bytes are arguments.
//! - Presented signatures and tokens are compared in constant time.
//! - Derived secrets and tokens carry a label for each use, so none is valid for another use.
//! - A missing secret is an error: there is no unsigned mode. No error or `Debug` shows a secret.
//!
//! Of our crates it uses `domain` alone.
//!
//! A further signature scheme gets a module with `sign` and `verify`, like [`hex_hmac`]; a further
//! derived secret or token gets a label of its own in `webhook_secret` or `token`.

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
