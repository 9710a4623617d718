//! The function that API Gateway asks who sends a request.

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

/// Where the authorizer's answer names the owner.
pub(crate) const OWNER: &str = "owner";
/// Where it lists the scopes, with blanks between.
pub(crate) const SCOPES: &str = "scopes";

/// A function that tells whom an API key belongs to.
pub trait AuthorizerFunction: Sized + Send + Sync + 'static {
    /// What can go wrong besides a key that is not known.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Reads the settings and makes the clients, once.
    fn new(context: &Context) -> Result<Self, StartError>;

    /// Whose key this is, if it is one.
    fn identify(
        &self,
        key: &str,
    ) -> impl Future<Output = Result<Option<Caller>, Self::Error>> + Send;
}

/// What is read of API Gateway's event (payload format 2.0).
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

/// `F` as something to be invoked with API Gateway's event.
pub fn invocable<F: AuthorizerFunction>(context: &Context) -> Result<Invocable, StartError> {
    let function = Arc::new(F::new(context)?);
    Ok(Arc::new(move |event| {
        let function = Arc::clone(&function);
        Box::pin(async move { answer(&*function, serde_json::from_value(event)?).await })
    }))
}

/// Lets every request through, with the caller's name where there is one. API Gateway's own
/// refusal could not say why in our form; a function gets at an owner's data by the name in
/// this answer alone, so a request without one is refused there, with 401.
async fn answer<F: AuthorizerFunction>(
    function: &F,
    event: Event,
) -> Result<Value, lambda_runtime::Error> {
    let caller = match bearer(&event.headers) {
        Some(key) => function.identify(key).await.inspect_err(|error| {
            tracing::error!(cause = chain(error), "cannot look up an API key");
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

fn bearer(headers: &HashMap<String, String>) -> Option<&str> {
    // API Gateway writes names in lower case; `sam local` leaves them as they came.
    let (_, value) = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"))?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}
