//! Which origins' pages may read what the HTTP API and the buckets answer.

use serde::{Deserialize, Serialize};

use crate::document::typed;
use crate::{Resolver, Resource, TemplateError};

/// What pages of other origins may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "PascalCase"), deny_unknown_fields)]
pub struct Cors {
    /// The origins, or `*`.
    #[serde(alias = "AllowOrigins", alias = "AllowedOrigins", deserialize_with = "list")]
    pub origins: Vec<String>,
    /// The methods that they may use.
    #[serde(alias = "AllowMethods", alias = "AllowedMethods", deserialize_with = "list")]
    pub methods: Vec<String>,
    /// The request headers that they may set.
    #[serde(alias = "AllowHeaders", alias = "AllowedHeaders", deserialize_with = "list")]
    pub headers: Vec<String>,
    /// The response headers that they may read.
    #[serde(alias = "ExposeHeaders", alias = "ExposedHeaders", deserialize_with = "list")]
    pub exposed: Vec<String>,
    /// For how many seconds a browser may keep this.
    pub max_age: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Rules {
    cors_rules: [Cors; 1],
}

/// A list, or the text of a parameter that is one.
fn list<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        Text(String),
        Items(Vec<String>),
    }
    Ok(match List::deserialize(deserializer)? {
        List::Text(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
        List::Items(items) => items,
    })
}

impl Cors {
    /// What the HTTP API says.
    pub(crate) fn of_api(resolver: &Resolver<'_>) -> Result<Option<Self>, TemplateError> {
        let apis = resolver.resources_of("AWS::Serverless::HttpApi")?;
        apis.first().map_or(Ok(None), |api| configuration(resolver, api))
    }

    /// What the first bucket says, in its only rule.
    pub(crate) fn of_bucket(resolver: &Resolver<'_>) -> Result<Option<Self>, TemplateError> {
        let buckets = resolver.resources_of("AWS::S3::Bucket")?;
        let rules: Option<Rules> =
            buckets.first().map_or(Ok(None), |bucket| configuration(resolver, bucket))?;
        Ok(rules.map(|Rules { cors_rules: [rule] }| rule))
    }

    /// What `Access-Control-Allow-Origin` answers to `origin`; `None` if it may not read.
    #[must_use]
    pub fn allowed<'a>(&self, origin: &'a str) -> Option<&'a str> {
        if self.origins.iter().any(|one| one == "*") {
            return Some("*");
        }
        self.origins.iter().any(|one| one == origin).then_some(origin)
    }
}

fn configuration<T: serde::de::DeserializeOwned>(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
) -> Result<Option<T>, TemplateError> {
    let Some(value) = resource.property("CorsConfiguration") else { return Ok(None) };
    let path = resource.path().key("CorsConfiguration");
    resolver.resolve(value, &path)?.map(|value| typed(value, &path)).transpose()
}
