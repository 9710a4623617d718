//! Why a request got no answer.

use std::error::Error;
use std::io;

use crate::Refused;
use crate::connection::CONNECT_TIMEOUT;

/// The source of an error, for the log alone.
type Cause = Box<dyn Error + Send + Sync>;

/// Why a request got no answer. The text is safe to show to clients; details of the other side or
/// of this machine are in the source alone.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The guard refuses the URL or its address.
    #[error("the address is refused: it {0}")]
    Refused(#[from] Refused),
    /// The host name has no address.
    #[error("the host name cannot be resolved")]
    Resolve(#[source] Cause),
    /// The connection was refused, or there is no route.
    #[error("the connection was not accepted")]
    Connect(#[source] Cause),
    /// The TLS handshake failed.
    #[error("the TLS connection failed: {reason}")]
    Tls {
        /// What is wrong with the certificate or the handshake.
        reason: &'static str,
        /// The TLS library's error.
        source: Cause,
    },
    /// No connection within the timeout.
    #[error("no connection within {} s", CONNECT_TIMEOUT.as_secs())]
    ConnectTimeout,
    /// No answer, or no next chunk of it, within the timeout.
    #[error("no answer in time")]
    Timeout,
    /// The body came below the minimum throughput, or was not complete by the deadline.
    #[error("the answer is too slow")]
    TooSlow,
    /// The connection was closed before the answer was complete.
    #[error("the connection was closed before the answer was complete")]
    Broken(#[source] Cause),
    /// The answer is larger than the limit.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The request cannot be expressed in HTTP.
    #[error("the request cannot be sent")]
    Unsendable(#[source] Cause),
}

impl SendError {
    /// Whether the same request may succeed later.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Resolve(_)
            | Self::Connect(_)
            | Self::Tls { .. }
            | Self::ConnectTimeout
            | Self::Timeout
            | Self::TooSlow
            | Self::Broken(_) => true,
            Self::Refused(_) | Self::TooLarge { .. } | Self::Unsendable(_) => false,
        }
    }

    /// Whether the other side may have received the request, so that its effect is unknown.
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Timeout | Self::TooSlow | Self::Broken(_) | Self::TooLarge { .. } => true,
            Self::Refused(_)
            | Self::Resolve(_)
            | Self::Connect(_)
            | Self::Tls { .. }
            | Self::ConnectTimeout
            | Self::Unsendable(_) => false,
        }
    }
}

impl From<reqwest::Error> for SendError {
    /// Drops the URL, which may hold a secret, and classifies the error.
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if let Some(refused) = find::<Refused>(&error) {
            return Self::Refused(*refused);
        }
        if error.is_builder() {
            return Self::Unsendable(error.into());
        }
        match (error.is_connect(), error.is_timeout()) {
            (true, true) => Self::ConnectTimeout,
            (true, false) => not_connected(error),
            (false, true) => Self::Timeout,
            (false, false) => Self::Broken(error.into()),
        }
    }
}

fn not_connected(error: reqwest::Error) -> SendError {
    if error.is_dns() {
        return SendError::Resolve(error.into());
    }
    match find::<rustls::Error>(&error).map(tls_reason) {
        Some(reason) => SendError::Tls { reason, source: error.into() },
        None => SendError::Connect(error.into()),
    }
}

fn tls_reason(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, UnknownIssuer,
    };
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => return "the server does not offer a secure connection",
        _ => return "the TLS handshake failed",
    };
    match certificate {
        Expired | ExpiredContext { .. } => "the certificate has expired",
        NotValidForName | NotValidForNameContext { .. } => "the certificate is for another name",
        UnknownIssuer => "the certificate is from an unknown issuer",
        _ => "the certificate is not valid",
    }
}

/// The first error of type `T` in the chain of `error` and its sources.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    error.downcast_ref().or_else(|| find(source(error)?))
}

/// The source of `error`. `source()` of an I/O error skips the error that it wraps.
fn source<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|wrapped| wrapped as _),
        None => error.source(),
    }
}
