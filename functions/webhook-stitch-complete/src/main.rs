//! `webhook-stitch-complete` in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::http::run::<webhook_stitch_complete::WebhookStitchComplete>().await
}
