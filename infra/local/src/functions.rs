//! The functions, built from their own code and invoked as Lambda would.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use runtime::{Context, Invocable, StartError as FunctionStartError};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::activity::Activity;
use crate::lineage::Lineage;
use crate::meter::measured;

/// All functions of the template, ready to be invoked.
pub struct Functions {
    hosted: HashMap<String, Hosted>,
    activity: Arc<Activity>,
    cut_off: CancellationToken,
}

struct Hosted {
    invocable: Invocable,
    timeout: Duration,
    allows_recursive_loop: bool,
}

/// Why an invocation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// The template has no such function.
    #[error("there is no function {0}")]
    Unknown(String),
    /// The function returned an error.
    #[error("{0}")]
    Failed(lambda_runtime::Error),
    /// The function panicked. Other invocations go on.
    #[error("the function panicked")]
    Panicked,
    /// The function reached its timeout.
    #[error("the function reached its timeout of {} s", .0.as_secs())]
    TimedOut(Duration),
    /// The cloud stopped while the function ran.
    #[error("the function was aborted: the cloud stopped")]
    CutOff,
}

impl Functions {
    /// No functions yet. `activity` counts running invocations, and `cut_off` aborts them.
    pub fn new(activity: Arc<Activity>, cut_off: CancellationToken) -> Self {
        Self { hosted: HashMap::new(), activity, cut_off }
    }

    /// Adds a function.
    pub fn add(&mut self, name: &str, invocable: Invocable, timeout: Duration) {
        let hosted = Hosted { invocable, timeout, allows_recursive_loop: false };
        self.hosted.insert(name.to_owned(), hosted);
    }

    /// Lets the function `name` run in a chain of messages for ever.
    pub fn allow_recursive_loop(&mut self, name: &str) {
        if let Some(hosted) = self.hosted.get_mut(name) {
            hosted.allows_recursive_loop = true;
        }
    }

    /// Whether Lambda takes a further invocation of the function `name` for a recursive loop.
    pub fn is_loop(&self, name: &str, lineage: &Lineage) -> bool {
        let is_allowed = self.hosted.get(name).is_some_and(|hosted| hosted.allows_recursive_loop);
        !is_allowed && lineage.is_exhausted(name)
    }

    /// Invokes the function `name`, which begins a chain. It runs to its end or its timeout even
    /// when the caller stops waiting, as in Lambda.
    pub async fn invoke(&self, name: &str, event: Value) -> Result<Value, InvocationError> {
        self.invoke_in(Lineage::default(), name, event).await
    }

    /// The same in the chain of what it is invoked with.
    pub async fn invoke_in(
        &self,
        chain: Lineage,
        name: &str,
        event: Value,
    ) -> Result<Value, InvocationError> {
        let Some(hosted) = self.hosted.get(name) else {
            return Err(InvocationError::Unknown(name.to_owned()));
        };
        let (invocable, timeout) = (Arc::clone(&hosted.invocable), hosted.timeout);
        let (busy, cut_off) = (self.activity.begin(), self.cut_off.clone());
        let function = name.to_owned();
        let task = tokio::spawn(async move {
            let _busy = busy;
            let answer = tokio::time::timeout(timeout, async {
                let run = chain.run(&function, async { invocable(event).await });
                measured(format!("function {function}"), run).await
            });
            match cut_off.run_until_cancelled(answer).await {
                Some(Ok(outcome)) => outcome.map_err(InvocationError::Failed),
                Some(Err(_)) => Err(InvocationError::TimedOut(timeout)),
                None => Err(InvocationError::CutOff),
            }
        });
        let outcome = task.await.unwrap_or(Err(InvocationError::Panicked));
        if let Err(error) = &outcome {
            tracing::error!(kind = "function", what = name, outcome = "failed", "{error}");
        }
        outcome
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.hosted.keys()).finish()
    }
}

/// Builds the function called `name` from its code; `None` if there is none of that name.
pub fn build(name: &str, context: &Context) -> Option<Result<Invocable, FunctionStartError>> {
    use runtime::{authorizer, http, queue, stream, web_socket};
    Some(match name {
        "authorizer" => authorizer::invocable::<::authorizer::Authorizer>(context),
        "clipping-create" => http::invocable::<clipping_create::ClippingCreate>(context),
        "deliver" => queue::invocable::<deliver::Deliver>(context),
        "deliveries" => http::invocable::<deliveries::Deliveries>(context),
        "dispatch" => queue::invocable::<dispatch::Dispatch>(context),
        "docs" => http::invocable::<docs::Docs>(context),
        "download" => http::invocable::<download::Download>(context),
        "endpoints" => http::invocable::<endpoints::Endpoints>(context),
        "erase" => stream::invocable::<erase::Erase>(context),
        "inbound" => http::invocable::<inbound::Inbound>(context),
        "inbound-retry" => queue::invocable::<inbound_retry::InboundRetry>(context),
        "ingest" => queue::invocable::<ingest::Ingest>(context),
        "job-cancel" => http::invocable::<job_cancel::JobCancel>(context),
        "job-get" => http::invocable::<job_get::JobGet>(context),
        "job-list" => http::invocable::<job_list::JobList>(context),
        "live" => web_socket::invocable::<::live::Live>(context),
        "live-push" => queue::invocable::<live_push::LivePush>(context),
        "live-ticket-create" => http::invocable::<live_ticket_create::LiveTicketCreate>(context),
        "models" => http::invocable::<models::Models>(context),
        "prediction-create" => http::invocable::<prediction_create::PredictionCreate>(context),
        "project-change" => http::invocable::<project_change::ProjectChange>(context),
        "project-create" => http::invocable::<project_create::ProjectCreate>(context),
        "project-get" => http::invocable::<project_get::ProjectGet>(context),
        "provider-webhook" => http::invocable::<provider_webhook::ProviderWebhook>(context),
        "reconcile" => queue::invocable::<reconcile::Reconcile>(context),
        "relay" => stream::invocable::<relay::Relay>(context),
        "timeline" => http::invocable::<timeline::Timeline>(context),
        "training-create" => http::invocable::<training_create::TrainingCreate>(context),
        "tts-create" => http::invocable::<tts_create::TtsCreate>(context),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn none() -> Functions {
        Functions::new(Activity::new(runtime::Clock::system()), CancellationToken::new())
    }

    fn functions(invocable: Invocable, timeout: Duration) -> Functions {
        let mut functions = none();
        functions.add("one", invocable, timeout);
        functions
    }

    #[tokio::test]
    async fn a_panic_stays_inside_its_invocation() {
        let invocable: Invocable = Arc::new(|event| {
            assert_ne!(event, json!("bad"), "a panic on purpose");
            Box::pin(async move { Ok(event) })
        });
        let functions = functions(invocable, Duration::from_secs(5));
        let bad = functions.invoke("one", json!("bad")).await;
        assert!(matches!(bad, Err(InvocationError::Panicked)));
        assert_eq!(functions.invoke("one", json!("good")).await.unwrap(), "good");
        assert!(functions.activity.idle_since().is_some());
    }

    #[tokio::test]
    async fn a_function_is_aborted_at_its_timeout() {
        let invocable: Invocable = Arc::new(|_| Box::pin(std::future::pending()));
        let functions = functions(invocable, Duration::from_millis(1));
        let late = functions.invoke("one", json!({})).await;
        assert!(matches!(late, Err(InvocationError::TimedOut(_))));
    }

    #[tokio::test]
    async fn an_unknown_function_is_named() {
        let error = none().invoke("other", json!({})).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no function other");
    }
}
