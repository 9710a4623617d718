//! The secrets and keys that sign webhooks, one for an owner's jobs and one for each endpoint.
//! They are derived from the master secret: none is stored, and a rotation stores only a version.

use domain::{EndpointId, OwnerId, Secret};

use crate::InvalidSecret;
use crate::mac::{check_master, labelled};
use crate::standard_webhooks::encode_secret;
use crate::standard_webhooks_v1a::PrivateKey;

/// The version of an owner's secret until it is rotated.
pub const FIRST_VERSION: u32 = 1;

/// One label per use: a secret of one use is not valid for another.
const OWNER: &str = "hookreel webhook secret 1";
const ENDPOINT: &str = "hookreel endpoint secret 1";
const ENDPOINT_KEY: &str = "hookreel endpoint key 1";

/// The webhook secret of `owner` in `version`, in the form of Standard Webhooks.
pub fn webhook_secret(
    master: &Secret,
    owner: &OwnerId,
    version: u32,
) -> Result<Secret, InvalidSecret> {
    derived(master, [OWNER, owner.as_str()], version).map(|bytes| encode_secret(&bytes))
}

/// The secret of an endpoint in `version`, in the form of Standard Webhooks.
pub fn endpoint_secret(
    master: &Secret,
    endpoint: &EndpointId,
    version: u32,
) -> Result<Secret, InvalidSecret> {
    derived(master, [ENDPOINT, endpoint.as_str()], version).map(|bytes| encode_secret(&bytes))
}

/// The private key of an endpoint in `version`, for a receiver that has the public key.
pub fn endpoint_key(
    master: &Secret,
    endpoint: &EndpointId,
    version: u32,
) -> Result<PrivateKey, InvalidSecret> {
    let seed = derived(master, [ENDPOINT_KEY, endpoint.as_str()], version)?;
    Ok(PrivateKey::from_seed(&seed))
}

fn derived(
    master: &Secret,
    [label, id]: [&str; 2],
    version: u32,
) -> Result<[u8; 32], InvalidSecret> {
    check_master(master)?;
    Ok(labelled(master, &[label, id, &version.to_string()]))
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
    fn secret_depends_on_master_owner_and_version() {
        let one = secret("0123456789abcdef", "acme", 1);
        assert!(one == secret("0123456789abcdef", "acme", 1));
        assert!(one != secret("0123456789abcdef", "acme", 2));
        assert!(one != secret("0123456789abcdef", "acme1", 1));
        assert!(one != secret("0123456789abcdeF", "acme", 1));
    }

    #[test]
    fn endpoint_has_its_own_secrets_and_keys() {
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
    fn short_master_secret_is_refused() {
        let made = webhook_secret(&Secret::new("short"), &OwnerId::new("acme"), 1);
        assert!(made.is_err_and(|reason| reason == InvalidSecret::Weak));
    }
}
