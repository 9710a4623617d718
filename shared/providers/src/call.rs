//! A call to a provider, described but not made, and its answer.

use std::fmt;
use std::time::Duration;

use domain::{InvalidField, Secret, UrlHost};
use http::{HeaderMap, Method, StatusCode};
#[cfg(test)]
use serde_json::Value;

/// A call to a provider. Its `Debug` shows neither path nor body, which may hold URLs of files.
#[derive(Clone)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Where it goes.
    pub url: String,
    /// How it shows who we are.
    pub auth: Auth,
    /// Its further headers.
    pub headers: HeaderMap,
    /// Its body, as JSON.
    pub body: Option<String>,
    /// How long the whole answer may take.
    pub timeout: Duration,
    /// How long the body of the answer may be, in bytes.
    pub answer_bytes: usize,
}

/// How a call shows who we are.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Not at all.
    None,
    /// `Authorization: Bearer <key>`.
    Bearer(Secret),
    /// `Authorization: <scheme> <key>`, such as `Key`.
    Scheme(&'static str, Secret),
    /// The key in a header of its own.
    Header(&'static str, Secret),
}

impl Call {
    /// How long a provider may take to accept a task.
    const SUBMISSION: Duration = Duration::from_secs(15);
    /// How long a provider may take to answer any other call.
    const ANSWER: Duration = Duration::from_secs(10);
    /// How long the body of a usual answer may be.
    pub const ANSWER_BYTES: usize = 1024 * 1024;

    /// Submits a task.
    pub fn submission(url: String, auth: Auth, body: &impl ToString) -> Self {
        Self { timeout: Self::SUBMISSION, ..Self::post(url, auth, body) }
    }

    /// A POST of `body`, whose text is JSON.
    pub fn post(url: String, auth: Auth, body: &impl ToString) -> Self {
        Self { method: Method::POST, body: Some(body.to_string()), ..Self::get(url, auth) }
    }

    /// A GET.
    pub fn get(url: String, auth: Auth) -> Self {
        Self {
            method: Method::GET,
            url,
            auth,
            headers: HeaderMap::new(),
            body: None,
            timeout: Self::ANSWER,
            answer_bytes: Self::ANSWER_BYTES,
        }
    }
}

#[cfg(test)]
impl Call {
    /// Its body.
    pub(crate) fn json(&self) -> Value {
        self.body.as_deref().map(|body| serde_json::from_str(body).unwrap()).unwrap_or_default()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({} {})", self.method, UrlHost(&self.url))
    }
}

/// What a provider answered, whatever its status.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its whole body.
    pub body: &'a [u8],
}

/// Shows its status alone: the body may hold URLs of files.
impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({})", self.status)
    }
}

/// An answer that says nothing about the task. Meant for our logs.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The provider cannot say at the moment.
    #[error("the provider answers with status {status}")]
    Unavailable {
        /// Its HTTP status.
        status: StatusCode,
    },
    /// The body is not JSON, or a member of it is missing or cannot be used.
    #[error("the provider's answer cannot be used")]
    Unusable(#[from] InvalidField),
}
