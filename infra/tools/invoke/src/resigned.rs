//! Signs sample events anew: the programs have the real clock, and a Standard Webhooks signature is valid
//! for five minutes.

use domain::{Secret, Timestamp};
use serde_json::Value;
use signing::standard_webhooks::{self, Headers, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use tests::world;

/// `event` as its sender would send it `now`, if its signature is valid at the time `then` of the tests.
/// One that is not stays as it is.
pub fn at(mut event: Value, then: Timestamp, now: Timestamp) -> Value {
    let signature = signature(&event, then, now);
    if let (Some(signature), Some(headers)) = (signature, event["headers"].as_object_mut()) {
        headers.insert(TIMESTAMP_HEADER.to_owned(), now.as_seconds().to_string().into());
        headers.insert(SIGNATURE_HEADER.to_owned(), signature.into());
    }
    event
}

fn signature(event: &Value, then: Timestamp, now: Timestamp) -> Option<String> {
    let secrets = [Secret::new(world::REPLICATE_WEBHOOK_SECRET)];
    let headers = Headers::find(|name| event["headers"][name].as_str()).ok()?;
    let body = event["body"].as_str().filter(|_| event["isBase64Encoded"] != true)?.as_bytes();
    standard_webhooks::verify(&headers, &secrets, then, body).ok()?;
    standard_webhooks::sign(&secrets, headers.id, now, body).ok()
}
