//! The connection settings that both clients share.

use std::time::Duration;

use reqwest::redirect;

/// Timeout for resolving, connecting and the TLS handshake together.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an idle connection is kept. Most servers close theirs later than this; a request on
/// a connection that the server is closing fails, and may have arrived.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// The HTTP client could not be set up, for any address.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The TLS settings do not fit the cryptography compiled in.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The client rejects its settings.
    #[error("the HTTP client cannot be set up")]
    Client(#[from] reqwest::Error),
}

/// The shared settings: no redirects (a download follows its own, through the guard), no proxy from the environment, no retries, and compiled-in
/// root certificates, so that no file is opened at start.
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
