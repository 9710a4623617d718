//! The checks of `Host` and `Origin` by the servers that this machine's own programs open.
//!
//! A page in a browser of this machine reaches their ports. By DNS rebinding it does so under a name
//! of its own, as if from the same origin; such a name is not served. A page of another origin may
//! send, though not read, without any preflight; what it sends changes nothing unless it is allowed.

use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, Uri};

/// This machine's name within Docker's containers.
const DOCKER_HOST: &str = "host.docker.internal";

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Its host is not this machine.
    Host,
    /// A page of an origin that may not do so sends it to change something.
    Origin,
}

/// Checks a request: its host is this machine or `public_host`, and if it may change something, it
/// comes from no page, from one of the same origin, or from one that `is_allowed`.
pub fn check(
    parts: &Parts,
    public_host: Option<&str>,
    is_allowed: impl Fn(&str) -> bool,
) -> Result<(), Foreign> {
    let host = host(&parts.headers, &parts.uri);
    if !is_own(host) && public_host.is_none_or(|public| !public.eq_ignore_ascii_case(host)) {
        return Err(Foreign::Host);
    }
    if matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let is_good = |origin: &str| {
        let same = origin.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host));
        same || is_allowed(origin)
    };
    let mut origins = parts.headers.get_all(ORIGIN).iter();
    let all_good = origins.all(|origin| origin.to_str().is_ok_and(is_good));
    if all_good { Ok(()) } else { Err(Foreign::Origin) }
}

fn host<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> &'a str {
    let header = headers.get(HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| uri.authority().map(Authority::as_str)).unwrap_or_default()
}

/// Whether `host`, with or without a port, names this machine by an address or by a name that no page
/// can have: one without a dot, as containers have them, is in no public zone. Browsers always name a
/// host; clients that speak HTTP/1.0 may not.
pub(crate) fn is_own(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.ends_with(']'))
        .map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let is_local = !name.contains('.') || name.ends_with(".localhost");
    is_local || name == DOCKER_HOST || name.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    fn checked(method: &str, host: &str, origin: Option<&str>) -> Result<(), Foreign> {
        let request = Request::builder().method(method).uri("/x").header(HOST, host);
        let request = origin.into_iter().fold(request, |all, one| all.header(ORIGIN, one));
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts, Some("api.example.com"), |origin| origin == "https://app.example.com")
    }

    #[test]
    fn only_names_of_this_machine_are_served() {
        for host in [
            "127.0.0.1:8787",
            "[::1]:8787",
            "localhost",
            "LOCALHOST:1",
            "a.localhost:1",
            "172.17.0.1:8788",
            "host.docker.internal:8788",
            "api.example.com",
            "hookreel:8787",
            "",
        ] {
            assert_eq!(checked("POST", host, None), Ok(()), "{host}");
        }
        for host in [
            "rebind.example:8787",
            "rebind.",
            "localhost.example",
            "127.0.0.1.example",
            "api.example.com:1",
        ] {
            assert_eq!(checked("GET", host, None), Err(Foreign::Host), "{host}");
        }
    }

    #[test]
    fn a_page_of_another_origin_changes_nothing() {
        for origin in ["http://127.0.0.1:8787", "https://app.example.com"] {
            assert_eq!(checked("POST", "127.0.0.1:8787", Some(origin)), Ok(()), "{origin}");
        }
        for origin in ["https://other.example", "null", "http://127.0.0.1:1", "127.0.0.1:8787"] {
            for method in ["POST", "PUT", "PATCH", "DELETE"] {
                let checked = checked(method, "127.0.0.1:8787", Some(origin));
                assert_eq!(checked, Err(Foreign::Origin), "{method} {origin}");
            }
            assert_eq!(checked("GET", "127.0.0.1:8787", Some(origin)), Ok(()), "{origin}");
        }
    }
}
