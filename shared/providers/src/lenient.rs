//! JSON as senders write it that are not strict: what a strict reader refuses in members that
//! nobody reads must not cost the others.

use std::borrow::Cow;
use std::str::Chars;

use serde_json::Value;

/// Reads `body` strictly, and if that fails leniently: past a byte order mark, with null for
/// `NaN`, `-Infinity` and other words that are no JSON, U+FFFD for half a surrogate pair and for
/// what is not UTF-8, and a blank for a control character within a text.
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).ok().or_else(|| serde_json::from_str(&mended(body)).ok())
}

/// `body` with everything replaced that JSON does not know.
fn mended(body: &[u8]) -> String {
    let text: Cow<'_, str> = String::from_utf8_lossy(body);
    let mut mended = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.clone().next() {
        if c == '"' {
            string(&mut rest, &mut mended);
        } else if is_word(c) {
            word(&mut rest, &mut mended);
        } else {
            mended.push(c);
            rest.next();
        }
    }
    mended
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_')
}

/// Takes a literal or a number; one that JSON does not have becomes null.
fn word(rest: &mut Chars<'_>, mended: &mut String) {
    let text = rest.as_str();
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let word = &text[..end];
    let is_known = serde_json::from_str::<Value>(word).is_ok();
    mended.push_str(if is_known { word } else { "null" });
    *rest = text[end..].chars();
}

/// Takes a text with its quotes.
fn string(rest: &mut Chars<'_>, mended: &mut String) {
    mended.extend(rest.next());
    while let Some(c) = rest.next() {
        match c {
            '"' => return mended.push(c),
            '\\' => escape(rest, mended),
            c if c < ' ' => mended.push(' '),
            c => mended.push(c),
        }
    }
}

/// Takes what follows a backslash. Half of a surrogate pair becomes U+FFFD.
fn escape(rest: &mut Chars<'_>, mended: &mut String) {
    let text = rest.as_str();
    let Some(unit) = unit(text) else {
        mended.push('\\');
        return mended.extend(rest.next());
    };
    let pair = || text[5..].strip_prefix('\\').and_then(self::unit);
    let length = match unit {
        0xd800..=0xdbff if pair().is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) => 11,
        0xd800..=0xdfff => {
            mended.push('\u{fffd}');
            *rest = text[5..].chars();
            return;
        }
        _ => 5,
    };
    mended.push('\\');
    mended.push_str(&text[..length]);
    *rest = text[length..].chars();
}

/// The UTF-16 unit that `text` begins with, as `u` and four hex digits.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_reads_costs_nothing() {
        for (body, value) in [
            ("\u{feff} {\"a\": 1}".as_bytes(), json!({ "a": 1 })),
            (
                br#"{"a":NaN,"b":[-Infinity, Infinity],"c":"NaN"}"#,
                json!({ "a": null, "b": [null, null], "c": "NaN" }),
            ),
            (
                br#"{"a":1e999,"b":undefined,"c":-2.5e3,"d":True}"#,
                json!({ "a": null, "b": null, "c": -2500.0, "d": null }),
            ),
            (
                br#"{"a":"x\ud83c","b":"\udfac!","c":"\ud83c\udfac \ud83cA\n\""}"#,
                json!({ "a": "x\u{fffd}", "b": "\u{fffd}!", "c": "\u{1f3ac} \u{fffd}A\n\"" }),
            ),
            (
                b"{\"a\":\"x\xed\xa0\xbcy\",\"b\":1}",
                json!({ "a": "x\u{fffd}\u{fffd}\u{fffd}y", "b": 1 }),
            ),
            (b"{\"a\":\"1\n2\t3\\\\\"}", json!({ "a": "1 2 3\\" })),
            (br#"{"a":1,"a":2}"#, json!({ "a": 2 })),
        ] {
            assert_eq!(parse(body), Some(value), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_is_no_json_stays_none() {
        for body in ["", "{", "<html>", "{a:1}", r#"{"a":"\u12"}"#, r#"{"a":"\"#, r#"{"a" 1}"#] {
            assert_eq!(parse(body.as_bytes()), None, "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body: Vec<u8>) {
            let _ = parse(&body);
        }

        #[test]
        fn strict_json_is_not_touched(text: String, number: f64) {
            let body = json!({ "a": text, "b": [number, true, null, "\u{1f3ac}\\\""] }).to_string();
            prop_assert_eq!(mended(body.as_bytes()), body);
        }
    }
}
