//! `POST /api/webhooks/last-frame-complete`: the last-frame service says how a task went.

use intake::SceneWebhook;
use providers::scenes::Service;
use runtime::http::{HttpFunction, Request, Response};
use runtime::{Context, Problem, StartError};
use store::Store;

/// The function.
#[derive(Debug)]
pub struct WebhookLastFrameComplete {
    intake: SceneWebhook,
}

impl HttpFunction for WebhookLastFrameComplete {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let store = Store::new(&context.aws, environment.required("TABLE_NAME")?);
        let secret = environment.secret("LAST_FRAME_WEBHOOK_SECRET");
        let clock = context.clock.clone();
        Ok(Self { intake: SceneWebhook::new(Service::LastFrame, store, secret, clock) })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        self.intake.receive(&request).await
    }
}
