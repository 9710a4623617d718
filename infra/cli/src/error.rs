//! The errors of the commands, with texts for the operator.

use std::error::Error;

use http::StatusCode;
use outbound::SendError;
use providers::MissingSetting;
use queues::QueueError;
use signing::api_key::InvalidHash;
use store::StoreError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The table cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A message could not be sent.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The argument is not the digest of a key.
    #[error(transparent)]
    Hash(#[from] InvalidHash),
    /// No key has that digest.
    #[error("no key in this table has that SHA-256; take the one that `keys create` printed")]
    NoSuchKey,
    /// A variable that a provider needs is not set.
    #[error("the environment variable {0} is not set")]
    NotConfigured(&'static str),
    /// A provider that is configured lacks a setting.
    #[error(transparent)]
    Missing(#[from] MissingSetting),
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Client(#[from] outbound::StartError),
    /// A provider does not answer.
    #[error("no answer")]
    Send(#[from] SendError),
    /// A provider refuses.
    #[error("refused with {status}: {text}")]
    Refused {
        /// Its status.
        status: StatusCode,
        /// The beginning of its answer.
        text: String,
    },
    /// Some providers did not accept the registration; each is printed on its own.
    #[error("{0} of the providers did not register the webhook")]
    NotRegistered(usize),
    /// A call to SQS failed.
    #[error("cannot {operation}")]
    Sqs {
        /// The operation.
        operation: &'static str,
        /// The error.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
}

impl CliError {
    /// For `map_err`: adds the operation.
    pub(crate) fn sqs<E>(operation: &'static str) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        move |cause| Self::Sqs { operation, cause: cause.into() }
    }

    /// The error and its causes, in one line.
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
