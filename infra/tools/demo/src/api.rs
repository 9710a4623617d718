//! The client of the API.

use std::time::Duration;

use domain::Secret;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::DemoError;
use crate::event::{
    Accepted, AcceptedProject, AcceptedTraining, Announced, JobWithFiles, Model, RunningJob,
    RunningProject,
};
use crate::order::Order;

/// How long the API may take to answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Most characters of an unexpected answer in an error.
const EXCERPT: usize = 500;

/// A client of the API, with its key.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    client: Client,
    base_url: String,
    key: Secret,
}

impl Api {
    /// Creates a client of the API at `base_url`, which is on this machine.
    pub fn new(base_url: String, key: Secret) -> Result<Self, DemoError> {
        Ok(Self { client: loopback_client()?, base_url, key })
    }

    /// Whether the API is healthy.
    pub async fn is_up(&self) -> bool {
        let answer = self.client.get(format!("{}/v1/health", self.base_url)).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// The secret of the webhooks.
    pub async fn webhook_secret(&self) -> Result<Secret, DemoError> {
        #[derive(Deserialize)]
        struct Answer {
            secret: Secret,
        }
        let request = self.client.get(format!("{}/v1/webhook-secret", self.base_url));
        let what = "GET /v1/webhook-secret";
        let answer = self.ask::<Answer>(what, request, StatusCode::OK).await?;
        Ok(answer.secret)
    }

    /// Submits `order`, with `webhook_url` for its webhook.
    pub async fn submit(&self, order: &Order, webhook_url: &str) -> Result<Accepted, DemoError> {
        let body = json!({
            "text": order.text, "language": order.language, "webhook_url": webhook_url,
        });
        let request = self.client.post(format!("{}/v1/tts/async", self.base_url)).json(&body);
        self.ask("POST /v1/tts/async", request, StatusCode::ACCEPTED).await
    }

    /// The progress of a job.
    pub async fn progress(&self, job_id: &str) -> Result<RunningJob, DemoError> {
        let request = self.client.get(format!("{}/v1/jobs/{job_id}", self.base_url));
        self.ask("GET /v1/jobs/{job_id}", request, StatusCode::OK).await
    }

    /// Submits the training that `body` describes.
    pub async fn train(&self, body: &Value) -> Result<AcceptedTraining, DemoError> {
        let request = self.client.post(format!("{}/v1/trainings", self.base_url)).json(body);
        self.ask("POST /v1/trainings", request, StatusCode::ACCEPTED).await
    }

    /// A model.
    pub async fn model(&self, model_id: &str) -> Result<Model, DemoError> {
        let request = self.client.get(format!("{}/v1/models/{model_id}", self.base_url));
        self.ask("GET /v1/models/{model_id}", request, StatusCode::OK).await
    }

    /// Submits the prediction that `body` describes.
    pub async fn predict(&self, body: &Value) -> Result<Accepted, DemoError> {
        let request = self.client.post(format!("{}/v1/predictions", self.base_url)).json(body);
        self.ask("POST /v1/predictions", request, StatusCode::ACCEPTED).await
    }

    /// Submits the clipping job that `body` describes.
    pub async fn clip(&self, body: &Value) -> Result<Accepted, DemoError> {
        let request = self.client.post(format!("{}/v1/clipping/async", self.base_url)).json(body);
        self.ask("POST /v1/clipping/async", request, StatusCode::ACCEPTED).await
    }

    /// A ticket for live events about `topic`, as the URL of the connection that it opens.
    pub async fn live_ticket(&self, topic: &str) -> Result<Secret, DemoError> {
        #[derive(Deserialize)]
        struct Answer {
            url: Secret,
        }
        let request = self.client.post(format!("{}/v1/live/tickets", self.base_url));
        let request = request.json(&json!({ "topics": [topic] }));
        let what = "POST /v1/live/tickets";
        let answer = self.ask::<Answer>(what, request, StatusCode::CREATED).await?;
        Ok(answer.url)
    }

    /// Submits the project that `body` describes.
    pub async fn submit_project(&self, body: &Value) -> Result<AcceptedProject, DemoError> {
        let request = self.client.post(format!("{}/v1/projects", self.base_url)).json(body);
        self.ask("POST /v1/projects", request, StatusCode::ACCEPTED).await
    }

    /// The progress of a project.
    pub async fn project(&self, project_id: &str) -> Result<RunningProject, DemoError> {
        let request = self.client.get(format!("{}/v1/projects/{project_id}", self.base_url));
        self.ask("GET /v1/projects/{project_id}", request, StatusCode::OK).await
    }

    /// The outputs of a job.
    pub async fn outputs(&self, job_id: &str) -> Result<Vec<Announced>, DemoError> {
        let request = self.client.get(format!("{}/v1/jobs/{job_id}", self.base_url));
        let job: JobWithFiles = self.ask("GET /v1/jobs/{job_id}", request, StatusCode::OK).await?;
        Ok(job.outputs)
    }

    /// Downloads a link from a webhook: without the API key, because the link has a token.
    pub async fn open(&self, link: &str) -> Result<Response, DemoError> {
        let what = "GET of the link in the webhook";
        expect(what, self.client.get(link), StatusCode::OK).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        what: &'static str,
        request: RequestBuilder,
        status: StatusCode,
    ) -> Result<T, DemoError> {
        let request = request.bearer_auth(self.key.expose()).timeout(TIMEOUT);
        let answer = expect(what, request, status).await?;
        answer.json().await.map_err(|source| DemoError::NoAnswer { what, source })
    }
}

async fn expect(
    what: &'static str,
    request: RequestBuilder,
    expected: StatusCode,
) -> Result<Response, DemoError> {
    let no_answer = |source: reqwest::Error| DemoError::NoAnswer { what, source };
    let answer = request.send().await.map_err(no_answer)?;
    if answer.status() == expected {
        return Ok(answer);
    }
    let status = answer.status().as_u16();
    let body = answer.text().await.map_err(no_answer)?.chars().take(EXCERPT).collect();
    Err(DemoError::WrongAnswer { what, status, body })
}

/// A client for this machine only, which needs no certificates. It follows redirects, because the
/// download route answers with one.
pub(crate) fn loopback_client() -> Result<Client, DemoError> {
    let setup = |error: &dyn std::error::Error| DemoError::Setup(error.to_string());
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(&error))?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).no_proxy().build();
    client.map_err(|error| setup(&error))
}
