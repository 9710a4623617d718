//! The WebSocket connections of API Gateway: sending a message on one, and closing it.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::error::SdkError;
use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionError;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use domain::ConnectionId;
use tokio::time::timeout;

/// How long sending one message may take. API Gateway takes it into the client's buffer, so a slow
/// client alone does not make it wait.
const SEND_TIMEOUT: Duration = Duration::from_secs(3);

/// The connections of one API.
#[derive(Debug, Clone)]
pub struct Connections {
    client: Client,
}

/// The outcome of sending a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// API Gateway has it.
    Accepted,
    /// The connection is closed.
    Gone,
    /// The client does not read: its buffer is full, or API Gateway did not answer in time.
    Stuck,
}

/// Why a message was not sent, or a connection not closed. The same call may succeed later.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation}")]
pub struct ConnectionError {
    operation: &'static str,
    #[source]
    cause: Box<dyn std::error::Error + Send + Sync>,
}

impl Connections {
    /// The connections of the API whose address for such calls is `endpoint`. Nothing is retried
    /// here: a client whose buffer is full is not worth waiting for.
    pub fn new(aws: &SdkConfig, endpoint: &str) -> Self {
        let aws = aws.to_builder().endpoint_url(endpoint).retry_config(RetryConfig::disabled());
        Self { client: Client::new(&aws.build()) }
    }

    /// Sends `text` on the connection `id`.
    pub async fn post(&self, id: &ConnectionId, text: &str) -> Result<Sent, ConnectionError> {
        let call =
            self.client.post_to_connection().connection_id(id.as_str()).data(Blob::new(text));
        let Ok(answer) = timeout(SEND_TIMEOUT, call.send()).await else { return Ok(Sent::Stuck) };
        match answer.map_err(SdkError::into_service_error) {
            Ok(_) => Ok(Sent::Accepted),
            Err(PostToConnectionError::GoneException(_)) => Ok(Sent::Gone),
            Err(PostToConnectionError::LimitExceededException(_)) => Ok(Sent::Stuck),
            Err(error) => Err(failed("send on a connection", error)),
        }
    }

    /// Closes the connection `id`, if it is open.
    pub async fn close(&self, id: &ConnectionId) -> Result<(), ConnectionError> {
        let answer = self.client.delete_connection().connection_id(id.as_str()).send().await;
        match answer.map_err(SdkError::into_service_error) {
            Ok(_) | Err(DeleteConnectionError::GoneException(_)) => Ok(()),
            Err(error) => Err(failed("close a connection", error)),
        }
    }
}

fn failed(
    operation: &'static str,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> ConnectionError {
    ConnectionError { operation, cause: cause.into() }
}
