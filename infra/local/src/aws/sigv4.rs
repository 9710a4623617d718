//! Verifies that a request to a JSON service is signed (Signature Version 4 in the header
//! `Authorization`). S3 requests are verified by `s3s`.
//!
//! The port is reached by every program and user of the machine, and by pages in its browsers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::identity::Keys;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
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

/// Checks that `parts` with this `body` is signed by `keys`, by the time `now`.
pub(super) fn verify(
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
    let [date, region, service, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return Err(Unsigned::Wrong);
    };
    let names: Vec<_> = signed.split(';').collect();
    if !time.starts_with(date) || !is_now(time, now) || !names.contains(&"host") {
        return Err(Unsigned::Wrong);
    }
    let mut request = format!(
        "{}\n{}\n{}\n",
        parts.method,
        parts.uri.path(),
        parts.uri.query().unwrap_or_default()
    );
    for name in &names {
        let value = header(name).ok_or(Unsigned::Wrong)?;
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        request.push_str(&format!("{name}:{value}\n"));
    }
    request.push_str(&format!("\n{signed}\n{}", hex::encode(Sha256::digest(body))));
    let request = hex::encode(Sha256::digest(request));
    let text = format!("{ALGORITHM}\n{time}\n{scope}\n{request}");
    let secret = format!("AWS4{}", keys.secret_key.expose());
    let parts = [date, region, service, "aws4_request"];
    let key = parts
        .iter()
        .fold(secret.into_bytes(), |key, part| mac(&key, part).finalize().into_bytes().to_vec());
    let signature = hex::decode(signature).map_err(|_| Unsigned::Wrong)?;
    mac(&key, &text).verify_slice(&signature).map_err(|_| Unsigned::Wrong)
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

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    /// A call of `ListTables` that boto3 has signed.
    fn signed(body_of: &str, date: &str) -> Result<(), Unsigned> {
        let keys = Keys::of("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let scope = "20260101/us-east-1/dynamodb/aws4_request";
        let names = "content-type;host;x-amz-date;x-amz-target";
        let canonical = format!(
            "POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:127.0.0.1:8788\n\
             x-amz-date:{date}\nx-amz-target:DynamoDB_20120810.ListTables\n\n{names}\n{}",
            hex::encode(Sha256::digest("{}"))
        );
        let text =
            format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex::encode(Sha256::digest(canonical)));
        let secret = format!("AWS4{}", keys.secret_key.expose()).into_bytes();
        let key = ["20260101", "us-east-1", "dynamodb", "aws4_request"]
            .iter()
            .fold(secret, |key, part| mac(&key, part).finalize().into_bytes().to_vec());
        let signature = hex::encode(mac(&key, &text).finalize().into_bytes());
        let request = Request::post("/")
            .header("host", "127.0.0.1:8788")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", date)
            .header("x-amz-target", "DynamoDB_20120810.ListTables")
            .header(
                "authorization",
                format!(
                    "{ALGORITHM} Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, \
                     Signature={signature}"
                ),
            )
            .body(())
            .unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        verify(&request.into_parts().0, body_of.as_bytes(), &keys, now)
    }

    #[test]
    fn only_the_request_that_was_signed_is_accepted_and_only_then() {
        assert_eq!(signed("{}", "20260101T000000Z"), Ok(()));
        assert_eq!(signed("{\"Limit\":1}", "20260101T000000Z"), Err(Unsigned::Wrong));
        assert_eq!(signed("{}", "20260101T001501Z"), Err(Unsigned::Wrong));
    }

    #[test]
    fn an_unsigned_request_is_refused() {
        let request = Request::post("/").header("host", "127.0.0.1").body(()).unwrap();
        let keys = Keys::of("a", "b");
        let parts = request.into_parts().0;
        assert_eq!(verify(&parts, b"{}", &keys, UNIX_EPOCH), Err(Unsigned::Missing));
    }
}
