//! Sends webhooks.

use std::sync::Arc;
use std::time::Duration;

use hmac::digest::InvalidLength;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use serde_json::Value;
use sha2::Sha256;

use crate::studio::StartError;

/// How long a receiver may take to answer a RunPod worker callback.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The header of the signature.
pub(crate) const SIGNATURE_HEADER: &str = "X-Webhook-Signature";

/// Sends webhooks and returns the status of the answer.
#[derive(Debug, Clone)]
pub(crate) struct Poster(reqwest::Client);

impl Poster {
    /// Follows no redirect.
    pub fn new() -> Result<Self, StartError> {
        let client = client_builder()?.timeout(TIMEOUT).redirect(Policy::none()).build()?;
        Ok(Self(client))
    }

    /// The client, for a test's own requests.
    #[cfg(test)]
    pub fn into_client(self) -> reqwest::Client {
        self.0
    }

    /// Posts `body`; returns the receiver's status code, or `None` without an answer in time.
    pub async fn post(&self, url: &str, body: &Value, signer: Option<&Signer>) -> Option<u16> {
        let body = body.to_string();
        let signature = signer.map(|signer| (SIGNATURE_HEADER, signer.sign(body.as_bytes())));
        self.send(url, signature, body).await
    }

    /// Does the same with a JSON text and `headers`.
    pub async fn send(
        &self,
        url: &str,
        headers: impl IntoIterator<Item = (&'static str, String)>,
        body: String,
    ) -> Option<u16> {
        let request = self.0.post(url).header(CONTENT_TYPE, "application/json");
        let add = |request: RequestBuilder, (name, value)| request.header(name, value);
        let request = headers.into_iter().fold(request, add);
        match request.body(body).send().await {
            Ok(answer) => Some(answer.status().as_u16()),
            Err(error) => {
                // Without its URL, which may carry a token.
                tracing::warn!(error = %error.without_url(), "webhook not answered");
                None
            }
        }
    }
}

/// A client with built-in root certificates, because a small machine may have none.
pub(crate) fn client_builder() -> Result<reqwest::ClientBuilder, StartError> {
    let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect::<rustls::RootCertStore>();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy())
}

/// Signs with the hex HMAC-SHA256 of the body.
#[derive(Clone)]
pub(crate) struct Signer {
    key: Hmac<Sha256>,
    prefix: &'static str,
}

impl Signer {
    /// Signs in the form of the async TTS API v1: `sha256=` and the hex digits.
    pub fn new(secret: &[u8]) -> Result<Self, InvalidLength> {
        Ok(Self { prefix: "sha256=", ..Self::plain(secret)? })
    }

    /// Signs in the form of a scene service webhook: the hex digits alone.
    pub fn plain(secret: &[u8]) -> Result<Self, InvalidLength> {
        Ok(Self { key: Hmac::new_from_slice(secret)?, prefix: "" })
    }

    /// The header's value for `body`.
    pub fn sign(&self, body: &[u8]) -> String {
        let code = self.key.clone().chain_update(body).finalize();
        format!("{}{}", self.prefix, hex::encode(code.into_bytes()))
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(…)")
    }
}
