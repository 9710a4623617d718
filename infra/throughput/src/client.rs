//! The client of the API.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::error::BenchError;

/// A client that creates and ends jobs.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base_url: String,
    key: String,
}

impl Client {
    pub(crate) fn new(base_url: &str, key: &str) -> Result<Self, BenchError> {
        Ok(Self { http: http()?, base_url: base_url.to_owned(), key: key.to_owned() })
    }

    /// Creates a job whose webhook goes to `webhook_url`; its id.
    pub(crate) async fn create(&self, webhook_url: &str) -> Result<String, BenchError> {
        let text = "Akkam jirta? Nagaa dha. ".repeat(4);
        let body = json!({ "text": text, "language": "om", "webhook_url": webhook_url });
        let request = self.http.post(format!("{}/v1/tts/async", self.base_url));
        let response = request.bearer_auth(&self.key).body(body.to_string()).send().await?;
        if response.status() != reqwest::StatusCode::ACCEPTED {
            return Err(BenchError::Refused(response.status().as_u16()));
        }
        let answer: Value = serde_json::from_slice(&response.bytes().await?)?;
        Ok(answer["job_id"].as_str().unwrap_or_default().to_owned())
    }

    /// Ends a job. One that a provider has already is ended a little later.
    pub(crate) async fn cancel(&self, job: &str) -> Result<(), BenchError> {
        let request = self.http.delete(format!("{}/v1/jobs/{job}", self.base_url));
        request.bearer_auth(&self.key).send().await?;
        Ok(())
    }
}

/// An HTTP client for this machine alone.
pub(crate) fn http() -> Result<reqwest::Client, BenchError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build()?)
}
