//! What can go wrong, said to the operator.

use std::error::Error;

use http::StatusCode;
use outbound::SendError;
use providers::MissingSetting;
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
        /// What it said.
        text: String,
    },
    /// Some providers did not accept the registration; each is printed on its own.
    #[error("{0} of the providers did not register the webhook")]
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
