//! The secrets and keys that sign webhooks: of one owner's jobs, and of one endpoint.

use domain::{EndpointId, OwnerId, Secret};

use crate::InvalidSecret;
use crate::mac::{check_master, labelled};
use crate::standard_webhooks::encode_secret;
use crate::standard_webhooks_v1a::PrivateKey;

/// The version of an owner's secret until it is rotated.
pub const FIRST_VERSION: u32 = 1;

/// Labels keep the uses apart: no secret of one is a secret of another.
const OWNER: &str = "hookreel webhook secret 1";
const ENDPOINT: &str = "hookreel endpoint secret 1";
const ENDPOINT_KEY: &str = "hookreel endpoint key 1";

/// The `version`th webhook secret of `owner`, as Standard Webhooks writes one. It follows from
/// the master secret, so none is stored, and a rotation stores no more than the next version.
pub fn webhook_secret(
    master: &Secret,
    owner: &OwnerId,
    version: u32,
) -> Result<Secret, InvalidSecret> {
    check_master(master)?;
    let bytes = labelled(master, &[OWNER, owner.as_str(), &version.to_string()]);
    Ok(encode_secret(&bytes))
}

/// The `version`th secret of an endpoint, likewise.
pub fn endpoint_secret(
    master: &Secret,
    endpoint: &EndpointId,
    version: u32,
) -> Result<Secret, InvalidSecret> {
    check_master(master)?;
    let bytes = labelled(master, &[ENDPOINT, endpoint.as_str(), &version.to_string()]);
    Ok(encode_secret(&bytes))
}

/// The `version`th private key of an endpoint whose receiver knows the public one.
pub fn endpoint_key(
    master: &Secret,
    endpoint: &EndpointId,
    version: u32,
) -> Result<PrivateKey, InvalidSecret> {
    check_master(master)?;
    let seed = labelled(master, &[ENDPOINT_KEY, endpoint.as_str(), &version.to_string()]);
    Ok(PrivateKey::from_seed(&seed))
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
    fn an_endpoint_has_secrets_and_keys_of_its_own() {
        let master = Secret::new("0123456789abcdef");
        let id = |text: &str| text.parse::<EndpointId>().unwrap();
        let of = |text, version| endpoint_secret(&master, &id(text), version).unwrap();
        assert!(of("ep_1", 1) != of("ep_2", 1) && of("ep_1", 1) != of("ep_1", 2));
        assert!(of("ep_1", 1) != webhook_secret(&master, &OwnerId::new("ep_1"), 1).unwrap());
        let key = |version| endpoint_key(&master, &id("ep_1"), version).unwrap().public_key();
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
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
