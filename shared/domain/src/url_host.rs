//! URLs as logs may show them.

use std::fmt;

/// A URL whose `Debug` and `Display` show its scheme and host alone: its path and query may hold a
/// signature or a token, and its user information a password.
#[derive(Clone, Copy)]
pub struct UrlHost<'a>(pub &'a str);

impl fmt::Display for UrlHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str("…") };
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        write!(f, "{scheme}://{host}/…")
    }
}

impl fmt::Debug for UrlHost<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_nothing_but_scheme_and_host() {
        for (url, shown) in [
            ("https://a.example/secret?key=secret#secret", "https://a.example/…"),
            ("https://user:secret@a.example:8443?secret", "https://a.example:8443/…"),
            ("data:audio/wav;base64,secret", "…"),
            ("secret", "…"),
            ("", "…"),
        ] {
            assert_eq!(UrlHost(url).to_string(), shown, "{url}");
            assert_eq!(format!("{:?}", UrlHost(url)), shown, "{url}");
        }
    }
}
