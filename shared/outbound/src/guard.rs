//! Who may go where: the check of a URL that a stranger chose, before anything is resolved.

use std::fmt;
use std::net::IpAddr;

use domain::{InvalidField, limits};
use url::{Host, Url};

use crate::address::{AddressClass, classify};
use crate::host::{HostPattern, is_localhost, may_be_public};

/// What a deployment lets strangers send it to. The default is the strictest: any public host,
/// by https alone.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Whether this machine may be reached too, by http as well. For the local mode alone.
    pub allow_loopback: bool,
    /// The only hosts to go to, if there is such a list.
    pub allowed_hosts: Option<Vec<HostPattern>>,
}

/// Why an address is refused, in words meant for whoever gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Longer than [`limits::URL_BYTES`].
    #[error("must be at most {} bytes long", limits::URL_BYTES)]
    TooLong,
    /// Not an absolute URL with a host.
    #[error("must be a complete URL, like https://example.com/hook")]
    Malformed,
    /// Neither https, nor http to this machine where that is allowed.
    #[error("must be an https URL")]
    Scheme,
    /// A user name or password, which would end up in logs.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// A port below 1024 other than 443.
    #[error("must use port 443 or one from 1024 on")]
    Port,
    /// A name that the public DNS does not have.
    #[error("must name a host on the public internet")]
    Name,
    /// An address that is not public, written out or behind the name.
    #[error("must lead to a public address")]
    Address,
    /// Not on the deployment's list of hosts.
    #[error("must be at one of the hosts that this service accepts")]
    NotListed,
}

impl Refused {
    /// The same as an error of validation of the field that held the URL.
    #[must_use]
    pub fn for_field(self, field: &str) -> InvalidField {
        InvalidField::new(field, self.to_string())
    }
}

/// A URL that a [`Guard`] let through. Its `Debug` shows the host alone: path and query may
/// hold what only sender and receiver should know.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// The URL as text, in the spelling that is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicUrl({}…)", self.0.host_str().unwrap_or_default())
    }
}

impl Guard {
    /// Reads `text` as a URL and refuses it if it cannot be public. Resolves nothing: what its
    /// name leads to is checked at each connection, since it may change at any time.
    pub fn check_url(&self, text: &str) -> Result<PublicUrl, Refused> {
        if text.len() > limits::URL_BYTES {
            return Err(Refused::TooLong);
        }
        // The parser drops these silently; then what we checked is not what others read.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refused::Malformed);
        }
        let url = Url::parse(text).map_err(|_| Refused::Malformed)?;
        self.check(&url)?;
        Ok(PublicUrl(url))
    }

    pub(crate) fn check(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host().ok_or(Refused::Scheme)?;
        let loopback = self.allow_loopback && is_loopback(&host);
        if url.scheme() != "https" && !(loopback && url.scheme() == "http") {
            return Err(Refused::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        self.check_listed(&host)?;
        if loopback { Ok(()) } else { check_public(&host, url.port()) }
    }

    /// Refuses an address that `name` resolved to. `localhost` must lead to this machine and
    /// every other name away from it, so that http never leaves the machine.
    pub(crate) fn check_resolved(&self, name: &str, address: IpAddr) -> Result<(), Refused> {
        let wanted = if self.allow_loopback && is_localhost(name) {
            AddressClass::Loopback
        } else {
            AddressClass::Public
        };
        if classify(address) == wanted { Ok(()) } else { Err(Refused::Address) }
    }

    fn check_listed(&self, host: &Host<&str>) -> Result<(), Refused> {
        let Some(allowed) = &self.allowed_hosts else { return Ok(()) };
        let host = host.to_string();
        let listed = allowed.iter().any(|pattern| pattern.matches(&host));
        if listed { Ok(()) } else { Err(Refused::NotListed) }
    }
}

/// Ports below 1024 belong to services such as mail and name servers, which a stranger has no
/// reason to point us at; from there on TLS, which is always spoken, reaches only TLS.
fn check_public(host: &Host<&str>, port: Option<u16>) -> Result<(), Refused> {
    let public = match host {
        Host::Domain(name) => may_be_public(name).then_some(()).ok_or(Refused::Name),
        Host::Ipv4(address) => check_public_address(IpAddr::V4(*address)),
        Host::Ipv6(address) => check_public_address(IpAddr::V6(*address)),
    };
    public?;
    if port.is_none_or(|port| port >= 1024) { Ok(()) } else { Err(Refused::Port) }
}

fn check_public_address(address: IpAddr) -> Result<(), Refused> {
    match classify(address) {
        AddressClass::Public => Ok(()),
        AddressClass::Loopback | AddressClass::NotPublic => Err(Refused::Address),
    }
}

/// Whether `host` can only be this machine.
pub(crate) fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => is_localhost(name),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
