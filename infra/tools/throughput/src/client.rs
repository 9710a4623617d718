//! The client of the API.

use std::sync::Arc;

use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::error::BenchError;

/// A client that creates jobs and events.
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

    /// Creates a job with that `webhook_url`; returns its id.
    pub(crate) async fn create_job(&self, webhook_url: &str) -> Result<String, BenchError> {
        let text = "Akkam jirta? Nagaa dha. ".repeat(4);
        let body = json!({ "text": text, "language": "om", "webhook_url": webhook_url });
        let request = self.post("/v1/tts/async").body(body.to_string());
        self.answer(request, StatusCode::ACCEPTED, "job_id").await
    }

    /// Creates an endpoint at `url` that subscribes to no event of a job; returns its id.
    pub(crate) async fn create_endpoint(&self, url: &str) -> Result<String, BenchError> {
        let body = json!({ "url": url, "events": ["endpoint.disabled"] });
        let request = self.post("/v1/endpoints").body(body.to_string());
        self.answer(request, StatusCode::CREATED, "id").await
    }

    /// Sends a test event to an endpoint; returns the delivery's id.
    pub(crate) async fn send_event(&self, endpoint: &str) -> Result<String, BenchError> {
        let request = self.post(&format!("/v1/endpoints/{endpoint}/test"));
        self.answer(request, StatusCode::ACCEPTED, "delivery_id").await
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.base_url)).bearer_auth(&self.key)
    }

    /// The text `member` of the answer, whose status must be `expected`.
    async fn answer(
        &self,
        request: RequestBuilder,
        expected: StatusCode,
        member: &str,
    ) -> Result<String, BenchError> {
        let response = request.send().await?;
        if response.status() != expected {
            return Err(BenchError::Refused(response.status().as_u16()));
        }
        let answer: Value = serde_json::from_slice(&response.bytes().await?)?;
        Ok(answer[member].as_str().unwrap_or_default().to_owned())
    }
}

/// An HTTP client for this machine only.
pub(crate) fn http() -> Result<reqwest::Client, BenchError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build()?)
}
