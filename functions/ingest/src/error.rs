//! Why a file could not be pulled, and what that says of its source.

use std::time::Duration;

use domain::Timestamp;
use http::StatusCode;
use outbound::{Refused, RetryAfter, SendError};

/// Why a file could not be pulled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PullError {
    /// The file is never taken, whatever its source answers later. The text is a sentence for the
    /// client.
    #[error("{0}")]
    Final(String),
    /// What came is not what it has to be: empty, an error page, or incomplete. The source may
    /// still be writing it. The text is a sentence for the client.
    #[error("{0}")]
    Invalid(String),
    /// The source answers with an error.
    #[error("the source answered {status}")]
    Status {
        /// Its status.
        status: StatusCode,
        /// When it asks for the next request.
        retry_after: Option<RetryAfter>,
    },
    /// The source does not answer, or breaks off.
    #[error("the source cannot be read")]
    Source(#[source] SendError),
    /// The bucket does not take it.
    #[error("the bucket does not take the file")]
    Bucket(#[from] blobs::BlobError),
}

impl From<SendError> for PullError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Refused(refused) => refused.into(),
            SendError::TooLarge { limit } => {
                Self::Final(format!("The provider's file is larger than {limit} bytes."))
            }
            SendError::Unsendable(_) => {
                Self::Final("The provider's address cannot be requested.".to_owned())
            }
            error => Self::Source(error),
        }
    }
}

impl From<Refused> for PullError {
    fn from(refused: Refused) -> Self {
        Self::Final(format!("The provider's address is refused: it {refused}."))
    }
}

impl PullError {
    /// How long the source asks us to wait from `now` on.
    pub(crate) fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => Some((*retry_after)?.from(now)),
            _ => None,
        }
    }

    /// Whether we waited for the source in vain.
    pub(crate) const fn is_slow(&self) -> bool {
        use SendError::{ConnectTimeout, Timeout, TooSlow};
        matches!(self, Self::Source(ConnectTimeout | Timeout | TooSlow))
    }

    /// Whether the source ended in the middle, so that the rest may be had.
    pub(crate) const fn broke_off(&self) -> bool {
        matches!(self, Self::Source(SendError::Broken(_) | SendError::Timeout))
    }
}
