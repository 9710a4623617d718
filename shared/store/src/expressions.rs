//! Update expressions. Every attribute name has a placeholder: `state`, `owner` and `error` are
//! reserved words or may become so.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::keys::Attributes;

/// The parts of an update expression, with its names and values.
#[derive(Debug)]
pub(crate) struct Expressions {
    set: Vec<String>,
    add: Vec<String>,
    delete: Vec<String>,
    remove: Vec<String>,
    pub(crate) names: HashMap<String, String>,
    pub(crate) values: Attributes,
}

/// Capacity for the names and values of all but rare changes. Maps that grow step by step took
/// 1 in 20 of an inbound webhook's instructions.
const CAPACITY: usize = 14;

impl Default for Expressions {
    fn default() -> Self {
        Self {
            set: Vec::with_capacity(CAPACITY),
            add: Vec::new(),
            delete: Vec::new(),
            remove: Vec::new(),
            names: HashMap::with_capacity(CAPACITY),
            values: HashMap::with_capacity(CAPACITY),
        }
    }
}

impl Expressions {
    /// Sets the attribute `name`.
    pub(crate) fn set(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push([&*name, " = ", &value].concat());
    }

    /// Sets the attribute `name` if it is absent.
    pub(crate) fn set_once(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.set.push(format!("{name} = if_not_exists({name}, {value})"));
    }

    /// Sets the attribute `name` to `expression`.
    pub(crate) fn set_to(&mut self, name: &str, expression: &str) {
        let name = self.name(name);
        self.set.push([&*name, " = ", expression].concat());
    }

    /// Appends the list `values` to the list `name`, which may be absent.
    pub(crate) fn append(&mut self, name: &str, values: AttributeValue) {
        let (name, values) = (self.name(name), self.value(values));
        let none = self.value(AttributeValue::L(Vec::new()));
        self.set.push(format!("{name} = list_append(if_not_exists({name}, {none}), {values})"));
    }

    /// Adds `value` to the number or the set `name`, which may be absent.
    pub(crate) fn add(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.add.push([&*name, " ", &value].concat());
    }

    /// Deletes the members of `value` from the set `name`.
    pub(crate) fn delete(&mut self, name: &str, value: AttributeValue) {
        let (name, value) = (self.name(name), self.value(value));
        self.delete.push([&*name, " ", &value].concat());
    }

    /// Removes the attribute `name`.
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
        part("SET", &self.set)
            + &part("ADD", &self.add)
            + &part("DELETE", &self.delete)
            + &part("REMOVE", &self.remove)
    }

    /// The placeholder of the attribute `name`.
    pub(crate) fn name(&mut self, name: &str) -> String {
        let placeholder = ["#", name].concat();
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    /// A placeholder for `value`.
    pub(crate) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = [":", &self.values.len().to_string()].concat();
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}
