//! The checks of untrusted URLs, and of the addresses that they resolve to.

use std::fmt;
use std::net::IpAddr;
use std::num::ParseIntError;
use std::str::FromStr;

use domain::{InvalidField, limits};
use url::{Host, Url};

use crate::address::{AddressClass, classify};
use crate::host::{HostPattern, is_localhost, may_be_public};

/// The untrusted URLs that a deployment accepts. The default is the strictest without a list: any
/// public host, https only.
#[derive(Debug, Clone, Default)]
pub struct Guard {
    /// Whether this machine is accepted too, by http as well. For the embedded cloud only.
    pub allow_loopback: bool,
    /// The ports of this machine that are not accepted even so: those of the service itself.
    pub refused_ports: Ports,
    /// The only hosts that are accepted, if there is such a list.
    pub allowed_hosts: Option<Vec<HostPattern>>,
    /// Hosts on the deployment's own private network, which are accepted by http and at addresses that
    /// are not public. Never for a URL that a client chose.
    pub private_hosts: Vec<HostPattern>,
}

/// Ports, from a text such as `8787 8788`.
#[derive(Debug, Clone, Default)]
pub struct Ports(Vec<u16>);

impl Ports {
    fn has(&self, port: u16) -> bool {
        self.0.contains(&port)
    }
}

impl FromStr for Ports {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// Why a URL is refused. The text is the message to the client that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Longer than this limit.
    #[error("must be at most {0} bytes long")]
    TooLong(usize),
    /// Not an absolute URL with a host.
    #[error("must be a complete URL, like https://example.com/hook")]
    Malformed,
    /// Neither https, nor http to this machine where that is allowed.
    #[error("must be an https URL")]
    Scheme,
    /// A user name or password, which logs would show.
    #[error("must not hold a user name or password")]
    UserInfo,
    /// A port below 1024 other than 443.
    #[error("must use port 443 or one from 1024 on")]
    Port,
    /// A name that cannot be in the public DNS.
    #[error("must name a host on the public internet")]
    Name,
    /// An address that is not public, in the URL or resolved from its name.
    #[error("must lead to a public address")]
    Address,
    /// A port of the service itself, on this machine.
    #[error("must not lead to this service itself")]
    OwnPort,
    /// Not on the deployment's list of hosts.
    #[error("must be at one of the hosts that this service accepts")]
    NotListed,
}

/// A URL that a [`Guard`] accepted. Its `Debug` shows the host alone: path and query may hold a
/// secret.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// The URL as text, as the parser normalised it.
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
    /// Checks `url` as the field `field` of a client's request, and returns it as it is.
    pub fn check_field(&self, url: String, field: &str) -> Result<String, InvalidField> {
        let fits = url.len() <= limits::URL_BYTES;
        let checked =
            if fits { self.check_url(&url) } else { Err(Refused::TooLong(limits::URL_BYTES)) };
        match checked {
            Ok(_) => Ok(url),
            Err(refused) => Err(InvalidField::new(field, refused.to_string())),
        }
    }

    /// The same for the URL of what a provider works on, which the provider requests: http will do.
    pub fn check_source_field(&self, url: String, field: &str) -> Result<String, InvalidField> {
        let fits = url.len() <= limits::URL_BYTES;
        let checked =
            if fits { self.check_input(&url) } else { Err(Refused::TooLong(limits::URL_BYTES)) };
        match checked {
            Ok(()) => Ok(url),
            Err(Refused::Scheme) => Err(InvalidField::new(field, "must be an http or https URL")),
            Err(refused) => Err(InvalidField::new(field, refused.to_string())),
        }
    }

    /// Checks `text` as if it were https.
    fn check_input(&self, text: &str) -> Result<(), Refused> {
        match self.check_url(text) {
            Err(Refused::Scheme) => {
                let mut url = Url::parse(text).map_err(|_| Refused::Malformed)?;
                if url.scheme() != "http" || url.set_scheme("https").is_err() {
                    return Err(Refused::Scheme);
                }
                self.check(&url)
            }
            checked => checked.map(drop),
        }
    }

    /// Parses `text` as a URL, and refuses it if it cannot be public. Nothing is resolved: the
    /// addresses of a name may change, and are checked at each connection.
    pub fn check_url(&self, text: &str) -> Result<PublicUrl, Refused> {
        if text.len() > limits::SOURCE_URL_BYTES {
            return Err(Refused::TooLong(limits::SOURCE_URL_BYTES));
        }
        // The parser drops these silently: others would read another URL than the one checked.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refused::Malformed);
        }
        let url = Url::parse(text).map_err(|_| Refused::Malformed)?;
        self.check(&url)?;
        Ok(PublicUrl(url))
    }

    /// The same for the URL of a provider's file, which may have blanks around it and spaces in it,
    /// as most clients accept. All else stays as it is, since it may be signed.
    pub fn check_source(&self, text: &str) -> Result<PublicUrl, Refused> {
        self.check_url(&escape_spaces(text))
    }

    pub(crate) fn check(&self, url: &Url) -> Result<(), Refused> {
        let host = url.host().ok_or(Refused::Scheme)?;
        let loopback = self.allow_loopback && is_loopback(&host);
        let is_ours = self.is_ours(&host.to_string());
        if url.scheme() != "https" && !((loopback || is_ours) && url.scheme() == "http") {
            return Err(Refused::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::UserInfo);
        }
        self.check_listed(&host)?;
        if is_ours {
            return Ok(());
        }
        if !loopback {
            return check_public(&host, url.port());
        }
        let is_own = url.port_or_known_default().is_some_and(|port| self.refused_ports.has(port));
        if is_own { Err(Refused::OwnPort) } else { Ok(()) }
    }

    /// Checks an address that `name` resolved to. Where loopback is allowed, `localhost` must
    /// resolve to it, and no other name may: http never leaves the machine.
    pub(crate) fn check_resolved(&self, name: &str, address: IpAddr) -> Result<(), Refused> {
        if self.is_ours(name) && is_private(address) {
            return Ok(());
        }
        let required = if self.allow_loopback && is_localhost(name) {
            AddressClass::Loopback
        } else {
            AddressClass::Public
        };
        if classify(address) == required { Ok(()) } else { Err(Refused::Address) }
    }

    fn is_ours(&self, host: &str) -> bool {
        self.private_hosts.iter().any(|pattern| pattern.matches(host))
    }

    fn check_listed(&self, host: &Host<&str>) -> Result<(), Refused> {
        let Some(allowed) = &self.allowed_hosts else { return Ok(()) };
        let host = host.to_string();
        let listed = allowed.iter().any(|pattern| pattern.matches(&host));
        if listed { Ok(()) } else { Err(Refused::NotListed) }
    }
}

/// Whether a network of one's own has such addresses (RFC 1918, RFC 4193). Those of a cloud's metadata are
/// none of them, though AWS's is one of RFC 4193: `fd00:ec2::254`.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => {
            address.is_unique_local() && !address.segments().starts_with(&[0xfd00, 0x0ec2])
        }
    }
}

/// Checks a host and port for the public internet. Ports below 1024 belong to services such as
/// mail and DNS, which receive no webhooks. On the others the mandatory TLS handshake fails with
/// any service that does not speak TLS.
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

/// `url` without the blanks around it, and with its spaces escaped.
pub(crate) fn escape_spaces(url: &str) -> String {
    url.trim().replace(' ', "%20")
}

/// Whether `host` is this machine.
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
