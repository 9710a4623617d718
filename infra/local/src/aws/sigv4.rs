//! Verifies that a request to a JSON service is signed (Signature Version 4 in the header
//! `Authorization`). S3 requests are verified by `s3s`.
//!
//! The port is reached by every program and user of the machine, and by pages in its browsers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::identity::Keys;
use super::target::Service;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The headers without which a signature says nothing: where the call goes and, in the JSON
/// protocols, which one it is.
const SIGNED_ALWAYS: [&str; 3] = ["host", "x-amz-date", "x-amz-target"];
/// What is escaped in the path that is signed, which is escaped once already.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// How far the sender's clock may be off.
const SKEW: Duration = Duration::from_mins(15);

/// Why a request is refused, as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsigned {
    /// It has no signature.
    Missing,
    /// It is signed by another key.
    UnknownKey,
    /// Its signature is not of this request, or of another time.
    Wrong,
}

impl Unsigned {
    /// The error's name and text.
    pub const fn error(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => {
                ("MissingAuthenticationTokenException", "Request is missing Authentication Token")
            }
            Self::UnknownKey => (
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            Self::Wrong => (
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.",
            ),
        }
    }
}

/// Checks that `parts` with this `body` is signed by `keys` for `service`, by the time `now`.
pub(super) fn verify(
    service: Service,
    parts: &Parts,
    body: &[u8],
    keys: &Keys,
    now: SystemTime,
) -> Result<(), Unsigned> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").and_then(|text| text.strip_prefix(ALGORITHM));
    let authorization = authorization.ok_or(Unsigned::Missing)?;
    let field = |name: &str| {
        let mut fields = authorization.split(',').map(str::trim);
        fields
            .find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
            .ok_or(Unsigned::Missing)
    };
    let (key, scope) = field("Credential")?.split_once('/').ok_or(Unsigned::Missing)?;
    let (signed, signature) = (field("SignedHeaders")?, field("Signature")?);
    if key != keys.access_key {
        return Err(Unsigned::UnknownKey);
    }
    let time = header("x-amz-date").ok_or(Unsigned::Missing)?;
    let [date, _, of, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return Err(Unsigned::Wrong);
    };
    let names: Vec<_> = signed.split(';').collect();
    // Its calls have no header that names them: their method and path are signed.
    let is_rest = service == Service::ExecuteApi;
    if is_rest && of != "execute-api" {
        return Err(Unsigned::Wrong);
    }
    if !time.starts_with(date)
        || !is_now(time, now)
        || !SIGNED_ALWAYS[..if is_rest { 2 } else { 3 }].iter().all(|name| names.contains(name))
    {
        return Err(Unsigned::Wrong);
    }
    let mac = signature_of(parts, body, (signed, time, scope), keys).ok_or(Unsigned::Wrong)?;
    let signature = hex::decode(signature).map_err(|_| Unsigned::Wrong)?;
    mac.verify_slice(&signature).map_err(|_| Unsigned::Wrong)
}

/// The signature of a request over the headers `signed`; `None` if one of them is absent.
fn signature_of(
    parts: &Parts,
    body: &[u8],
    (signed, time, scope): (&str, &str, &str),
    keys: &Keys,
) -> Option<Hmac<Sha256>> {
    let (method, query) = (parts.method.as_str(), parts.uri.query().unwrap_or_default());
    let path = utf8_percent_encode(parts.uri.path(), ESCAPED).to_string();
    let mut request = [method, &path, query, ""].join("\n");
    for name in signed.split(';') {
        let value = parts.headers.get(name)?.to_str().ok()?;
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        request.extend([name, ":", &value, "\n"]);
    }
    let body = hex::encode(Sha256::digest(body));
    request.extend(["\n", signed, "\n", &body]);
    let request = hex::encode(Sha256::digest(request));
    let secret = format!("AWS4{}", keys.secret_key.expose()).into_bytes();
    let key =
        scope.split('/').fold(secret, |key, part| mac(&key, part).finalize().into_bytes().to_vec());
    Some(mac(&key, &[ALGORITHM, time, scope, &request].join("\n")))
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    let mac =
        Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| unreachable!("any length fits"));
    mac.chain_update(text)
}

/// Whether `text` (`20260101T000000Z`) is about `now`.
fn is_now(text: &str, now: SystemTime) -> bool {
    let separated = |text: &str| {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let [date, time] = [(date, 8), (time, 6)].map(|(digits, length)| {
            (digits.len() == length && digits.is_ascii()).then_some(digits)
        });
        let (date, time) = (date?, time?);
        let dashed = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
        format!("{dashed}T{}:{}:{}Z", &time[..2], &time[2..4], &time[4..]).parse().ok()
    };
    let Some(sent): Option<domain::Timestamp> = separated(text) else { return false };
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let apart = u128::try_from(sent.as_millis()).unwrap_or_default().abs_diff(now);
    apart <= SKEW.as_millis()
}

/// Signs a request for tests, over its host and target.
#[cfg(test)]
pub(super) fn sign(parts: &mut Parts, body: &[u8], keys: &Keys, now: SystemTime) {
    const SIGNED: &str = "host;x-amz-date;x-amz-target";
    let seconds = now.duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
    let time = domain::Timestamp::from_millis(seconds).to_string();
    let time: String = time.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let time = format!("{}Z", time.split('.').next().unwrap());
    let scope = format!("{}/us-east-1/any/aws4_request", &time[..8]);
    parts.headers.insert("x-amz-date", time.parse().unwrap());
    let mac = signature_of(parts, body, (SIGNED, &time, &scope), keys).unwrap();
    let signature = hex::encode(mac.finalize().into_bytes());
    let key = &keys.access_key;
    let header = format!(
        "{ALGORITHM} Credential={key}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"
    );
    parts.headers.insert("authorization", header.parse().unwrap());
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn verified(signed: &[u8], sent: &[u8], later: u64) -> Result<(), Unsigned> {
        let keys = Keys::random();
        let request = Request::post("/").header("host", "127.0.0.1:8788");
        let request = request.header("x-amz-target", "DynamoDB_20120810.ListTables").body(());
        let mut parts = request.unwrap().into_parts().0;
        let now = UNIX_EPOCH + Duration::from_hours(490_896);
        sign(&mut parts, signed, &keys, now);
        verify(Service::DynamoDb, &parts, sent, &keys, now + Duration::from_secs(later))
    }

    #[test]
    fn only_the_request_that_was_signed_is_accepted_and_only_then() {
        assert_eq!(verified(b"{}", b"{}", 0), Ok(()));
        assert_eq!(verified(b"{}", b"{ }", 0), Err(Unsigned::Wrong));
        assert_eq!(verified(b"{}", b"{}", 901), Err(Unsigned::Wrong));
    }

    /// The example of the AWS documentation for Signature Version 4: `ListUsers` of IAM.
    #[test]
    fn the_signature_is_that_of_aws() {
        let keys = Keys::of("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let request = Request::get("/?Action=ListUsers&Version=2010-05-08")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header("host", "iam.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .body(())
            .unwrap();
        let scope = "20150830/us-east-1/iam/aws4_request";
        let of = ("content-type;host;x-amz-date", "20150830T123600Z", scope);
        let mac = signature_of(&request.into_parts().0, b"", of, &keys).unwrap();
        assert_eq!(
            hex::encode(mac.finalize().into_bytes()),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
    }

    #[test]
    fn an_unsigned_request_is_refused() {
        let request = Request::post("/").header("host", "127.0.0.1").body(()).unwrap();
        let parts = request.into_parts().0;
        let verified = verify(Service::Sqs, &parts, b"{}", &Keys::of("a", "b"), UNIX_EPOCH);
        assert_eq!(verified, Err(Unsigned::Missing));
    }
}
