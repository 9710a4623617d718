//! The secret that signs the webhooks of one owner.

use domain::{OwnerId, Secret};

use crate::InvalidSecret;
use crate::mac::{check_master, labelled};
use crate::standard_webhooks::encode_secret;

/// The version of an owner's secret until it is rotated.
pub const FIRST_VERSION: u32 = 1;

const LABEL: &str = "hookreel webhook secret 1";

/// The `version`th webhook secret of `owner`, as Standard Webhooks writes one. It follows from
/// the master secret, so none is stored, and a rotation stores no more than the next version.
pub fn webhook_secret(
    master: &Secret,
    owner: &OwnerId,
    version: u32,
) -> Result<Secret, InvalidSecret> {
    check_master(master)?;
    let bytes = labelled(master, &[LABEL, owner.as_str(), &version.to_string()]);
    Ok(encode_secret(&bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use domain::Timestamp;

    use super::*;
    use crate::standard_webhooks;

    fn secret(master: &str, owner: &str, version: u32) -> Secret {
        webhook_secret(&Secret::new(master), &OwnerId::new(owner), version).unwrap()
    }

    #[test]
    fn follows_from_master_owner_and_version() {
        let one = secret("0123456789abcdef", "acme", 1);
        assert!(one == secret("0123456789abcdef", "acme", 1));
        assert!(one != secret("0123456789abcdef", "acme", 2));
        assert!(one != secret("0123456789abcdef", "acme1", 1));
        assert!(one != secret("0123456789abcdeF", "acme", 1));
    }

    #[test]
    fn signs_standard_webhooks() {
        let secrets = [secret("0123456789abcdef", "acme", 1)];
        assert!(secrets[0].expose().starts_with("whsec_"));
        let signed = standard_webhooks::sign(&secrets, "msg_1", Timestamp::from_millis(0), b"{}");
        assert!(signed.is_ok_and(|signature| signature.starts_with("v1,")));
    }

    #[test]
    fn a_weak_master_makes_none() {
        let made = webhook_secret(&Secret::new("short"), &OwnerId::new("acme"), 1);
        assert!(made.is_err_and(|reason| reason == InvalidSecret::Weak));
    }
}
