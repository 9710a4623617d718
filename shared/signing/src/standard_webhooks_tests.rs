//! Standard Webhooks with its official test vectors, and with tampering.

use proptest::prelude::*;

use super::*;

struct Vector {
    secret: &'static str,
    id: &'static str,
    seconds: i64,
    body: &'static str,
    signature: &'static str,
}

/// The standard's own test vectors.
const VECTORS: [Vector; 2] = [
    Vector {
        secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        seconds: 1_614_265_330,
        body: r#"{"test": 2432232314}"#,
        signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    },
    Vector {
        secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
        id: "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        seconds: 1_649_367_553,
        body: r#"{"email":"test@example.com","username":"test_user"}"#,
        signature: "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    },
];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

/// The first vector with its signature header replaced, verified `late` seconds after signing.
fn check(signature: &str, secrets: &[&str], late: i64) -> Result<(), Unverified> {
    let vector = &VECTORS[0];
    let timestamp = vector.seconds.to_string();
    let headers = Headers { id: vector.id, timestamp: &timestamp, signature };
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    verify(&headers, &secrets, at(vector.seconds + late), vector.body.as_bytes())
}

#[test]
fn signs_and_verifies_the_official_vectors() {
    for vector in &VECTORS {
        let secrets = [Secret::new(vector.secret)];
        let now = at(vector.seconds);
        let signed = sign(&secrets, vector.id, now, vector.body.as_bytes()).unwrap();
        assert_eq!(signed, vector.signature);
        let timestamp = vector.seconds.to_string();
        let headers = Headers { id: vector.id, timestamp: &timestamp, signature: &signed };
        assert_eq!(verify(&headers, &secrets, now, vector.body.as_bytes()), Ok(()));
    }
}

#[test]
fn one_matching_signature_of_several_is_enough() {
    let [Vector { secret, signature, .. }, Vector { secret: other, .. }] = &VECTORS;
    let list = format!("v1a,AAAA v2,x v1,bm8= {signature} v1,");
    assert_eq!(check(&list, &[other, secret], 0), Ok(()));
    assert_eq!(check(&list, &[other], 0), Err(Unverified::NoMatch));
    for useless in ["", " ", "v1", "v1,", &signature.replace("v1,", "v2,"), &signature[3..]] {
        assert_eq!(check(useless, &[secret], 0), Err(Unverified::NoMatch), "{useless:?}");
    }
}

#[test]
fn tolerance_is_five_minutes_both_ways() {
    let Vector { secret, signature, .. } = &VECTORS[0];
    assert_eq!(check(signature, &[secret], 300), Ok(()));
    assert_eq!(check(signature, &[secret], 301), Err(Unverified::TooOld));
    assert_eq!(check(signature, &[secret], -300), Ok(()));
    assert_eq!(check(signature, &[secret], -301), Err(Unverified::TooNew));
}

#[test]
fn invalid_secret_is_refused() {
    let signature = VECTORS[0].signature;
    let refused = |secrets: &[&str]| match check(signature, secrets, 0) {
        Err(Unverified::Secret(reason)) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&[]), InvalidSecret::Missing);
    assert_eq!(refused(&[""]), InvalidSecret::Missing);
    assert_eq!(refused(&["plain text"]), InvalidSecret::Encoding);
    assert_eq!(refused(&["whsec_???"]), InvalidSecret::Encoding);
    assert_eq!(refused(&["whsec_c2hvcnQ="]), InvalidSecret::Length(5));
    assert_eq!(sign(&[], "msg_1", at(0), b""), Err(InvalidSecret::Missing));
}

#[test]
fn missing_and_malformed_headers_are_refused() {
    let found = |absent: &str| Headers::find(|name| (name != absent).then_some("1")).map(|_| ());
    assert_eq!(found("none"), Ok(()));
    for name in [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER] {
        assert_eq!(found(name), Err(Unverified::MissingHeader(name)));
    }
    let secrets = [Secret::new(VECTORS[0].secret)];
    let check = |id, timestamp| {
        verify(&Headers { id, timestamp, signature: "" }, &secrets, at(0), b"").unwrap_err()
    };
    for timestamp in ["", "+0", "-1", "1.5", "soon", "99999999999999999999"] {
        let malformed = Unverified::MalformedHeader(TIMESTAMP_HEADER);
        assert_eq!(check("msg_1", timestamp), malformed, "{timestamp:?}");
    }
    assert_eq!(check("msg.1", "0"), Unverified::MalformedHeader(ID_HEADER));
}

proptest! {
    #[test]
    fn round_trip(key: [u8; 32], old_key: [u8; 24], id in "[a-z_0-9]{1,40}", now in 0_i64..=i64::from(u32::MAX), body: Vec<u8>) {
        let secrets = [encode_secret(&key), encode_secret(&old_key)];
        let signature = sign(&secrets, &id, at(now), &body).unwrap();
        let timestamp = now.to_string();
        let headers = Headers { id: &id, timestamp: &timestamp, signature: &signature };
        for secret in &secrets {
            prop_assert_eq!(verify(&headers, std::slice::from_ref(secret), at(now), &body), Ok(()));
        }
    }

    #[test]
    fn changed_body_is_refused(key: [u8; 32], mut body in prop::collection::vec(any::<u8>(), 1..200), place: prop::sample::Index, change in 1_u8..) {
        let secrets = [encode_secret(&key)];
        let signature = sign(&secrets, "msg_1", at(7), &body).unwrap();
        let place = place.index(body.len());
        body[place] ^= change;
        let headers = Headers { id: "msg_1", timestamp: "7", signature: &signature };
        prop_assert_eq!(verify(&headers, &secrets, at(7), &body), Err(Unverified::NoMatch));
    }

    #[test]
    fn no_header_text_panics(id: String, timestamp: String, signature: String) {
        let secrets = [encode_secret(&[1; 32])];
        let headers = Headers { id: &id, timestamp: &timestamp, signature: &signature };
        prop_assert!(verify(&headers, &secrets, at(0), b"").is_err());
    }
}
