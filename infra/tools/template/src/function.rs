//! Functions with what is compared with their code: triggers, variables and policies.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_yaml_ng::Value;
use template::{Resolver, Resource, TemplateError, typed};

/// Lambda's default memory, in MB.
const DEFAULT_MEMORY: u64 = 128;
/// Lambda's default processor.
const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// A Lambda function, completed from `Globals`.
#[derive(Debug, Serialize)]
pub struct Function {
    /// Its key in the template.
    pub logical_id: String,
    /// Its `CodeUri`.
    pub code: String,
    /// Its memory, in MB.
    pub memory: u64,
    /// The processor that it is built for.
    pub architecture: String,
    /// The log group that the template gives it, if any.
    pub log_group: Option<String>,
    /// The environment variables whose values are known only once deployed, or never set.
    pub deferred: Vec<String>,
    /// The statements of its policies.
    pub statements: Vec<Statement>,
    /// What the embedded cloud runs.
    #[serde(flatten)]
    pub definition: template::Function,
}

/// A statement of a policy. It allows.
#[derive(Debug, Serialize)]
pub struct Statement {
    /// Actions, such as `dynamodb:GetItem`.
    pub actions: Vec<String>,
    /// The ARNs on which they are allowed.
    pub resources: Vec<String>,
    /// The `Condition` under which they are, as IAM has it; null if there is none.
    pub condition: Json,
}

/// Every function, from those that `Document::resolve` reads.
pub fn all(
    resolver: &Resolver<'_>,
    definitions: Vec<template::Function>,
) -> Result<Vec<Function>, TemplateError> {
    let resources = resolver.resources_of("AWS::Serverless::Function")?;
    let pairs = resources.iter().zip(definitions);
    pairs.map(|(resource, definition)| function(resolver, resource, definition)).collect()
}

fn function<'a>(
    resolver: &Resolver<'a>,
    resource: &Resource<'a>,
    definition: template::Function,
) -> Result<Function, TemplateError> {
    let architectures: Option<[String; 1]> = property(resolver, resource, "Architectures")?;
    let logging: Option<Logging> = property(resolver, resource, "LoggingConfig")?;
    let policies: Option<Vec<Policy>> = property(resolver, resource, "Policies")?;
    let statements = policies.into_iter().flatten().flat_map(|policy| policy.statement);
    Ok(Function {
        logical_id: resource.id.to_owned(),
        code: property(resolver, resource, "CodeUri")?.unwrap_or_default(),
        memory: property(resolver, resource, "MemorySize")?.unwrap_or(DEFAULT_MEMORY),
        architecture: architectures.unwrap_or([DEFAULT_ARCHITECTURE.to_owned()]).concat(),
        log_group: logging.and_then(|logging| logging.log_group),
        deferred: deferred(resolver, resource),
        statements: statements.map(PolicyStatement::into_statement).collect(),
        definition,
    })
}

/// The property `name` of a function, its own or that of `Globals`.
fn property<'a, T: DeserializeOwned>(
    resolver: &Resolver<'a>,
    resource: &Resource<'a>,
    name: &str,
) -> Result<Option<T>, TemplateError> {
    let Some((value, path)) = resolver.function_property(resource, name) else { return Ok(None) };
    resolver.resolve(value, &path)?.map(|value| typed(value, &path)).transpose()
}

fn deferred<'a>(resolver: &Resolver<'a>, resource: &Resource<'a>) -> Vec<String> {
    let variables = resolver.variables(resource).into_iter();
    let deferred = variables.filter(|(_, (written, _))| !is_known(resolver, written));
    deferred.map(|(name, _)| name.to_owned()).collect()
}

/// Whether `written` is text or refers to a parameter with a default.
fn is_known(resolver: &Resolver<'_>, written: &Value) -> bool {
    match written {
        Value::Tagged(tagged) if tagged.tag == "Ref" => {
            let mut parameters = resolver.document.section("Parameters");
            let parameter = parameters.find(|(name, _)| tagged.value.as_str() == Some(*name));
            parameter.is_some_and(|(_, parameter)| parameter.get("Default").is_some())
        }
        Value::Tagged(_) | Value::Mapping(_) => false,
        _ => true,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Logging {
    log_group: Option<String>,
}

/// An inline policy. Managed policies and SAM's policy templates are not understood.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Policy {
    #[serde(rename = "Version")]
    _version: String,
    statement: Vec<PolicyStatement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PolicyStatement {
    #[serde(rename = "Effect")]
    _effect: Effect,
    action: OneOrMany,
    resource: OneOrMany,
    #[serde(default)]
    condition: Json,
}

#[derive(Deserialize)]
enum Effect {
    Allow,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl PolicyStatement {
    fn into_statement(self) -> Statement {
        Statement {
            actions: self.action.into_vec(),
            resources: self.resource.into_vec(),
            condition: self.condition,
        }
    }
}

impl OneOrMany {
    fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}
