//! The URLs of the API that answers, webhooks and orders to providers carry.

use crate::{JobId, ModelId, ProjectId};

/// Builds URLs of the API.
#[derive(Debug, Clone)]
pub struct Links {
    base_url: String,
}

impl Links {
    /// Links below `base_url`, such as `https://api.example.com`.
    pub fn new(base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned() }
    }

    /// A job.
    pub fn job(&self, job: &JobId) -> String {
        format!("{}/v1/jobs/{job}", self.base_url)
    }

    /// A project.
    pub fn project(&self, project: &ProjectId) -> String {
        format!("{}/v1/projects/{project}", self.base_url)
    }

    /// A model.
    pub fn model(&self, model: &ModelId) -> String {
        format!("{}/v1/models/{model}", self.base_url)
    }

    /// A file of the job. `token` authorizes it without an API key and does not expire: each
    /// request is redirected to a fresh presigned URL.
    pub fn download(&self, job: &JobId, output: &str, token: &str) -> String {
        format!("{}/v1/download/{job}?output={output}&token={token}", self.base_url)
    }

    /// The URL of one of our routes, such as a provider's webhook.
    pub fn route(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}
