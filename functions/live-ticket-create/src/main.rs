//! `live-ticket-create` in Lambda.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    runtime::http::run::<live_ticket_create::LiveTicketCreate>().await
}
