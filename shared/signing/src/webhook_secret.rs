//! The secrets and keys that sign webhooks, one for an owner's jobs and one for each endpoint.
//! They are derived from the master secret: none is stored, and a rotation stores only a version.
//! Those of an endpoint are also derived from a random salt stored with it, so that one that is
//! deleted and created again under the same id has other secrets.

use domain::endpoint::Endpoint;
use domain::{OwnerId, Secret};

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
    endpoint: &Endpoint,
    version: u32,
) -> Result<Secret, InvalidSecret> {
    of_endpoint(master, ENDPOINT, endpoint, version).map(|bytes| encode_secret(&bytes))
}

/// The private key of an endpoint in `version`, for a receiver that has the public key.
pub fn endpoint_key(
    master: &Secret,
    endpoint: &Endpoint,
    version: u32,
) -> Result<PrivateKey, InvalidSecret> {
    let seed = of_endpoint(master, ENDPOINT_KEY, endpoint, version)?;
    Ok(PrivateKey::from_seed(&seed))
}

/// Endpoints of earlier versions have no salt, and keep their secrets.
fn of_endpoint(
    master: &Secret,
    label: &str,
    endpoint: &Endpoint,
    version: u32,
) -> Result<[u8; 32], InvalidSecret> {
    let Some(salt) = &endpoint.salt else {
        return derived(master, [label, endpoint.id.as_str()], version);
    };
    check_master(master)?;
    Ok(labelled(master, &[label, endpoint.id.as_str(), salt, &version.to_string()]))
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
        let of =
            |id, salt, version| endpoint_secret(&master, &endpoint(id, salt), version).unwrap();
        let one = of("ep_1", None, 1);
        assert!(one != of("ep_2", None, 1) && one != of("ep_1", None, 2));
        assert!(one != webhook_secret(&master, &OwnerId::new("ep_1"), 1).unwrap());
        let salted = of("ep_1", Some("a"), 1);
        assert!(salted == of("ep_1", Some("a"), 1));
        assert!(
            [one, of("ep_1", Some("b"), 1), of("ep_1", Some("a"), 2)]
                .iter()
                .all(|other| *other != salted)
        );
        let key = |salt, version| {
            endpoint_key(&master, &endpoint("ep_1", salt), version).unwrap().public_key()
        };
        assert_eq!(key(None, 1), key(None, 1));
        assert_ne!(key(None, 1), key(None, 2));
        assert_ne!(key(None, 1), key(Some("a"), 1));
    }

    fn endpoint(id: &str, salt: Option<&str>) -> Endpoint {
        let stored = serde_json::json!({
            "id": id, "owner": "acme", "url": "https://a.example/", "salt": salt,
            "status": { "state": "enabled" }, "signing": "v1", "secrets": { "current": 1 },
            "created_at": 0, "updated_at": 0,
        });
        serde_json::from_value(stored).unwrap()
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
