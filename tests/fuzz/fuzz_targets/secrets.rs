//! Secrets and keys as an operator or a stranger may write them: reading one never panics, and
//! whatever is accepted signs what it then believes.
#![no_main]

use domain::{Secret, Timestamp};
use libfuzzer_sys::fuzz_target;
use signing::standard_webhooks::{self, Headers};
use signing::standard_webhooks_v1a::{self, PrivateKey, PublicKey};
use signing::hex_hmac;

const NOW: Timestamp = Timestamp::from_millis(1_614_265_330_000);

fuzz_target!(|input: (&str, &[u8])| {
    let (text, body) = input;
    for text in [text.to_owned(), format!("whsec_{text}"), format!("whsk_{text}")] {
        let secret = Secret::new(&*text);
        symmetric(&secret, body);
        asymmetric(&secret, body);
        if let Ok(signed) = hex_hmac::sign(&secret, body) {
            assert!(hex_hmac::verify(&secret, body, &signed).is_ok());
        }
    }
    for text in [text.to_owned(), format!("whpk_{text}")] {
        if let Ok(key) = text.parse::<PublicKey>() {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
    }
});

fn symmetric(secret: &Secret, body: &[u8]) {
    let secrets = std::slice::from_ref(secret);
    if let Ok(signature) = standard_webhooks::sign(secrets, "msg_1", NOW, body) {
        let headers = Headers { id: "msg_1", timestamp: "1614265330", signature: &signature };
        assert!(standard_webhooks::verify(&headers, secrets, NOW, body).is_ok());
    }
}

fn asymmetric(secret: &Secret, body: &[u8]) {
    let Ok(key) = PrivateKey::parse(secret) else { return };
    let signature = standard_webhooks_v1a::sign(std::slice::from_ref(&key), "msg_1", NOW, body);
    let signature = signature.expect("one key signs");
    let headers = Headers { id: "msg_1", timestamp: "1614265330", signature: &signature };
    assert!(standard_webhooks_v1a::verify(&headers, &[key.public_key()], NOW, body).is_ok());
}
