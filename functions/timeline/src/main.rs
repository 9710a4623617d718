//! `timeline` in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::http::run::<timeline::Timeline>().await
}
