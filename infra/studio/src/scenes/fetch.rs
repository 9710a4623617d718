//! Downloads the inputs of a task: over plain HTTP from this machine only.

use std::io;
use std::path::Path;
use std::time::Duration;

use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response, StatusCode};
use tokio::fs::File;
use tokio::io::AsyncWriteExt;
use url::{Host, Url};

use crate::post::client_builder;
use crate::studio::StartError;

/// Largest download, in bytes.
const MAX_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// How long one download may take.
const TIMEOUT: Duration = Duration::from_mins(5);
/// How long the server may send nothing.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// Most attempts of a download that breaks off.
const MAX_ATTEMPTS: u32 = 3;
/// Most redirects of a download.
const MAX_REDIRECTS: usize = 5;

/// Why a download failed; the text follows the name of the input.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("is not plain HTTP on this machine")]
    Elsewhere,
    #[error("leads by redirects to where this studio does not go")]
    Redirects,
    #[error("answered {}", .0.as_u16())]
    Status(StatusCode),
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    #[error("broke off: {0}")]
    Broken(#[source] reqwest::Error),
    #[error("could not be written: {0}")]
    Io(#[from] io::Error),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        // Without its URL, which may carry a token.
        if error.is_redirect() { Self::Redirects } else { Self::Broken(error.without_url()) }
    }
}

/// Downloads files.
#[derive(Debug)]
pub(crate) struct Fetcher {
    client: Client,
    max_bytes: u64,
}

impl Fetcher {
    /// Follows redirects within this machine.
    pub fn new() -> Result<Self, StartError> {
        let client = client_builder()?
            .timeout(TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .redirect(Policy::custom(follow))
            .build()?;
        Ok(Self { client, max_bytes: MAX_BYTES })
    }

    /// Downloads `url` to the file `to`; starts again if it breaks off.
    pub async fn fetch(&self, url: &Url, to: &Path) -> Result<(), FetchError> {
        if !is_here(url) {
            return Err(FetchError::Elsewhere);
        }
        let mut tries = 1..MAX_ATTEMPTS;
        loop {
            match self.once(url, to).await {
                Err(FetchError::Broken(_)) if tries.next().is_some() => {}
                end => return end,
            }
        }
    }

    async fn once(&self, url: &Url, to: &Path) -> Result<(), FetchError> {
        let answer = self.client.get(url.clone()).send().await?;
        if !answer.status().is_success() {
            return Err(FetchError::Status(answer.status()));
        }
        self.store(answer, to).await
    }

    async fn store(&self, mut answer: Response, to: &Path) -> Result<(), FetchError> {
        let mut file = File::create(to).await?;
        let mut bytes = 0;
        while let Some(chunk) = answer.chunk().await? {
            bytes += chunk.len() as u64;
            if bytes > self.max_bytes {
                return Err(FetchError::TooLarge(self.max_bytes));
            }
            file.write_all(&chunk).await?;
        }
        Ok(file.flush().await?)
    }
}

fn follow(attempt: Attempt) -> reqwest::redirect::Action {
    if attempt.previous().len() <= MAX_REDIRECTS && is_here(attempt.url()) {
        return attempt.follow();
    }
    attempt.error(FetchError::Redirects)
}

/// Whether `url` is plain HTTP to this machine, by its text.
fn is_here(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    url.scheme() == "http" && loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_to_this_machine_is_allowed() {
        let is_here = |text: &str| is_here(&Url::parse(text).unwrap());
        for here in ["http://127.0.0.1:1/a", "http://[::1]/", "http://localhost:80/x?y"] {
            assert!(is_here(here), "{here}");
        }
        for elsewhere in ["https://127.0.0.1/", "http://192.0.2.1/", "http://127.0.0.1.example/"] {
            assert!(!is_here(elsewhere), "{elsewhere}");
        }
    }
    #[tokio::test]
    async fn a_download_beyond_the_limit_fails() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let router = axum::Router::new().fallback(|| async { "12345" });
        tokio::spawn(axum::serve(listener, router).into_future());
        let file = tempfile::NamedTempFile::new().unwrap();
        let fetcher = |max_bytes| Fetcher { max_bytes, ..Fetcher::new().unwrap() };
        let refused = fetcher(4).fetch(&url, file.path()).await;
        assert!(matches!(refused, Err(FetchError::TooLarge(4))), "{refused:?}");
        fetcher(5).fetch(&url, file.path()).await.unwrap();
        assert_eq!(std::fs::read(file.path()).unwrap(), b"12345");
    }
}
