//! HMAC-SHA256, which the symmetric schemes and the derived secrets are built from.

use domain::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::InvalidSecret;

/// Minimum length of a master secret in bytes: 16 random bytes cannot be guessed.
pub const MASTER_BYTES: usize = 16;

/// HMAC-SHA256 of the concatenation of `parts`.
pub fn hmac_sha256<'a>(key: &[u8], parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The MAC of a list of parts under the master secret.
pub fn labelled(master: &Secret, parts: &[&str]) -> [u8; 32] {
    Labelled::new(master).mac(parts)
}

/// The keyed state of [`labelled`], computed once: it halves the work of a short list.
#[derive(Debug, Clone)]
pub struct Labelled(Hmac<Sha256>);

impl Labelled {
    /// The state for `master`.
    pub fn new(master: &Secret) -> Self {
        Self(keyed(master.expose().as_bytes()))
    }

    /// The MAC of `parts`, the first of which is the label of the use. Each part is preceded by
    /// its length, so different lists never give the same input.
    pub fn mac(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

/// Refuses a master secret that is absent or too short.
pub fn check_master(master: &Secret) -> Result<(), InvalidSecret> {
    match master.expose().len() {
        0 => Err(InvalidSecret::Missing),
        length if length < MASTER_BYTES => Err(InvalidSecret::Weak),
        _ => Ok(()),
    }
}

/// Whether the two are equal, compared in constant time for a given length.
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Hashes a long key and pads a short one (RFC 2104), so any length is accepted. The `hmac`
/// constructor for slices does the same, but returns an error that cannot occur.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    Hmac::new(&block)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 2 (short key) and 6 (key longer than a block).
    #[test]
    fn agrees_with_rfc_4231() {
        let mac = |key: &[u8], data: &[u8]| hex::encode(hmac_sha256(key, [data]));
        assert_eq!(
            mac(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            mac(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn parts_are_delimited_by_their_length() {
        let master = Secret::new("0123456789abcdef");
        assert_ne!(labelled(&master, &["ab", "c"]), labelled(&master, &["a", "bc"]));
        assert_ne!(labelled(&master, &["a", ""]), labelled(&master, &["a"]));
    }

    #[test]
    fn short_master_secret_is_refused() {
        let check = |text: &str| check_master(&Secret::new(text));
        assert_eq!(check(""), Err(InvalidSecret::Missing));
        assert_eq!(check("0123456789abcde"), Err(InvalidSecret::Weak));
        assert_eq!(check("0123456789abcdef"), Ok(()));
    }
}
