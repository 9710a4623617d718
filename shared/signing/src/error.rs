//! Why something was not signed or not verified.

/// A configured secret that is not usable. The text never shows the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// None is set.
    #[error("no secret is set")]
    Missing,
    /// A Standard Webhooks secret that is not base64.
    #[error("the secret is not whsec_ followed by base64")]
    Encoding,
    /// A Standard Webhooks secret of a length that the standard does not allow.
    #[error("the secret holds {0} bytes, not 24 to 64")]
    Length(usize),
    /// A master secret short enough to be guessed.
    #[error("the master secret is shorter than {minimum} bytes", minimum = crate::mac::MASTER_BYTES)]
    Weak,
}

/// Why a webhook's signature is not accepted. The sender gets 401 for every reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A required header is absent.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// A header has not the form that the scheme requires.
    #[error("the header {0} is malformed")]
    MalformedHeader(&'static str),
    /// Signed longer ago than the tolerance: it may be a replayed webhook.
    #[error("signed too long ago")]
    TooOld,
    /// Signed further in the future than the tolerance.
    #[error("signed in the future")]
    TooNew,
    /// No signature matches this body under any of the secrets.
    #[error("no signature matches")]
    NoMatch,
    /// Our own secret is not usable.
    #[error("the signature cannot be verified: {0}")]
    Secret(#[from] InvalidSecret),
}

/// Why a token is not valid. Clients read only that it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongToken {
    /// It has not the form of a token.
    #[error("the token is malformed")]
    Malformed,
    /// It is a token for something else, or forged.
    #[error("the token does not match")]
    NoMatch,
}
