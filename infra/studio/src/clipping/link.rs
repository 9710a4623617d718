//! Links to files that look like presigned links of S3, and expire as those do.

use std::time::Duration;

use domain::Timestamp;
use hmac::digest::InvalidLength;
use uuid::Uuid;

use crate::post::Signer;

const DATE: &str = "X-Amz-Date";
const EXPIRES: &str = "X-Amz-Expires";
const SIGNATURE: &str = "X-Amz-Signature";

/// Makes links, and checks requests that use them.
#[derive(Debug)]
pub(crate) struct Links {
    signer: Signer,
    expiry: Duration,
}

/// Why a request for a file is refused, in S3's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// Its query is not that of a link.
    #[error("Access Denied")]
    Denied,
    /// Its link has expired.
    #[error("Request has expired")]
    Expired,
}

impl Links {
    /// With a key of its own. Links are valid for `expiry`.
    pub fn new(expiry: Duration) -> Result<Self, InvalidLength> {
        let key = [Uuid::now_v7().into_bytes(), Uuid::now_v7().into_bytes()].concat();
        Ok(Self { signer: Signer::plain(&key)?, expiry })
    }

    /// `url`, whose last part is `filename`, with a signature from `now` on.
    pub fn presigned(&self, url: &str, filename: &str, now: Timestamp) -> String {
        let (date, expires) = (compact(now), self.expiry.as_secs().to_string());
        let signature = self.sign(filename, &date, &expires);
        format!(
            "{url}?X-Amz-Algorithm=AWS4-HMAC-SHA256&{DATE}={date}&{EXPIRES}={expires}\
             &X-Amz-SignedHeaders=host&{SIGNATURE}={signature}"
        )
    }

    /// Checks a request for `filename` with that query.
    pub fn check(&self, filename: &str, query: &str, now: Timestamp) -> Result<(), Refused> {
        let get = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(query.as_bytes());
            pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
        };
        let (Some(date), Some(expires), Some(signature)) =
            (get(DATE), get(EXPIRES), get(SIGNATURE))
        else {
            return Err(Refused::Denied);
        };
        if signature != self.sign(filename, &date, &expires) {
            return Err(Refused::Denied);
        }
        // What was signed was made here, so both can be parsed.
        let since = expanded(&date).ok_or(Refused::Denied)?;
        let seconds = expires.parse().map_err(|_| Refused::Denied)?;
        if now < since + Duration::from_secs(seconds) { Ok(()) } else { Err(Refused::Expired) }
    }

    fn sign(&self, filename: &str, date: &str, expires: &str) -> String {
        self.signer.sign(format!("{filename}\n{date}\n{expires}").as_bytes())
    }
}

/// A time as S3 writes it: `20241128T103000Z`.
fn compact(time: Timestamp) -> String {
    let text = time.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replace(['-', ':'], ""))
}

fn expanded(date: &str) -> Option<Timestamp> {
    let part = |range: std::ops::Range<usize>| date.get(range);
    let day = format!("{}-{}-{}", part(0..4)?, part(4..6)?, part(6..8)?);
    let time = format!("{}:{}:{}", part(9..11)?, part(11..13)?, part(13..15)?);
    format!("{day}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_valid_for_its_file_until_it_expires() {
        let links = Links::new(Duration::from_mins(1)).unwrap();
        let at = |second: i64| Timestamp::from_millis(1_732_789_800_000 + second * 1000);
        let link = links.presigned("http://127.0.0.1:1/output/a.mp4", "a.mp4", at(0));
        let (url, query) = link.split_once('?').unwrap();
        assert_eq!(url, "http://127.0.0.1:1/output/a.mp4");
        assert!(query.contains("X-Amz-Date=20241128T103000Z&X-Amz-Expires=60&"), "{query}");
        assert_eq!(links.check("a.mp4", query, at(59)), Ok(()));
        assert_eq!(links.check("a.mp4", query, at(60)), Err(Refused::Expired));
        assert_eq!(links.check("b.mp4", query, at(0)), Err(Refused::Denied));
        let longer = query.replace("Expires=60", "Expires=600");
        assert_eq!(links.check("a.mp4", &longer, at(0)), Err(Refused::Denied));
        assert_eq!(links.check("a.mp4", "", at(0)), Err(Refused::Denied));
    }
}
