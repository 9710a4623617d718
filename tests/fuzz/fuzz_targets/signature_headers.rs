//! Headers that a stranger sends, against every verifier: none panics, and none believes what
//! our key did not sign. The key is known to the target alone, so a belief is a forgery.
#![no_main]

use domain::{Secret, Timestamp};
use libfuzzer_sys::fuzz_target;
use signing::standard_webhooks::{self, Headers};
use signing::standard_webhooks_v1a::{self, PrivateKey};
use signing::hex_hmac;

const NOW: Timestamp = Timestamp::from_millis(1_614_265_330_000);
const BODY: &[u8] = br#"{"test": 2432232314}"#;

fuzz_target!(|input: (&str, &str, &str)| {
    let (id, timestamp, signature) = input;
    let headers = Headers { id, timestamp, signature };
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let secrets = std::slice::from_ref(&secret);
    assert!(standard_webhooks::verify(&headers, secrets, NOW, BODY).is_err());
    let key = PrivateKey::from_seed(&[7; 32]);
    assert!(standard_webhooks_v1a::verify(&headers, &[key.public_key()], NOW, BODY).is_err());
    assert!(hex_hmac::verify(&secret, BODY, signature).is_err());

    // What we sign is believed, whatever stands before and after it in the header.
    let sound = !id.is_empty() && !id.contains('.');
    if let Ok(own) = standard_webhooks::sign(secrets, id, NOW, BODY) {
        let signature = format!("{signature} {own} {signature}");
        let headers = Headers { id, timestamp: "1614265330", signature: &signature };
        let verified = standard_webhooks::verify(&headers, secrets, NOW, BODY);
        assert_eq!(verified.is_ok(), sound);
    }
    if let Ok(own) = standard_webhooks_v1a::sign(std::slice::from_ref(&key), id, NOW, BODY) {
        let signature = format!("{signature} {own}");
        let headers = Headers { id, timestamp: "1614265330", signature: &signature };
        let keys = [key.public_key()];
        assert_eq!(standard_webhooks_v1a::verify(&headers, &keys, NOW, BODY).is_ok(), sound);
    }
});
