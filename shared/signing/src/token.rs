//! The tokens in our URLs: the callback URL of a provider that does not sign its webhooks, and
//! download links. A token is a 256-bit MAC over what it authorizes, so none is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Attempt, JobId, Secret};

use crate::mac::{Labelled, check_master, equal};
use crate::{InvalidSecret, WrongToken};

/// One label per use: a token of one use is not valid for the other.
const CALLBACK: &str = "hookreel callback token 1";
const DOWNLOAD: &str = "hookreel download token 1";

/// Makes and checks tokens.
#[derive(Debug, Clone)]
pub struct TokenKey(Labelled);

impl TokenKey {
    /// A key from the master secret, which must have at least 16 bytes.
    pub fn new(master: &Secret) -> Result<Self, InvalidSecret> {
        check_master(master)?;
        Ok(Self(Labelled::new(master)))
    }

    /// The token of the callback URL of one attempt of a job: `<attempt>.<mac>`.
    pub fn callback_token(&self, job: &JobId, attempt: Attempt) -> String {
        format!("{attempt}.{}", self.mac(&[CALLBACK, job.as_str(), &attempt.to_string()]))
    }

    /// The attempt of `job` that the token `text` was made for. The caller checks whether that
    /// attempt is superseded.
    pub fn verify_callback_token(&self, job: &JobId, text: &str) -> Result<Attempt, WrongToken> {
        let (attempt, _) = text.split_once('.').ok_or(WrongToken::Malformed)?;
        let attempt = Attempt(attempt.parse().map_err(|_| WrongToken::Malformed)?);
        check(text, &self.callback_token(job, attempt)).map(|()| attempt)
    }

    /// The token that authorizes downloads of a job's files without an API key. It does not expire.
    pub fn download_token(&self, job: &JobId) -> String {
        self.mac(&[DOWNLOAD, job.as_str()])
    }

    /// Checks that the token `text` was made for the files of `job`.
    pub fn verify_download_token(&self, job: &JobId, text: &str) -> Result<(), WrongToken> {
        check(text, &self.download_token(job))
    }

    fn mac(&self, parts: &[&str]) -> String {
        URL_SAFE_NO_PAD.encode(self.0.mac(parts))
    }
}

/// Compares the text, not the decoded bytes, so that a token has only one spelling.
fn check(presented: &str, expected: &str) -> Result<(), WrongToken> {
    if equal(presented.as_bytes(), expected.as_bytes()) { Ok(()) } else { Err(WrongToken::NoMatch) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> TokenKey {
        TokenKey::new(&Secret::new(text)).unwrap()
    }

    fn job(text: &str) -> JobId {
        text.parse().unwrap()
    }

    #[test]
    fn callback_token_is_valid_for_its_attempt_only() {
        let key = key("0123456789abcdef");
        let token = key.callback_token(&job("job_1"), Attempt(2));
        assert_eq!(key.verify_callback_token(&job("job_1"), &token), Ok(Attempt(2)));
        let mac = token.strip_prefix("2").unwrap();
        for other in [format!("3{mac}"), format!("+2{mac}"), format!("02{mac}")] {
            let verified = key.verify_callback_token(&job("job_1"), &other);
            assert_eq!(verified, Err(WrongToken::NoMatch), "{other}");
        }
        for malformed in ["", ".", "2", "x.y", "-1.y", "4294967296.y", &mac[1..]] {
            let verified = key.verify_callback_token(&job("job_1"), malformed);
            assert_eq!(verified, Err(WrongToken::Malformed), "{malformed}");
        }
    }

    #[test]
    fn token_is_valid_for_its_job_use_and_master_only() {
        let (ours, theirs) = (key("0123456789abcdef"), key("0123456789abcdeF"));
        let token = ours.download_token(&job("job_1"));
        assert_eq!(ours.verify_download_token(&job("job_1"), &token), Ok(()));
        assert!(ours.verify_download_token(&job("job_2"), &token).is_err());
        assert!(theirs.verify_download_token(&job("job_1"), &token).is_err());
        assert!(ours.verify_callback_token(&job("job_1"), &format!("0.{token}")).is_err());
        let callback = ours.callback_token(&job("job_1"), Attempt(0));
        assert!(ours.verify_download_token(&job("job_1"), &callback[2..]).is_err());
    }

    #[test]
    fn tokens_need_no_escaping_in_a_query() {
        let token = key("0123456789abcdef").callback_token(&job("job_1"), Attempt(1));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        assert!(token.chars().all(plain), "{token}");
    }

    proptest! {
        #[test]
        fn round_trip(id in "[A-Za-z0-9_-]{1,80}", attempt: u32) {
            let key = key("0123456789abcdef");
            let token = key.callback_token(&job(&id), Attempt(attempt));
            prop_assert_eq!(key.verify_callback_token(&job(&id), &token), Ok(Attempt(attempt)));
        }

        #[test]
        fn other_text_is_refused(text: String) {
            let key = key("0123456789abcdef");
            prop_assert!(key.verify_callback_token(&job("job_1"), &text).is_err());
            prop_assert!(key.verify_download_token(&job("job_1"), &text).is_err());
        }
    }
}
