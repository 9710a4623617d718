//! The operator's notification service, which gets the ends of all projects and notifies users.

use std::time::{Duration, Instant};

use bytes::Bytes;
use domain::Secret;
use http::HeaderMap;
use outbound::{Answer, ProviderClient, SendError};
use runtime::{Environment, StartError};

/// The service's URL, which is the operator's own choice, and the key that authenticates us.
#[derive(Debug)]
pub(crate) struct NotificationService {
    client: ProviderClient,
    url: String,
    key: Secret,
}

impl NotificationService {
    /// The one that the environment names, if it does.
    pub(crate) fn new(environment: &Environment) -> Result<Option<Self>, StartError> {
        let Some(base_url) = environment.get("NOTIFICATION_SERVICE_URL") else { return Ok(None) };
        let allow_loopback = environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?;
        Ok(Some(Self {
            client: ProviderClient::new(allow_loopback)
                .map_err(|error| StartError::client("the HTTP client", &error))?,
            url: format!("{}/api/notifications", base_url.trim_end_matches('/')),
            key: environment.required_secret("NOTIFICATION_API_KEY")?,
        }))
    }

    /// Posts an event. The body of the service's answer is dropped: it is the operator's, and the
    /// record of the attempt is shown to the owner.
    pub(crate) async fn post(
        &self,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Answer, SendError> {
        let start = Instant::now();
        let answer = self.client.post(&self.url, &self.key, headers, body, timeout).await?;
        Ok(Answer {
            status: answer.status,
            headers: answer.headers,
            body: Bytes::new(),
            truncated: false,
            latency: start.elapsed(),
            remote_address: None,
        })
    }
}
