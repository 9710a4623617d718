//! Why something was not signed, or not believed.

/// A secret of ours that cannot serve. It names what is wrong, never the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// None is set. Nothing signed with "no secret" means anything, so there is no open mode.
    #[error("no secret is set")]
    Missing,
    /// A Standard Webhooks secret that is not base64.
    #[error("the secret is not whsec_ followed by base64")]
    Encoding,
    /// A Standard Webhooks secret outside of the lengths which that standard allows.
    #[error("the secret holds {0} bytes, not 24 to 64")]
    Length(usize),
    /// A master secret short enough to be guessed.
    #[error("the master secret is shorter than {minimum} bytes", minimum = crate::mac::MASTER_BYTES)]
    Weak,
}

/// Why a webhook is not believed to come from whom it says. All of it is one 401 to the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header that the scheme needs is absent.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// A header is there but is not of the scheme's form.
    #[error("the header {0} is malformed")]
    MalformedHeader(&'static str),
    /// Signed longer ago than the tolerance: it may be an old webhook sent once more.
    #[error("signed too long ago")]
    TooOld,
    /// Signed further in the future than the tolerance.
    #[error("signed in the future")]
    TooNew,
    /// No signature is right for this body and any of our secrets.
    #[error("no signature matches")]
    NoMatch,
    /// Our side cannot verify anything.
    #[error("this side cannot verify: {0}")]
    Secret(#[from] InvalidSecret),
}

/// Why a token opens nothing. Whoever presented it learns no more than that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrongToken {
    /// It is not of the form that our tokens have.
    #[error("the token is malformed")]
    Malformed,
    /// It was not made by us for this.
    #[error("the token does not match")]
    NoMatch,
}
