//! Which settings of an endpoint are valid.

use std::collections::BTreeMap;

use crate::{EventType, InvalidField, Result, limits};

/// Headers of the connection, of the body or of authentication, and those that sign a webhook.
/// Ours would be shadowed, the others misread.
const RESERVED: [&str; 24] = [
    "accept-encoding",
    "authorization",
    "connection",
    "cookie",
    "date",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "www-authenticate",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-webhook-signature",
    "x-webhook-timestamp",
];

/// Beginnings of names that are reserved likewise.
const RESERVED_PREFIXES: [&str; 5] = ["content-", "proxy-", "sec-", "webhook-", "x-forwarded-"];

/// The headers to add, their names in lower case.
pub fn headers(headers: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    if headers.len() > limits::ENDPOINT_HEADERS {
        let message = format!("must be at most {} headers", limits::ENDPOINT_HEADERS);
        return Err(InvalidField::new("headers", message));
    }
    let mut checked = BTreeMap::new();
    for (name, value) in headers {
        check_header(name, value)?;
        if checked.insert(name.to_ascii_lowercase(), value.clone()).is_some() {
            return Err(InvalidField::new(header_field(name), "is there twice"));
        }
    }
    Ok(checked)
}

fn check_header(name: &str, value: &str) -> Result<()> {
    let refuse = |message: &str| Err(InvalidField::new(header_field(name), message));
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > limits::HEADER_NAME_BYTES || !name.bytes().all(token) {
        return refuse("must be named by 1 to 64 characters that HTTP allows");
    }
    let lower = name.to_ascii_lowercase();
    let reserved = RESERVED.contains(&lower.as_str())
        || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
    if reserved {
        return refuse("is a header that cannot be set");
    }
    let visible = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if value.len() > limits::HEADER_VALUE_BYTES || !visible || value.trim() != value {
        return refuse(
            "must be at most 1024 visible ASCII characters, with no blank at either end",
        );
    }
    Ok(())
}

/// The name is a client's and may be long; only the start of it is repeated.
fn header_field(name: &str) -> String {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    format!("headers.{shown}")
}

/// The waits after failed attempts, in seconds.
pub fn retry_schedule(seconds: Vec<u32>) -> Result<Vec<u32>> {
    let refuse = |message: String| Err(InvalidField::new("retry_schedule_seconds", message));
    let longest = limits::RETRY_WAIT.as_secs();
    if seconds.is_empty() || seconds.len() > limits::RETRIES {
        return refuse(format!("must be 1 to {} waits", limits::RETRIES));
    }
    if !seconds.iter().all(|wait| (1..=longest).contains(&u64::from(*wait))) {
        return refuse(format!("must be waits of 1 to {longest} seconds"));
    }
    if !seconds.is_sorted() {
        return refuse("must not hold a wait that is shorter than the one before it".to_owned());
    }
    Ok(seconds)
}

/// Most deliveries a second.
pub fn rate_limit(per_second: u32) -> Result<u32> {
    if (1..=limits::RATE_PER_SECOND).contains(&per_second) {
        return Ok(per_second);
    }
    let message = format!("must be a whole number from 1 to {}", limits::RATE_PER_SECOND);
    Err(InvalidField::new("rate_limit_per_second", message))
}

/// The description.
pub fn description(text: String) -> Result<String> {
    let fits = text.chars().count() <= limits::DESCRIPTION_CHARACTERS;
    if fits && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    let limit = limits::DESCRIPTION_CHARACTERS;
    let message = format!("must be at most {limit} characters, on one line");
    Err(InvalidField::new("description", message))
}

/// The events subscribed to, each once, in the order in which they were named.
pub fn events(names: &[String]) -> Result<Vec<EventType>> {
    let mut events = Vec::new();
    for name in names {
        let event = name.parse()?;
        if !events.contains(&event) {
            events.push(event);
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, value: &str) -> Result<BTreeMap<String, String>> {
        headers(&BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    #[test]
    fn takes_headers_in_lower_case() {
        assert_eq!(
            one("X-Team", "a b").unwrap(),
            BTreeMap::from([("x-team".into(), "a b".into())])
        );
    }

    #[test]
    fn refuses_headers_that_are_not_the_owners() {
        for name in [
            "Host",
            "cookie",
            "AUTHORIZATION",
            "Content-Type",
            "content-length",
            "Webhook-Id",
            "webhook-new",
            "X-Webhook-Signature",
            "Transfer-Encoding",
            "Proxy-Authorization",
            "Connection",
            "X-Forwarded-For",
            "",
            "a b",
            "é",
            "a:b",
        ] {
            let refused = one(name, "1").unwrap_err();
            assert_eq!(refused.field, format!("headers.{name}"));
        }
        for value in ["a\r\nb: c", "é", " a", "a ", &"x".repeat(1025)] {
            assert!(one("x-team", value).is_err(), "{value}");
        }
    }

    #[test]
    fn refuses_too_many_headers_and_one_name_twice() {
        let many = |count| (0..count).map(|n| (format!("x-{n}"), String::new())).collect();
        assert!(headers(&many(20)).is_ok());
        assert!(headers(&many(21)).is_err());
        let twice = [("X-A".to_owned(), String::new()), ("x-a".to_owned(), String::new())];
        assert!(headers(&BTreeMap::from(twice)).is_err());
    }

    #[test]
    fn takes_schedules_that_grow_within_a_day() {
        assert!(retry_schedule(vec![1, 1, 5, 86_400]).is_ok());
        assert!(retry_schedule(vec![60; 20]).is_ok());
        for bad in [vec![], vec![0], vec![5, 4], vec![86_401], vec![60; 21]] {
            assert!(retry_schedule(bad.clone()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn takes_rates_from_one_to_a_thousand() {
        assert!([1, 1000].into_iter().all(|rate| rate_limit(rate).is_ok()));
        assert!([0, 1001].into_iter().all(|rate| rate_limit(rate).is_err()));
    }

    #[test]
    fn names_each_event_once() {
        let names = ["job.failed", "job.completed", "job.failed"].map(str::to_owned);
        assert_eq!(events(&names).unwrap(), [EventType::JobFailed, EventType::JobCompleted]);
        assert!(events(&["job.exploded".to_owned()]).is_err());
    }
}
