//! Host names that cannot be public, and the patterns of an allow-list.

use std::str::FromStr;

use url::Host;

/// Zones that do not exist in the public DNS, so that only a local resolver answers for them:
/// RFC 6761, RFC 6762 with its appendix G, RFC 7686, RFC 8375, and ICANN's zone for private use.
const PRIVATE_ZONES: [&str; 10] = [
    "localhost",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "onion",
];

/// Whether `name` is `localhost` or below it, which RFC 6761 reserves for the machine itself.
pub fn is_localhost(name: &str) -> bool {
    is_in_zone(without_root_dot(name), "localhost")
}

/// Whether `name` can be in the public DNS. One without a dot cannot: the resolver completes it
/// from its search list.
pub fn may_be_public(name: &str) -> bool {
    let name = without_root_dot(name);
    name.contains('.') && !PRIVATE_ZONES.iter().any(|zone| is_in_zone(name, zone))
}

fn without_root_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn is_in_zone(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// An entry of an allow-list: a host (`files.example.com`), or with `*.example.com` every host
/// below `example.com`, but not itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    host: String,
    below: bool,
}

/// The patterns of a list separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostList(pub Vec<HostPattern>);

impl FromStr for HostList {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        HostPattern::parse_list(text).map(Self)
    }
}

/// The text is neither a host nor `*.` and a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a host name nor *. followed by one")]
pub struct InvalidPattern(String);

impl HostPattern {
    /// The patterns of a list separated by commas.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, InvalidPattern> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::parse).collect()
    }

    /// Whether `host`, as a parsed URL spells it, matches.
    pub fn matches(&self, host: &str) -> bool {
        let host = without_root_dot(host);
        if self.below {
            host.len() > self.host.len() && is_in_zone(host, &self.host)
        } else {
            host == self.host
        }
    }
}

impl FromStr for HostPattern {
    type Err = InvalidPattern;

    /// Spells the host as a parsed URL does, so that the two can be compared as text.
    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        let (below, host) = text.strip_prefix("*.").map_or((false, text), |host| (true, host));
        let host = Host::parse(host).map_err(|_| InvalidPattern(text.to_owned()))?.to_string();
        if host.contains('*') {
            return Err(InvalidPattern(text.to_owned()));
        }
        Ok(Self { host: without_root_dot(&host).to_owned(), below })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_names_outside_the_public_dns() {
        for name in ["localhost", "a.localhost.", "x.internal", "nas.local", "db", "a.home.arpa"] {
            assert!(!may_be_public(name), "{name}");
        }
        for name in ["example.com", "notlocalhost.com", "internal.example.com", "thelocal.de"] {
            assert!(may_be_public(name), "{name}");
        }
        assert!(is_localhost("localhost.") && is_localhost("a.localhost"));
        assert!(!is_localhost("notlocalhost") && !is_localhost("localhost.example.com"));
    }

    #[test]
    fn pattern_matches_one_host_or_all_below() {
        let list = HostPattern::parse_list("Files.Example.com, *.proxy.runpod.net,").unwrap();
        let matches = |host| list.iter().any(|pattern| pattern.matches(host));
        for host in ["files.example.com", "files.example.com.", "pod-8000.proxy.runpod.net"] {
            assert!(matches(host), "{host}");
        }
        for host in ["a.files.example.com", "proxy.runpod.net", "evilproxy.runpod.net", "x.net"] {
            assert!(!matches(host), "{host}");
        }
    }

    #[test]
    fn invalid_patterns_are_refused() {
        for text in ["*", "*.*.com", "a b", "https://example.com", "exa*mple.com", "*."] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }
}
