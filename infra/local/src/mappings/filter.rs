//! Filter criteria: which records a mapping passes to its function, as event patterns.

use serde_json::{Map, Value};

/// A pattern that a record must match.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    /// All of these must hold.
    fields: Vec<(String, Test)>,
    /// If there are any, one of these must hold too.
    alternatives: Vec<Pattern>,
}

/// A pattern that cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter pattern: {0}")]
pub struct PatternError(String);

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Within(Pattern),
    AnyOf(Vec<Matcher>),
}

#[derive(Debug, Clone, PartialEq)]
enum Matcher {
    Equals(Value),
    Exists(bool),
    Prefix(String),
    Suffix(String),
    EqualsIgnoringCase(String),
    AnythingBut(Vec<Matcher>),
    Numeric(Vec<(Comparison, f64)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Pattern {
    pub fn parse(pattern: &Value) -> Result<Self, PatternError> {
        let Value::Object(members) = pattern else {
            return Err(error("must be an object", pattern));
        };
        let (mut fields, mut alternatives) = (Vec::new(), Vec::new());
        for (name, value) in members {
            match (name.as_str(), value) {
                ("$or", Value::Array(patterns)) => {
                    alternatives = patterns.iter().map(Self::parse).collect::<Result<_, _>>()?;
                }
                (_, Value::Object(_)) => {
                    fields.push((name.clone(), Test::Within(Self::parse(value)?)));
                }
                (_, Value::Array(matchers)) => {
                    let matchers = matchers.iter().map(Matcher::parse).collect::<Result<_, _>>()?;
                    fields.push((name.clone(), Test::AnyOf(matchers)));
                }
                _ => return Err(error("a field must be a list or an object", value)),
            }
        }
        Ok(Self { fields, alternatives })
    }

    /// Whether `event` matches the pattern.
    pub fn matches(&self, event: &Value) -> bool {
        self.fields.iter().all(|(name, test)| test.holds(event.get(name)))
            && (self.alternatives.is_empty()
                || self.alternatives.iter().any(|pattern| pattern.matches(event)))
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        match self {
            // The fields of an absent object are absent, which a pattern may require.
            Self::Within(pattern) => pattern.matches(value.unwrap_or(&Value::Null)),
            Self::AnyOf(matchers) => matchers.iter().any(|matcher| matcher.holds(value)),
        }
    }
}

impl Matcher {
    fn parse(value: &Value) -> Result<Self, PatternError> {
        match value {
            Value::Object(members) => Self::parse_named(members, value),
            Value::Array(_) => Err(error("a list must not hold a list", value)),
            scalar => Ok(Self::Equals(scalar.clone())),
        }
    }

    fn parse_named(members: &Map<String, Value>, whole: &Value) -> Result<Self, PatternError> {
        let mut members = members.iter();
        let (Some((name, argument)), None) = (members.next(), members.next()) else {
            return Err(error("a matcher must have exactly one name", whole));
        };
        Ok(match (name.as_str(), argument) {
            ("exists", Value::Bool(wanted)) => Self::Exists(*wanted),
            ("prefix", Value::String(text)) => Self::Prefix(text.clone()),
            ("suffix", Value::String(text)) => Self::Suffix(text.clone()),
            ("equals-ignore-case", Value::String(text)) => {
                Self::EqualsIgnoringCase(text.to_lowercase())
            }
            ("anything-but", Value::Array(values)) => {
                Self::AnythingBut(values.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            ("anything-but", value) => Self::AnythingBut(vec![Self::parse(value)?]),
            ("numeric", Value::Array(terms)) if !terms.is_empty() && terms.len() % 2 == 0 => {
                let terms = terms.chunks_exact(2).map(Comparison::parse);
                Self::Numeric(terms.collect::<Result<_, _>>()?)
            }
            _ => return Err(error("unknown matcher", whole)),
        })
    }

    fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return *self == Self::Exists(false) };
        match value {
            Value::Array(items) => match self {
                Self::AnythingBut(_) => items.iter().all(|item| self.holds_for(item)),
                _ => items.iter().any(|item| self.holds_for(item)),
            },
            scalar => self.holds_for(scalar),
        }
    }

    fn holds_for(&self, value: &Value) -> bool {
        let text = |test: &dyn Fn(&str) -> bool| value.as_str().is_some_and(test);
        match self {
            Self::Equals(wanted) => value == wanted,
            // `exists` applies to leaves: an object does not count.
            Self::Exists(wanted) => *wanted != value.is_object(),
            Self::Prefix(prefix) => text(&|text| text.starts_with(prefix.as_str())),
            Self::Suffix(suffix) => text(&|text| text.ends_with(suffix.as_str())),
            Self::EqualsIgnoringCase(wanted) => text(&|text| text.to_lowercase() == *wanted),
            Self::AnythingBut(others) => !others.iter().any(|other| other.holds_for(value)),
            Self::Numeric(terms) => {
                let number = value.as_f64();
                number.is_some_and(|number| terms.iter().all(|(op, term)| op.holds(number, *term)))
            }
        }
    }
}

impl Comparison {
    fn parse(pair: &[Value]) -> Result<(Self, f64), PatternError> {
        let whole =
            || error("a numeric matcher must alternate operators and numbers", &pair.into());
        let (operator, number) = (pair[0].as_str(), pair[1].as_f64().ok_or_else(whole)?);
        let comparison = match operator {
            Some("=") => Self::Equal,
            Some("<") => Self::Less,
            Some("<=") => Self::LessOrEqual,
            Some(">") => Self::Greater,
            Some(">=") => Self::GreaterOrEqual,
            _ => return Err(whole()),
        };
        Ok((comparison, number))
    }

    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Equal => left.total_cmp(&right).is_eq(),
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

fn error(problem: &str, at: &Value) -> PatternError {
    PatternError(format!("{problem}: {at}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn matches(pattern: &Value, event: &Value) -> bool {
        Pattern::parse(pattern).unwrap().matches(event)
    }

    #[test]
    fn all_fields_and_one_value_of_each_must_match() {
        let pattern = json!({ "eventName": ["INSERT", "MODIFY"],
            "dynamodb": { "NewImage": { "entity": { "S": ["job"] } } } });
        let event = |name, entity| json!({ "eventName": name, "dynamodb": { "NewImage": { "entity": { "S": entity } } } });
        assert!(matches(&pattern, &event("MODIFY", "job")));
        assert!(!matches(&pattern, &event("REMOVE", "job")));
        assert!(!matches(&pattern, &event("INSERT", "key")));
        assert!(!matches(&pattern, &json!({ "eventName": "INSERT" })));
    }

    #[test]
    fn exists_matches_presence_or_absence() {
        assert!(matches(&json!({ "a": [{ "exists": true }] }), &json!({ "a": null })));
        assert!(!matches(&json!({ "a": [{ "exists": true }] }), &json!({})));
        assert!(matches(&json!({ "a": { "b": [{ "exists": false }] } }), &json!({})));
        assert!(!matches(&json!({ "a": [{ "exists": false }] }), &json!({ "a": 1 })));
    }

    #[test]
    fn anything_but_requires_a_different_value() {
        let pattern = json!({ "a": [{ "anything-but": ["x", "y"] }] });
        assert!(matches(&pattern, &json!({ "a": "z" })));
        assert!(!matches(&pattern, &json!({ "a": "y" })));
        assert!(!matches(&pattern, &json!({})));
        let prefixed = json!({ "a": [{ "anything-but": { "prefix": "te" } }] });
        assert!(!matches(&prefixed, &json!({ "a": "test" })));
        assert!(matches(&prefixed, &json!({ "a": "real" })));
    }

    #[test]
    fn prefix_suffix_case_and_numeric_ranges() {
        assert!(matches(&json!({ "a": [{ "prefix": "JOB#" }] }), &json!({ "a": "JOB#1" })));
        assert!(matches(&json!({ "a": [{ "suffix": ".wav" }] }), &json!({ "a": "x.wav" })));
        assert!(matches(
            &json!({ "a": [{ "equals-ignore-case": "Yes" }] }),
            &json!({ "a": "yES" })
        ));
        let range = json!({ "a": [{ "numeric": [">", 0, "<=", 5] }] });
        assert!(matches(&range, &json!({ "a": 5 })));
        assert!(!matches(&range, &json!({ "a": 0 })));
    }

    #[test]
    fn one_alternative_and_one_list_item_must_match() {
        let pattern = json!({ "$or": [{ "a": [1] }, { "b": [2] }], "c": ["x"] });
        assert!(matches(&pattern, &json!({ "b": 2, "c": ["w", "x"] })));
        assert!(!matches(&pattern, &json!({ "b": 3, "c": "x" })));
    }

    #[test]
    fn unknown_patterns_are_refused() {
        for pattern in [json!([]), json!({ "a": "x" }), json!({ "a": [{ "cidr": "10/8" }] })] {
            assert!(Pattern::parse(&pattern).is_err(), "{pattern}");
        }
    }
}
