//! `POST /api/webhooks/video-complete`: the scene-video service says how a task went.

use intake::SceneWebhook;
use providers::scenes::Service;
use runtime::http::{HttpFunction, Request, Response};
use runtime::{Context, Problem, StartError};
use store::Store;

/// The function.
#[derive(Debug)]
pub struct WebhookVideoComplete {
    intake: SceneWebhook,
}

impl HttpFunction for WebhookVideoComplete {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let store = Store::new(&context.aws, environment.required("TABLE_NAME")?);
        let secret = environment.secret("VIDEO_WEBHOOK_SECRET");
        let clock = context.clock.clone();
        Ok(Self { intake: SceneWebhook::new(Service::Video, store, secret, clock) })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        self.intake.receive(&request).await
    }
}
