//! The client for providers: base URLs from the configuration, JSON, an API key.
//!
//! The operator chooses the URLs, so private addresses are allowed. Plain http is allowed to this
//! machine and to the hosts that the operator lists as those of the private network, since elsewhere
//! others could read the key.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::Secret;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use providers::{Answer, Auth, Call};
use tokio::time::timeout;
use url::Url;

use crate::guard::is_loopback;
use crate::{HostList, HostPattern, Refused, SendError, StartError, connection};

/// Sends requests to the configured providers. Cloning shares the connections.
#[derive(Debug, Clone)]
pub struct ProviderClient {
    allow_loopback: bool,
    private_hosts: Vec<HostPattern>,
    http: reqwest::Client,
}

/// A provider's answer, whatever its status.
#[derive(Debug, Clone)]
pub struct ProviderAnswer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

impl ProviderAnswer {
    /// The answer as providers read it.
    pub fn as_answer(&self) -> Answer<'_> {
        Answer { status: self.status, headers: &self.headers, body: &self.body }
    }
}

impl ProviderClient {
    /// A client for https, and with `allow_loopback` for http to this machine.
    pub fn new(allow_loopback: bool) -> Result<Self, StartError> {
        let http = connection::builder()?.build()?;
        Ok(Self { allow_loopback, private_hosts: Vec::new(), http })
    }

    /// The same client, which requests `hosts` by http too: they are on the deployment's own private
    /// network.
    #[must_use]
    pub fn with_private_hosts(self, HostList(private_hosts): HostList) -> Self {
        Self { private_hosts, ..self }
    }

    /// Makes `call` and reads the whole answer, within its timeout for both.
    pub async fn call(&self, call: Call) -> Result<ProviderAnswer, SendError> {
        let Call { method, url, auth, mut headers, body, timeout, answer_bytes } = call;
        let proof = match auth {
            Auth::None => None,
            Auth::Bearer(key) => Some((AUTHORIZATION, format!("Bearer {}", key.expose()))),
            Auth::Scheme(scheme, key) => {
                Some((AUTHORIZATION, format!("{scheme} {}", key.expose())))
            }
            Auth::Header(name, key) => {
                Some((HeaderName::from_static(name), key.expose().to_owned()))
            }
        };
        if let Some((name, value)) = proof {
            let mut value = HeaderValue::try_from(value)
                .map_err(|error| SendError::Unsendable(error.into()))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let mut request = self.request(method, &url)?;
        if let Some(body) = body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            request = request.body(body);
        }
        send(request.headers(headers), timeout, answer_bytes).await
    }

    /// Posts `body` as it is and reads the whole answer, within `timeout` for both.
    pub async fn post(
        &self,
        url: &str,
        key: &Secret,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<ProviderAnswer, SendError> {
        let request = self.request(Method::POST, url)?.bearer_auth(key.expose());
        send(request.headers(headers).body(body), timeout, Call::ANSWER_BYTES).await
    }

    fn request(&self, method: Method, url: &str) -> Result<reqwest::RequestBuilder, SendError> {
        let url = Url::parse(url).map_err(|_| Refused::Malformed)?;
        let host = url.host().ok_or(Refused::Scheme)?;
        let is_ours = || {
            let host = host.to_string();
            self.private_hosts.iter().any(|pattern| pattern.matches(&host))
        };
        let is_local = || self.allow_loopback && is_loopback(&host);
        if url.scheme() != "https" && !(url.scheme() == "http" && (is_local() || is_ours())) {
            return Err(Refused::Scheme.into());
        }
        Ok(self.http.request(method, url))
    }
}

async fn send(
    request: reqwest::RequestBuilder,
    limit: Duration,
    bytes: usize,
) -> Result<ProviderAnswer, SendError> {
    let answer = async {
        let mut response = request.send().await?;
        let headers = std::mem::take(response.headers_mut());
        Ok(ProviderAnswer {
            status: response.status(),
            headers,
            body: read(response, bytes).await?,
        })
    };
    timeout(limit, answer).await.map_err(|_| SendError::Timeout)?
}

async fn read(mut response: reqwest::Response, limit: usize) -> Result<Bytes, SendError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Err(SendError::TooLarge { limit: limit as u64 });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
