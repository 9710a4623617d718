//! How a webhook proves that it is the worker's.

use hmac::digest::InvalidLength;

use super::{ClippingSettings, WebhookAuth};
use crate::post::{SIGNATURE_HEADER, Signer};

/// The header of the secret itself.
const AUTHORIZATION: &str = "Authorization";

/// The proof in every webhook of one worker.
#[derive(Clone)]
pub(crate) enum Proof {
    /// None: the worker has no secret.
    Nothing,
    /// The secret as a bearer token.
    Bearer(domain::Secret),
    /// A signature of the body.
    Hmac(Signer),
}

impl Proof {
    /// By the settings.
    pub fn new(settings: &ClippingSettings) -> Result<Self, InvalidLength> {
        let Some(secret) = &settings.webhook_secret else { return Ok(Self::Nothing) };
        Ok(match settings.webhook_auth {
            WebhookAuth::Bearer => Self::Bearer(secret.clone()),
            WebhookAuth::Hmac => Self::Hmac(Signer::new(secret.expose().as_bytes())?),
        })
    }

    /// Of the same kind, with a secret that the receiver does not have.
    pub fn forged(&self) -> Self {
        let wrong = "not the secret";
        match self {
            Self::Nothing => Self::Nothing,
            Self::Bearer(_) => Self::Bearer(domain::Secret::new(wrong)),
            Self::Hmac(_) => Signer::new(wrong.as_bytes()).map_or(Self::Nothing, Self::Hmac),
        }
    }

    /// The header for `body`.
    pub fn header(&self, body: &str) -> Option<(&'static str, String)> {
        match self {
            Self::Nothing => None,
            Self::Bearer(secret) => Some((AUTHORIZATION, format!("Bearer {}", secret.expose()))),
            Self::Hmac(signer) => Some((SIGNATURE_HEADER, signer.sign(body.as_bytes()))),
        }
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(…)")
    }
}
