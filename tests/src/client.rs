//! A client of the API, over real HTTP.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use reqwest::redirect::Policy;
use serde_json::{Value, json};

/// Longer than the API takes for any answer.
const ANSWER: Duration = Duration::from_mins(1);

/// A client with an API key, or without.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    key: Option<String>,
}

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Bytes,
}

impl Client {
    /// A client of the API at `base_url`, which presents `key` if there is one.
    #[must_use]
    pub fn new(base_url: &str, key: Option<&str>) -> Self {
        Self { http: http_client(), base_url: base_url.to_owned(), key: key.map(str::to_owned) }
    }

    /// The same client with another key, or with none.
    #[must_use]
    pub fn with_key(&self, key: Option<&str>) -> Self {
        Self { key: key.map(str::to_owned), ..self.clone() }
    }

    /// Asks for `path`, or for a whole URL.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Bytes::new()).await
    }

    /// The same with one header more.
    pub async fn get_with(&self, path: &str, header: (&str, &str)) -> Answer {
        self.send(Method::GET, path, &[header], Bytes::new()).await
    }

    /// Deletes what is at `path`.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Bytes::new()).await
    }

    /// Changes what is at `path`.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PATCH, path, &[], body.to_string().into()).await
    }

    /// Posts `body` as JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], body.to_string()).await
    }

    /// Posts bytes with headers.
    pub async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.send(Method::POST, path, headers, body.into()).await
    }

    /// Asks for a text to be spoken, which must be accepted; the job's id.
    pub async fn speak(&self, text: &str, webhook_url: &str) -> String {
        let body = json!({ "text": text, "language": "oromo", "webhook_url": webhook_url });
        let answer = self.post("/v1/tts/async", &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.json()["job_id"].as_str().unwrap().to_owned()
    }

    /// The job as the API shows it.
    pub async fn job(&self, id: &str) -> Value {
        let answer = self.get(&format!("/v1/jobs/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Answer {
        self.try_send(method, path, headers, body).await.expect("the API answers")
    }

    /// Sends any request, to a path of the API or to a whole URL.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, reqwest::Error> {
        let url = match path {
            path if path.starts_with('/') => format!("{}{path}", self.base_url),
            url => url.to_owned(),
        };
        let mut request = self.http.request(method, url).body(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            bytes: response.bytes().await?,
        })
    }
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// The header `name`, empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// An HTTP client for this machine alone: no proxy, no certificates, no redirects followed.
fn http_client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the usual versions of TLS")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .timeout(ANSWER)
        .build()
        .expect("a client needs nothing from this machine")
}
