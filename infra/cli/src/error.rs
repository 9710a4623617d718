//! What can go wrong, said to the operator.

use std::error::Error;

use http::StatusCode;
use outbound::SendError;
use providers::scenes::Service;
use queues::QueueError;
use signing::api_key::InvalidHash;
use store::StoreError;

/// Why a command did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The table did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A message could not be sent.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// What was given is no key's digest.
    #[error(transparent)]
    Hash(#[from] InvalidHash),
    /// There is no key with that digest.
    #[error("there is no key with that SHA-256 in this table")]
    NoSuchKey,
    /// There is no address, key or secret of a service.
    #[error("the URL, the key and the secret of the {0} service are needed")]
    Unset(Service),
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Client(#[from] outbound::StartError),
    /// A service does not answer.
    #[error("no answer")]
    Send(#[from] SendError),
    /// A service does not do it.
    #[error("refused with {status}: {text}")]
    Refused {
        /// Its status.
        status: StatusCode,
        /// What it said.
        text: String,
    },
    /// Some services did not take the registration; each was said on its own.
    #[error("{0} of the services did not register the webhook")]
    NotRegistered(usize),
    /// SQS did not do it.
    #[error("cannot {operation}")]
    Sqs {
        /// What was being done.
        operation: &'static str,
        /// What came back.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl CliError {
    /// For `map_err`: names what was being done.
    pub(crate) fn sqs<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        move |cause| Self::Sqs { operation, cause: cause.into() }
    }

    /// The error and what led to it, in one line.
    #[must_use]
    pub fn with_causes(&self) -> String {
        let mut line = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            line.push_str(": ");
            line.push_str(&error.to_string());
            source = error.source();
        }
        line
    }
}
