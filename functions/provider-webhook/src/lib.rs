//! The routes at which providers report on their tasks, one for each provider of the registry.
//! Two writes: the job's change, and the body as it was received with what has come of it.

use intake::ProviderWebhooks;
use runtime::http::{ApiLinks, HttpFunction, Request, Response};
use runtime::{Context, Problem, StartError};
use signing::TokenKey;
use store::Store;

/// The function.
#[derive(Debug)]
pub struct ProviderWebhook {
    webhooks: ProviderWebhooks,
}

impl HttpFunction for ProviderWebhook {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let store = Store::new(&context.aws, environment.required("TABLE_NAME")?);
        let links = ApiLinks::new(environment.get("API_BASE_URL"));
        let tokens = environment.secret_key("SIGNING_KEY", TokenKey::new)?;
        let secret = |name| environment.secret(name);
        let clock = context.clock.clone();
        Ok(Self { webhooks: ProviderWebhooks::new(store, links, tokens, secret, clock) })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        self.webhooks.receive(&request).await
    }
}
