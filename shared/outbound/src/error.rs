//! Why a request got no answer.

use std::error::Error;
use std::io;

use crate::Refused;
use crate::connection::CONNECT_TIMEOUT;

/// What lies behind an error, for our logs alone.
type Cause = Box<dyn Error + Send + Sync>;

/// Why a request got no answer. As text it is safe to show to whoever chose the address: what
/// the other side or this machine said exactly is in the source.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The guard does not let anyone go there.
    #[error("the address is refused: it {0}")]
    Refused(#[from] Refused),
    /// The host name leads nowhere.
    #[error("the host name cannot be resolved")]
    Resolve(#[source] Cause),
    /// Nobody takes connections there.
    #[error("the connection was not accepted")]
    Connect(#[source] Cause),
    /// The TLS handshake failed, by the certificate for instance.
    #[error("no secure connection can be made: {reason}")]
    Tls {
        /// What was wrong with the certificate, or with the handshake.
        reason: &'static str,
        /// What TLS said exactly.
        source: Cause,
    },
    /// No connection in time.
    #[error("no connection within {} s", CONNECT_TIMEOUT.as_secs())]
    ConnectTimeout,
    /// No answer in time, or no more of it.
    #[error("no answer in time")]
    Timeout,
    /// The connection ended before the answer did.
    #[error("the connection broke off")]
    Broken(#[source] Cause),
    /// The answer is larger than accepted.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes accepted.
        limit: u64,
    },
    /// The request itself cannot be put into HTTP.
    #[error("the request cannot be sent")]
    Unsendable(#[source] Cause),
}

impl SendError {
    /// Whether the same request may succeed later.
    #[must_use]
    pub const fn is_worth_retrying(&self) -> bool {
        match self {
            Self::Resolve(_)
            | Self::Connect(_)
            | Self::Tls { .. }
            | Self::ConnectTimeout
            | Self::Timeout
            | Self::Broken(_) => true,
            Self::Refused(_) | Self::TooLarge { .. } | Self::Unsendable(_) => false,
        }
    }

    /// Whether the other side may have taken the request, so that sending it again could do
    /// its work twice.
    #[must_use]
    pub const fn may_have_arrived(&self) -> bool {
        match self {
            Self::Timeout | Self::Broken(_) | Self::TooLarge { .. } => true,
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
    /// Drops the URL, which may hold a secret, and finds out how far the request came.
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
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return "the TLS handshake failed";
    };
    match certificate {
        Expired | ExpiredContext { .. } => "the certificate has expired",
        NotValidForName | NotValidForNameContext { .. } => "the certificate is for another name",
        UnknownIssuer => "the certificate is from an unknown issuer",
        _ => "the certificate is not valid",
    }
}

/// The first error of type `T` that `error` is or has behind it.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    error.downcast_ref().or_else(|| find(behind(error)?))
}

/// What caused `error`. An I/O error names as its source not the error that it wraps, but that
/// one's source.
fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|wrapped| wrapped as _),
        None => error.source(),
    }
}
