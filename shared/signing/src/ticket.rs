//! Tickets for live updates: generating one, and the hash that is stored of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Secret;
use sha2::{Digest, Sha256};

/// SHA-256 of a ticket, in hex. It is stored instead of the ticket, which is looked up by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TicketHash(String);

impl TicketHash {
    /// The hash as 64 digits of hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The ticket made of `random`, which must come from the system's random source.
pub fn generate(random: [u8; 32]) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(random))
}

/// The hash of a ticket as a page presents it. A plain digest is enough: see
/// [`api_key::hash`](crate::api_key::hash).
pub fn hash(ticket: &str) -> TicketHash {
    TicketHash(hex::encode(Sha256::digest(ticket)))
}
