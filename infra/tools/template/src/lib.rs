//! The template as data for developers' tools: everything in it that is compared with the code,
//! resolved, and the whole document for tools that transform it.
//!
//! The embedded cloud does not link this. What runs there is read by `template`; this adds
//! policies, alarms, log groups and parameters, by the same resolver.

mod function;
mod plain;
mod resources;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_yaml_ng::Value;
use template::{Document, Resolver, Surroundings, TemplateError};

pub use function::{Function, Statement};
pub use plain::Plain;
pub use resources::{Alarm, LogGroup, Queue};

/// The resolved template. Names, addresses and ARNs are those of the embedded cloud as `make up`
/// starts it.
#[derive(Debug, Serialize)]
pub struct Description<'a> {
    /// The functions, in the order of the template.
    pub functions: Vec<Function>,
    /// The queues.
    pub queues: Vec<Queue>,
    /// The alarms.
    pub alarms: Vec<Alarm>,
    /// The log groups.
    pub log_groups: Vec<LogGroup>,
    /// The parameters, each with its default.
    pub parameters: BTreeMap<&'a str, Option<Plain<'a>>>,
    /// The whole template, not resolved.
    pub document: Plain<'a>,
}

/// Reads everything that [`Description`] holds.
pub fn describe(document: &Document) -> Result<Description<'_>, TemplateError> {
    let surroundings = Surroundings {
        api_url: "http://127.0.0.1:8787".to_owned(),
        aws_url: "http://127.0.0.1:8788".to_owned(),
        ..Surroundings::default()
    };
    let resolver = Resolver::new(document, &surroundings);
    let template = document.resolve(&surroundings)?;
    let parameters = document.section("Parameters");
    Ok(Description {
        functions: function::all(&resolver, template.functions)?,
        queues: resources::queues(&resolver, template.queues)?,
        alarms: resources::alarms(&resolver)?,
        log_groups: resources::log_groups(&resolver)?,
        parameters: parameters.map(|(name, parameter)| (name, default(parameter))).collect(),
        document: Plain(document.root()),
    })
}

fn default(parameter: &Value) -> Option<Plain<'_>> {
    parameter.get("Default").map(Plain)
}
