//! The addresses at which clients find things again.

use crate::{JobId, ProjectId};

/// Makes the links of answers and webhooks.
#[derive(Debug, Clone)]
pub struct Links {
    base_url: String,
}

impl Links {
    /// Links below `base_url`, such as `https://api.example.com`.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        Self { base_url: base_url.trim_end_matches('/').to_owned() }
    }

    /// The job itself.
    #[must_use]
    pub fn job(&self, job: &JobId) -> String {
        format!("{}/v1/jobs/{job}", self.base_url)
    }

    /// A project.
    #[must_use]
    pub fn project(&self, project: &ProjectId) -> String {
        format!("{}/v1/projects/{project}", self.base_url)
    }

    /// A file of the job. `token` opens it without an API key, and does not run out: behind
    /// it a fresh presigned URL is made each time.
    #[must_use]
    pub fn download(&self, job: &JobId, output: &str, token: &str) -> String {
        format!("{}/v1/download/{job}?output={output}&token={token}", self.base_url)
    }

    /// The URL of one of our routes, such as a provider's webhook.
    #[must_use]
    pub fn route(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }
}
