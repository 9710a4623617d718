//! Reads which records of a batch failed.

use std::collections::HashSet;

use serde_json::Value;

/// The failed records of a batch, to be retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    None,
    All,
    /// Those with these identifiers.
    These(HashSet<String>),
}

impl Failed {
    /// Reads `answer`. As in Lambda, a missing list, an empty one and null mean success; an entry
    /// that names no record of the batch means that all failed.
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

    /// Whether the record with this identifier failed.
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
    fn a_missing_or_empty_list_means_success() {
        for answer in [json!(null), json!({}), json!({ "batchItemFailures": null })] {
            assert_eq!(read(&answer), Failed::None);
        }
        assert_eq!(read(&json!({ "batchItemFailures": [] })), Failed::None);
    }

    #[test]
    fn only_named_records_fail() {
        let failed = read(&json!({ "batchItemFailures": [{ "itemIdentifier": "b" }] }));
        assert!(failed.includes("b"));
        assert!(!failed.includes("a"));
    }

    #[test]
    fn a_malformed_list_fails_the_whole_batch() {
        for failure in
            [json!({}), json!({ "itemIdentifier": "" }), json!({ "itemIdentifier": "c" })]
        {
            assert_eq!(read(&json!({ "batchItemFailures": [failure] })), Failed::All);
        }
        assert_eq!(read(&json!({ "batchItemFailures": "all" })), Failed::All);
    }
}
