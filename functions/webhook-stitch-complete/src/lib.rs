//! `POST /api/webhooks/stitch-complete`: the stitch service says how a task went.

use domain::links::Links;
use intake::SceneWebhook;
use providers::scenes::Service;
use runtime::http::{HttpFunction, Request, Response};
use runtime::{Context, Problem, StartError};
use signing::TokenKey;
use store::Store;

/// The function.
#[derive(Debug)]
pub struct WebhookStitchComplete {
    intake: SceneWebhook,
}

impl HttpFunction for WebhookStitchComplete {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let store = Store::new(&context.aws, environment.required("TABLE_NAME")?);
        let secret = environment.secret("STITCH_WEBHOOK_SECRET");
        let links = Links::new(environment.required("API_BASE_URL")?);
        let tokens = environment.secret_key("SIGNING_KEY", TokenKey::new)?;
        let intake = SceneWebhook::new(Service::Stitch, store, secret, context.clock.clone());
        Ok(Self { intake: intake.with_film_links(links, tokens) })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        self.intake.receive(&request).await
    }
}
