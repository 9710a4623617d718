//! Signatures, keys and tokens: the signature schemes of webhooks in and out, API keys, the tokens in
//! download links and callback URLs, and the ids of idempotency keys.
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
//! derived secret, token or id gets a label of its own in `webhook_secret`, `token` or `idempotency`.

pub mod api_key;
pub mod bearer;
pub mod error;
pub mod hex_hmac;
pub mod idempotency;
mod mac;
pub mod standard_webhooks;
pub mod standard_webhooks_v1a;
pub mod ticket;
pub mod token;
pub mod webhook_secret;

pub use api_key::ApiKeyHash;
pub use error::{InvalidSecret, Unverified, WrongToken};
pub use idempotency::IdempotencyIds;
pub use token::TokenKey;
pub use webhook_secret::{endpoint_key, endpoint_secret, webhook_secret};
