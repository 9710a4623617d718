//! Classifies failed requests for the SDK, which retries the transient ones.

use std::error::Error;

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::ErrorKind;
use hyper_util::client::legacy;
use tokio::time::error::Elapsed;

/// The SDK's error for `error`.
pub(super) fn classified(error: legacy::Error) -> ConnectorError {
    if cause::<Elapsed>(&error).is_some() {
        return ConnectorError::timeout(error.into());
    }
    if error.is_connect() || cause::<std::io::Error>(&error).is_some() {
        return ConnectorError::io(error.into());
    }
    match cause::<hyper::Error>(&error) {
        Some(http) if http.is_user() => ConnectorError::user(error.into()),
        Some(http) if http.is_closed() || http.is_canceled() => ConnectorError::io(error.into()),
        // The server closed a pooled connection while it was being reused.
        Some(http) if http.is_incomplete_message() => {
            ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
        }
        _ => ConnectorError::other(error.into(), None),
    }
}

/// The first `E` in the chain of sources of `error`.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| error.downcast_ref())
}
