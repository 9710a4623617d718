//! `webhook-last-frame-complete` in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::http::run::<webhook_last_frame_complete::WebhookLastFrameComplete>().await
}
