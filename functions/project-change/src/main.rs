//! `project-change` in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::http::run::<project_change::ProjectChange>().await
}
