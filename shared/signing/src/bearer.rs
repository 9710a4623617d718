//! A shared secret presented as it is: `Authorization: Bearer <secret>`.

use domain::Secret;

use crate::mac::equal;
use crate::{InvalidSecret, Unverified};

const SCHEME: &str = "Bearer ";

/// Checks that `presented`, the value of `Authorization`, is `secret` as a bearer token.
pub fn verify(secret: &Secret, presented: &str) -> Result<(), Unverified> {
    let secret = secret.expose().as_bytes();
    if secret.is_empty() {
        return Err(InvalidSecret::Missing.into());
    }
    let scheme = presented.get(..SCHEME.len());
    let token = presented.get(SCHEME.len()..).unwrap_or_default().trim();
    let is_bearer = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
    if is_bearer && equal(token.as_bytes(), secret) { Ok(()) } else { Err(Unverified::NoMatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_alone_is_accepted() {
        let secret = Secret::new("top-secret");
        for presented in ["Bearer top-secret", "bearer top-secret", "BEARER  top-secret "] {
            assert_eq!(verify(&secret, presented), Ok(()), "{presented}");
        }
        for presented in [
            "",
            "Bearer",
            "Bearer ",
            "top-secret",
            "Bearer top-secre",
            "Bearer top-secrets",
            "Basic top-secret",
            "Bearér top-secret",
        ] {
            assert_eq!(verify(&secret, presented), Err(Unverified::NoMatch), "{presented}");
        }
    }

    #[test]
    fn an_unset_secret_is_refused() {
        for presented in ["Bearer ", "Bearer", ""] {
            let refused = verify(&Secret::new(""), presented);
            assert_eq!(refused, Err(InvalidSecret::Missing.into()), "{presented}");
        }
    }
}
