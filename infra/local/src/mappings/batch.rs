//! What a function's answer says about the batch it was given.

use std::collections::HashSet;

use serde_json::Value;

/// Which of a batch must be tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// Nothing.
    None,
    /// Everything.
    All,
    /// What has one of these identifiers.
    These(HashSet<String>),
}

impl Failed {
    /// Reads `answer`. As in Lambda, no list, an empty one or null means that all went well; an
    /// entry without an identifier of the batch means that nothing did.
    pub fn read<'a>(answer: &Value, batch: impl Iterator<Item = &'a str>) -> Self {
        let failures = match answer.get("batchItemFailures") {
            None | Some(Value::Null) => return Self::None,
            Some(Value::Array(failures)) if failures.is_empty() => return Self::None,
            Some(Value::Array(failures)) => failures,
            Some(_) => return Self::All,
        };
        let known: HashSet<_> = batch.collect();
        let identifier = |failure: &Value| {
            let identifier = failure.get("itemIdentifier")?.as_str()?;
            known.contains(identifier).then(|| identifier.to_owned())
        };
        let failed: Option<HashSet<_>> = failures.iter().map(identifier).collect();
        failed.map_or(Self::All, Self::These)
    }

    /// Whether what has this identifier must be tried again.
    pub fn includes(&self, identifier: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(failed) => failed.contains(identifier),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: &Value) -> Failed {
        Failed::read(answer, ["a", "b"].into_iter())
    }

    #[test]
    fn no_failures_in_any_spelling() {
        for answer in [json!(null), json!({}), json!({ "batchItemFailures": null })] {
            assert_eq!(read(&answer), Failed::None);
        }
        assert_eq!(read(&json!({ "batchItemFailures": [] })), Failed::None);
    }

    #[test]
    fn only_what_is_named_fails() {
        let failed = read(&json!({ "batchItemFailures": [{ "itemIdentifier": "b" }] }));
        assert!(failed.includes("b"));
        assert!(!failed.includes("a"));
    }

    #[test]
    fn what_makes_no_sense_fails_everything() {
        for failure in
            [json!({}), json!({ "itemIdentifier": "" }), json!({ "itemIdentifier": "c" })]
        {
            assert_eq!(read(&json!({ "batchItemFailures": [failure] })), Failed::All);
        }
        assert_eq!(read(&json!({ "batchItemFailures": "all" })), Failed::All);
    }
}
