//! `clipping-create` in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::http::run::<clipping_create::ClippingCreate>().await
}
