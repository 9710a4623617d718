//! Reads the members of a JSON object; an error names the member.

use domain::InvalidField;
use serde_json::{Map, Value};
use url::Url;

/// A JSON object, and its path in the body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    members: &'a Map<String, Value>,
    /// The prefix of its members' names, with a trailing dot; empty for the body itself.
    prefix: &'a str,
}

impl<'a> Fields<'a> {
    /// The members of a whole body.
    pub const fn of(members: &'a Map<String, Value>) -> Self {
        Self { members, prefix: "" }
    }

    /// The members of `value`, whose path is `prefix`, with a trailing dot.
    pub fn within(value: &'a Value, prefix: &'a str) -> Result<Self, InvalidField> {
        let name = prefix.trim_end_matches('.');
        let members =
            value.as_object().ok_or_else(|| InvalidField::new(name, "must be an object"))?;
        Ok(Self { members, prefix })
    }

    /// A member that may be absent or null.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A required member.
    pub fn require(&self, name: &str) -> Result<&'a Value, InvalidField> {
        self.get(name).ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// An optional member that must be text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, InvalidField> {
        self.get(name)
            .map(|value| value.as_str().ok_or_else(|| self.wrong(name, "must be text")))
            .transpose()
    }

    /// A required text that must not be empty.
    pub fn require_text(&self, name: &str) -> Result<String, InvalidField> {
        match self.text(name)? {
            None => Err(self.wrong(name, "is missing")),
            Some(text) if text.trim().is_empty() => Err(self.wrong(name, "must not be empty")),
            Some(text) => Ok(text.to_owned()),
        }
    }

    /// An optional member that must be an HTTP URL.
    pub fn url(&self, name: &str) -> Result<Option<Url>, InvalidField> {
        let parse =
            |text| Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
        self.text(name)?
            .map(|text| parse(text).ok_or_else(|| self.wrong(name, "must be an HTTP URL")))
            .transpose()
    }

    /// A required HTTP URL.
    pub fn require_url(&self, name: &str) -> Result<Url, InvalidField> {
        self.url(name)?.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// An optional member that must be a number from `least` to `most`.
    pub fn number(&self, name: &str, least: f64, most: f64) -> Result<Option<f64>, InvalidField> {
        let accept = |value: &Value| {
            let number = value.as_f64().filter(|number| (least..=most).contains(number));
            number
                .ok_or_else(|| self.wrong(name, format!("must be a number from {least} to {most}")))
        };
        self.get(name).map(accept).transpose()
    }

    /// An optional member that must be a whole number from `least` to `most`.
    pub fn whole(&self, name: &str, least: u32, most: u32) -> Result<Option<u32>, InvalidField> {
        let accept = |value: &Value| {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.filter(|number| (least..=most).contains(number)).ok_or_else(|| {
                self.wrong(name, format!("must be a whole number from {least} to {most}"))
            })
        };
        self.get(name).map(accept).transpose()
    }

    /// The error of a member.
    pub fn wrong(&self, name: &str, message: impl Into<String>) -> InvalidField {
        InvalidField::new(format!("{}{name}", self.prefix), message)
    }
}
