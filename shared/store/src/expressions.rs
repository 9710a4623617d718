//! Updates in DynamoDB's expression language. Every name goes through a placeholder, since
//! `state`, `owner` and `error` are reserved words or may become so.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::keys::Attributes;

/// An update in the making, with the names and values that it speaks of.
#[derive(Debug)]
pub(crate) struct Expressions {
    set: Vec<String>,
    remove: Vec<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: Attributes,
}

/// As many names as a change has at most, but for rare ones. Tables that grow as they are filled
/// took 1 in 20 of an inbound webhook's instructions.
const USUAL: usize = 14;

impl Default for Expressions {
    fn default() -> Self {
        Self {
            set: Vec::with_capacity(USUAL),
            remove: Vec::new(),
            names: HashMap::with_capacity(USUAL),
            values: HashMap::with_capacity(USUAL),
        }
    }
}

impl Expressions {
    /// Sets the attribute `name`.
    pub(crate) fn set(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push([&*name, " = ", &value].concat());
    }

    /// Sets the attribute `name` unless it has a value.
    pub(crate) fn set_once(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
    }

    /// Sets the attribute `name` to `expression`.
    pub(crate) fn set_to(&mut self, name: &str, expression: &str) {
        let name = self.name(name);
        self.set.push([&*name, " = ", expression].concat());
    }

    /// Adds `values`, a list, to the list `name`, which need not be there.
    pub(crate) fn append(&mut self, name: &str, values: AttributeValue) {
        let (name, values) = (self.name(name), self.value(values));
        let none = self.value(AttributeValue::L(Vec::new()));
        self.set.push(format!("{name} = list_append(if_not_exists({name}, {none}), {values})"));
    }

    /// Takes the attribute `name` away.
    pub(crate) fn remove(&mut self, name: &str) {
        let name = self.name(name);
        self.remove.push(name);
    }

    /// The update expression.
    pub(crate) fn update(&self) -> String {
        let part = |verb: &str, parts: &[String]| {
            if parts.is_empty() {
                String::new()
            } else {
                [verb, " ", &parts.join(", "), " "].concat()
            }
        };
        part("SET", &self.set) + &part("REMOVE", &self.remove)
    }

    /// What stands for the name `name`.
    pub(crate) fn name(&mut self, name: &str) -> String {
        let placeholder = ["#", name].concat();
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    /// What stands for `value`.
    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = [":", &self.values.len().to_string()].concat();
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}
