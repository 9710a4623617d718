//! The guarded client, for untrusted URLs.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::Secret;
use http::header::{AUTHORIZATION, InvalidHeaderValue};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::{Instant, timeout_at};

use crate::resolver::{CheckedResolver, Lookup, SystemLookup};
use crate::{Guard, HostPattern, PublicUrl, Refused, SendError, StartError, connection};

/// Maximum size of an answer's body that is kept.
pub const ANSWER_BYTES: usize = 16 * 1024;

/// Sends requests to untrusted URLs that its guard accepts. Cloning shares the connections.
#[derive(Debug, Clone)]
pub struct Client {
    guard: Guard,
    http: reqwest::Client,
    /// Opens a connection for each request.
    fresh: reqwest::Client,
    /// What some hosts want to see.
    key: Option<HostKey>,
    /// When each host last gave a whole answer to a POST. A connection to it may be kept since.
    answered: Arc<Mutex<HashMap<String, Instant>>>,
}

/// A header for the hosts of one provider.
#[derive(Debug, Clone)]
struct HostKey {
    hosts: Vec<HostPattern>,
    value: HeaderValue,
}

/// From how many hosts on those are forgotten whose connections are closed by now.
const HOSTS: usize = 1024;

/// The answer to a POST, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The first [`ANSWER_BYTES`] of its body.
    pub body: Bytes,
    /// Whether the body is incomplete: larger than that, cut off or late.
    pub truncated: bool,
    /// Time from the start of the request to the end of the body.
    pub latency: Duration,
    /// The address that was connected to.
    pub remote_address: Option<SocketAddr>,
}

impl Client {
    /// A client with `guard` that resolves names with the machine's resolver.
    pub fn new(guard: Guard) -> Result<Self, StartError> {
        Self::with_lookup(guard, Arc::new(SystemLookup))
    }

    /// A client with `guard` that resolves names with `lookup`.
    pub fn with_lookup(guard: Guard, lookup: Arc<dyn Lookup>) -> Result<Self, StartError> {
        let resolver = CheckedResolver { guard: guard.clone(), lookup };
        let http = connection::builder()?.dns_resolver(resolver.clone()).build()?;
        let fresh = connection::builder()?.dns_resolver(resolver).pool_max_idle_per_host(0);
        let fresh = fresh.build()?;
        Ok(Self { guard, http, fresh, key: None, answered: Arc::default() })
    }

    /// The same client, which shows `key` as a bearer token to `hosts`, and to no other that these
    /// redirect to.
    pub fn with_key(
        self,
        hosts: Vec<HostPattern>,
        key: &Secret,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose()))?;
        value.set_sensitive(true);
        Ok(Self { key: Some(HostKey { hosts, value }), ..self })
    }

    /// Parses and checks a URL; see [`Guard::check_url`].
    pub fn check_url(&self, text: &str) -> Result<PublicUrl, Refused> {
        self.guard.check_url(text)
    }

    /// Parses and checks the URL of a provider's file; see [`Guard::check_source`].
    pub fn check_source(&self, text: &str) -> Result<PublicUrl, Refused> {
        self.guard.check_source(text)
    }

    /// Posts `body` and reads the answer, within `timeout` for both. It succeeds once the status
    /// is received: a body that is cut off or late is marked as truncated.
    ///
    /// A request that ends with its connection, where that may have been one kept from an earlier
    /// request, is sent once more on a new one: the server has closed the old one meanwhile. So
    /// the other side must accept the same request twice.
    pub async fn post(
        &self,
        url: &PublicUrl,
        headers: HeaderMap,
        body: Bytes,
        timeout: Duration,
    ) -> Result<Answer, SendError> {
        let start = Instant::now();
        let deadline = start + timeout;
        let send = async |http: &reqwest::Client| {
            let request = self.request_by(http, http::Method::POST, url)?;
            let request = request.headers(headers.clone()).body(body.clone());
            let sent = timeout_at(deadline, request.send()).await;
            sent.map_err(|_| SendError::Timeout)?.map_err(SendError::from)
        };
        let host = url.as_url().authority();
        let mut response = match send(&self.http).await {
            Err(SendError::Broken(_)) if self.may_be_kept(host, start) => send(&self.fresh).await?,
            response => response?,
        };
        let (body, truncated) = read_start(&mut response, deadline).await;
        if !truncated {
            self.remember(host);
        }
        Ok(Answer {
            status: response.status(),
            body,
            truncated,
            latency: start.elapsed(),
            remote_address: response.remote_addr(),
            headers: std::mem::take(response.headers_mut()),
        })
    }

    /// Whether a connection to `host` may have been kept until `time`.
    fn may_be_kept(&self, host: &str, time: Instant) -> bool {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.get(host).is_some_and(|at| time < *at + connection::IDLE_TIMEOUT)
    }

    fn remember(&self, host: &str) {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if answered.len() >= HOSTS {
            answered.retain(|_, at| at.elapsed() < connection::IDLE_TIMEOUT);
        }
        answered.insert(host.to_owned(), Instant::now());
    }

    /// Builds a request. The URL is checked again, without a look-up: the guard that it passed
    /// may be less strict than this client's.
    pub(crate) fn request(
        &self,
        method: http::Method,
        url: &PublicUrl,
    ) -> Result<reqwest::RequestBuilder, SendError> {
        self.request_by(&self.http, method, url)
    }

    fn request_by(
        &self,
        http: &reqwest::Client,
        method: http::Method,
        url: &PublicUrl,
    ) -> Result<reqwest::RequestBuilder, SendError> {
        self.guard.check(url.as_url())?;
        let request = http.request(method, url.as_url().clone());
        let host = url.as_url().host_str().unwrap_or_default();
        let is_of = |key: &&HostKey| key.hosts.iter().any(|pattern| pattern.matches(host));
        Ok(match self.key.as_ref().filter(is_of) {
            Some(key) => request.header(AUTHORIZATION, key.value.clone()),
            None => request,
        })
    }
}

/// Reads the body up to the limit, and returns whether it is incomplete.
async fn read_start(response: &mut reqwest::Response, deadline: Instant) -> (Bytes, bool) {
    let mut body = BytesMut::new();
    loop {
        match timeout_at(deadline, response.chunk()).await {
            Ok(Ok(Some(chunk))) if body.len() + chunk.len() <= ANSWER_BYTES => {
                body.extend_from_slice(&chunk);
            }
            Ok(Ok(Some(chunk))) => {
                body.extend_from_slice(&chunk[..ANSWER_BYTES - body.len()]);
                return (body.freeze(), true);
            }
            Ok(Ok(None)) => return (body.freeze(), false),
            Ok(Err(_)) | Err(_) => return (body.freeze(), true),
        }
    }
}
