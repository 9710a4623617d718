//! Who posts to the webhook. RunPod signs nothing, so the URL that it is given carries a token
//! made for one attempt of one job; a worker that knows the shared secret may sign its body
//! instead, as the fixed URL of seed 000 needs.

use domain::{Attempt, JobId, Secret};
use signing::{TokenKey, Unverified, hex_hmac};

/// What a request presents as proof.
#[derive(Debug, Clone, Copy, Default)]
pub struct Presented<'a> {
    /// `?job=` of the URL.
    pub job: Option<&'a str>,
    /// `?token=` of the URL.
    pub token: Option<&'a str>,
    /// The header `X-Webhook-Signature`.
    pub signature: Option<&'a str>,
}

/// Who the sender has proven to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sender {
    /// Someone whom we gave the callback URL of this attempt. It may speak of no other job.
    Attempt {
        /// The job.
        job_id: JobId,
        /// The attempt; whether it still counts is for the store to say.
        attempt: Attempt,
    },
    /// Someone who knows `RUNPOD_WEBHOOK_SECRET`. It may speak of any job.
    Worker,
}

impl Sender {
    /// Whether the sender may speak of `job_id`.
    #[must_use]
    pub fn may_speak_of(&self, job_id: &JobId) -> bool {
        match self {
            Self::Attempt { job_id: own, .. } => own == job_id,
            Self::Worker => true,
        }
    }
}

/// Finds out who sent `body`: by the token if it is right, else by the signature. With neither
/// right, nobody has: there is no open mode.
pub fn verify(
    presented: &Presented<'_>,
    body: &[u8],
    secret: &Secret,
    key: &TokenKey,
) -> Result<Sender, Unverified> {
    match (by_token(presented, key), presented.signature) {
        (Some(sender), _) => Ok(sender),
        (None, Some(signature)) => {
            hex_hmac::verify(secret, body, signature).map(|()| Sender::Worker)
        }
        (None, None) if presented.token.is_some() => Err(Unverified::NoMatch),
        (None, None) => Err(Unverified::MissingHeader(hex_hmac::SIGNATURE_HEADER)),
    }
}

fn by_token(presented: &Presented<'_>, key: &TokenKey) -> Option<Sender> {
    let job_id: JobId = presented.job?.parse().ok()?;
    let attempt = key.verify_callback_token(&job_id, presented.token?).ok()?;
    Some(Sender::Attempt { job_id, attempt })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use signing::InvalidSecret;

    use super::*;

    const BODY: &[u8] = br#"{"job_id":"job_1"}"#;

    fn key() -> TokenKey {
        TokenKey::new(&Secret::new("0123456789abcdef")).unwrap()
    }

    fn check(
        job: Option<&str>,
        token: Option<&str>,
        signature: Option<&str>,
    ) -> Result<Sender, Unverified> {
        let presented = Presented { job, token, signature };
        verify(&presented, BODY, &Secret::new("shared"), &key())
    }

    #[test]
    fn a_token_speaks_for_its_job_and_attempt() {
        let job_id: JobId = "job_1".parse().unwrap();
        let token = key().callback_token(&job_id, Attempt(2));
        let sender = check(Some("job_1"), Some(&token), None).unwrap();
        assert_eq!(sender, Sender::Attempt { job_id: job_id.clone(), attempt: Attempt(2) });
        assert!(sender.may_speak_of(&job_id) && !sender.may_speak_of(&"job_2".parse().unwrap()));
        assert_eq!(check(Some("job_2"), Some(&token), None), Err(Unverified::NoMatch));
        assert_eq!(check(None, Some(&token), None), Err(Unverified::NoMatch));
    }

    #[test]
    fn a_signature_speaks_for_any_job() {
        let signature = hex_hmac::sign(&Secret::new("shared"), BODY).unwrap();
        let sender = check(None, None, Some(&signature)).unwrap();
        assert!(sender.may_speak_of(&"job_2".parse().unwrap()));
        assert_eq!(check(Some("job_1"), Some("1.forged"), Some(&signature)), Ok(Sender::Worker));
        assert_eq!(check(None, None, Some("sha256=00")), Err(Unverified::NoMatch));
    }

    #[test]
    fn no_proof_is_refused_and_so_is_an_unset_secret() {
        let missing = Unverified::MissingHeader("x-webhook-signature");
        assert_eq!(check(None, None, None), Err(missing));
        assert_eq!(check(Some("job_1"), None, None), Err(missing));
        let presented = Presented { signature: Some("sha256=00"), ..Presented::default() };
        let refused = verify(&presented, BODY, &Secret::new(""), &key());
        assert_eq!(refused, Err(InvalidSecret::Missing.into()));
    }
}
