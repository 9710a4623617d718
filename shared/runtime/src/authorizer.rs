//! Lambda authorizers: the function that resolves a request's API key for API Gateway.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use domain::Caller;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::aws::AwsService;
use crate::http::chain;
use crate::{Context, Invocable, StartError};

/// The member of the authorizer's context that holds the owner.
pub(crate) const OWNER: &str = "owner";
/// The member that holds the scopes, separated by spaces.
pub(crate) const SCOPES: &str = "scopes";

/// A function that finds the owner of an API key.
pub trait AuthorizerFunction: Sized + Send + Sync + 'static {
    /// Why a look-up fails. An unknown key is no error.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads the settings and makes the clients, once.
    fn new(context: &Context) -> Result<Self, StartError>;

    /// The owner and scopes of `key`; `None` if it is unknown.
    fn identify(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Caller>, Self::Error>> + Send;
}

/// The part of API Gateway's event (payload format 2.0) that is used.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(default)]
    headers: HashMap<String, String>,
}

/// Serves `F` in Lambda until it is shut down.
pub async fn run<F: AuthorizerFunction>() -> Result<(), lambda_runtime::Error> {
    let function = Context::start(&[AwsService::DynamoDb], F::new).await?;
    let function = &function;
    lambda_runtime::run(service_fn(async move |event: LambdaEvent<Event>| {
        answer(function, event.payload).await
    }))
    .await
}

/// `F`, to be invoked with API Gateway's event.
pub fn invocable<F: AuthorizerFunction>(context: &Context) -> Result<Invocable, StartError> {
    let function = Arc::new(F::new(context)?);
    Ok(Arc::new(move |event| {
        let function = Arc::clone(&function);
        Box::pin(async move { answer(&*function, serde_json::from_value(event)?).await })
    }))
}

/// Allows every request, with the owner in its context if the key is known. API Gateway's own
/// 401 has no problem body, so [`crate::http::Request::caller`] answers requests without an owner.
async fn answer<F: AuthorizerFunction>(
    function: &F,
    event: Event,
) -> Result<Value, lambda_runtime::Error> {
    let caller = match bearer(&event.headers) {
        Some(key) => function.identify(key).await.inspect_err(|error| {
            tracing::error!(cause = chain(error), "API key look-up failed");
        })?,
        None => None,
    };
    let context = caller.map_or_else(
        || json!({}),
        |caller| {
            let scopes: Vec<_> = caller.scopes.iter().map(|scope| scope.as_str()).collect();
            json!({ OWNER: caller.owner.as_str(), SCOPES: scopes.join(" ") })
        },
    );
    Ok(json!({ "isAuthorized": true, "context": context }))
}

pub(crate) fn bearer(headers: &HashMap<String, String>) -> Option<&str> {
    // API Gateway sends header names in lower case; `sam local` keeps the client's spelling.
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
