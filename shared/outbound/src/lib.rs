//! Every HTTP request that leaves Hookreel, apart from the AWS SDK's. [`Client`] sends to untrusted
//! URLs (a webhook's receiver, a provider's file), [`ProviderClient`] to configured ones.
//!
//! Invariants:
//! - [`Client`] connects to public addresses only. Its [`Guard`] checks the URL, and then the
//!   addresses that the name resolves to: the address checked is the address connected to.
//! - A redirect is followed for the GET of a file alone, and each hop passes the guard; no request
//!   carries credentials to a host that it was not configured for. Neither client reads a proxy from the environment, or retries.
//! - Neither errors nor `Debug` show a URL's path or query, or a key.
//! - Every body is read with a limit and a timeout.
//!
//! It must not depend on what a request is for: of our crates it uses `domain` and `tls` alone.
//!
//! A range that is not public goes into [`address`], a private zone into [`host`]; a further cause
//! of failure into [`SendError`], which states whether it is transient and may have arrived.

pub mod address;
pub mod client;
mod connection;
pub mod download;
pub mod error;
pub mod guard;
mod gzip;
pub mod host;
pub mod provider;
mod rate;
pub mod resolver;
pub mod retry_after;

pub use client::{Answer, Client};
pub use connection::StartError;
pub use download::{Download, Fetch, Resume};
pub use error::SendError;
pub use guard::{Guard, Ports, PublicUrl, Refused};
pub use host::{HostList, HostPattern};
pub use provider::{ProviderAnswer, ProviderClient};
pub use rate::Pace;
pub use resolver::Lookup;
pub use retry_after::RetryAfter;

#[cfg(test)]
mod tests;
