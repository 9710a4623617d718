//! `authorizer` in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::authorizer::run::<authorizer::Authorizer>().await
}
