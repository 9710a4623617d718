//! How connections are made, the same for strangers and providers.

use std::time::Duration;

use reqwest::redirect;

/// How long resolving, connecting and the TLS handshake may take together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an idle connection is kept. Most servers drop theirs later than this; a request on
/// a connection that the other side has dropped fails, and nobody knows whether it arrived.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// The HTTP client could not be set up; nothing about an address is at fault.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The TLS settings do not fit the cryptography compiled in.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The client refuses its settings.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// The settings that every client of ours shares: no redirects, no proxy from the environment,
/// no retries of its own, and certificates checked against roots that are compiled in, so that
/// no file is opened at start.
pub fn builder() -> Result<reqwest::ClientBuilder, StartError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls::client()?)
        .user_agent(concat!("Hookreel/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .http1_only()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT))
}
