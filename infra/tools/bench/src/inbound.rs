//! Isolates the work of an inbound webhook, to count its instructions: `provider-webhook`'s handler
//! from the parsed event to its first request to DynamoDB.
//!
//! `bench-inbound <event.json> <parse|serialise|sign> <rounds>` repeats it `rounds` times. `parse`
//! stops before the handler starts, `serialise` after the request is written, `sign` after it is
//! signed. The cost of one round is the difference between two runs of different length; that of
//! the handler is the difference to `parse`.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::identity::IdentityCache;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use futures::FutureExt;
use lambda_http::request::LambdaRequest;
use provider_webhook::ProviderWebhook;
use runtime::{Clock, Context, Environment};
use serde_json::Value;

type Failure = Box<dyn std::error::Error>;

/// Settings for which the tokens in the sample events are valid.
const SETTINGS: [(&str, &str); 4] = [
    ("TABLE_NAME", "hookreel"),
    ("API_BASE_URL", "https://api.example.com"),
    ("SIGNING_KEY", "local-signing-key-for-sample-events"),
    ("RUNPOD_WEBHOOK_SECRET", "local-webhook-secret-for-sample-events"),
];

/// Accepts requests, which are signed by then, and never answers.
#[derive(Debug, Clone, Default)]
struct Silent(Arc<AtomicU64>);

impl HttpConnector for Silent {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.0.fetch_add(1, Ordering::Relaxed);
        HttpConnectorFuture::new(async move {
            black_box(request);
            std::future::pending().await
        })
    }
}

/// Never returns credentials: the SDK requests them between writing and signing.
#[derive(Debug)]
struct Withheld;

impl ProvideCredentials for Withheld {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(std::future::pending())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match count() {
        Ok(requests) => {
            println!("{requests}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench-inbound: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the rounds; returns the number of requests.
fn count() -> Result<u64, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [event, what, rounds] = arguments.as_slice() else {
        return Err("usage: bench-inbound <event.json> <parse|serialise|sign> <rounds>".into());
    };
    let event: Value = serde_json::from_slice(&std::fs::read(event)?)?;
    let connector = Silent::default();
    let handle = runtime::http::invocable::<ProviderWebhook>(&context(connector.clone(), what))?;
    for _ in 0..rounds.parse()? {
        if what == "parse" {
            let request: LambdaRequest = serde_json::from_value(event.clone())?;
            // As below: dropping it does not count.
            std::mem::forget(black_box(lambda_http::Request::from(request)));
        } else {
            let mut handling = handle(event.clone());
            if let Some(answer) = (&mut handling).now_or_never() {
                return Err(format!("answered before any request was made: {answer:?}").into());
            }
            // The handler is dropped halfway, which production never does, so dropping it does not
            // count.
            std::mem::forget(handling);
        }
    }
    Ok(connector.0.load(Ordering::Relaxed))
}

fn context(connector: Silent, what: &str) -> Context {
    let connector = SharedHttpConnector::new(connector);
    let credentials = if what == "sign" {
        let token = Some("token".to_owned());
        SharedCredentialsProvider::new(Credentials::new("key", "secret", token, None, "bench"))
    } else {
        SharedCredentialsProvider::new(Withheld)
    };
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials)
        .identity_cache(IdentityCache::no_cache())
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .sleep_impl(TokioSleep::new())
        .build();
    let settings = SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Context { environment: Environment::from_pairs(settings), aws, clock: Clock::system() }
}
