//! Every HTTP request that leaves us, apart from those of the AWS SDK.
//!
//! [`Client`] goes where a stranger said: a webhook's receiver, a provider's file. Its [`Guard`]
//! refuses what is not public, first by the URL and then by the addresses that its name
//! resolves to; the address checked is the address connected to. [`ProviderClient`] goes where
//! our own configuration said, with an API key. Neither follows redirects nor looks for a proxy.

pub mod address;
pub mod client;
mod connection;
pub mod download;
pub mod error;
pub mod guard;
pub mod host;
pub mod provider;
pub mod resolver;

pub use client::{Answer, Client};
pub use connection::StartError;
pub use download::{Download, Fetch, Resume};
pub use error::SendError;
pub use guard::{Guard, PublicUrl, Refused};
pub use host::HostPattern;
pub use provider::{ProviderAnswer, ProviderClient};
pub use resolver::Lookup;

#[cfg(test)]
mod tests;
