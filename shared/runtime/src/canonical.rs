//! One form for the same JSON in other bytes: without blanks, escapes only where they must be, and the
//! members of objects sorted by name. Numbers stay as they are written, since no type holds them all.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// `json` in that form; `None` if it is not JSON.
pub(crate) fn canonical(json: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(json.len());
    add(serde_json::from_slice(json).ok()?, &mut text)?;
    Some(text)
}

fn add(json: &RawValue, to: &mut String) -> Option<()> {
    let json = json.get();
    match json.as_bytes().first()? {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
            to.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    to.push(',');
                }
                to.push_str(&serde_json::to_string(&name).ok()?);
                to.push(':');
                add(value, to)?;
            }
            to.push('}');
        }
        b'[' => {
            to.push('[');
            for (index, value) in
                serde_json::from_str::<Vec<&RawValue>>(json).ok()?.into_iter().enumerate()
            {
                if index > 0 {
                    to.push(',');
                }
                add(value, to)?;
            }
            to.push(']');
        }
        b'"' => {
            let text: String = serde_json::from_str(json).ok()?;
            to.push_str(&serde_json::to_string(&text).ok()?);
        }
        _ => to.push_str(json),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_json_has_one_form() {
        let one =
            canonical(br#"{"text":"hello","n":[1,18446744073709551617],"o":{"a":1,"b":null}}"#);
        let other = br#" { "o": {"b":null, "a" :1}, "n":[ 1 , 18446744073709551617 ],
            "text": "h\u0065llo" } "#;
        assert_eq!(one, canonical(other));
        assert_ne!(
            one,
            canonical(br#"{"text":"hello","n":[1,18446744073709551616],"o":{"a":1,"b":null}}"#)
        );
        assert_eq!(canonical(b"no json"), None);
    }
}
