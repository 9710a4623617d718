//! The subset of DynamoDB's update expressions that functions use.

use std::collections::HashSet;

use dynoxide::{AttributeValue, Item};

use super::condition::Operand;
use super::lexer::Tokens;
use super::request::Bindings;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Update {
    set: Vec<(String, Source)>,
    remove: Vec<String>,
}

/// The value that an attribute is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Plain(Operand),
    /// The attribute, or else the operand.
    IfNotExists(String, Operand),
    Sum(Operand, Operand),
}

impl Update {
    /// `None` if any part is not supported.
    pub fn parse(text: &str) -> Option<Self> {
        let mut tokens = Tokens::lex(text)?;
        let mut update = Self::default();
        while !tokens.is_at_end() {
            if tokens.consume_keyword("SET") && update.set.is_empty() {
                update.set = tokens.list(parse_assignment)?;
            } else if tokens.consume_keyword("REMOVE") && update.remove.is_empty() {
                update.remove = tokens.list(Tokens::name)?;
            } else {
                return None;
            }
        }
        Some(update)
    }

    pub fn operands(&self) -> Vec<Operand> {
        let removed = self.remove.iter().cloned().map(Operand::Name);
        let set = self.set.iter().flat_map(|(name, source)| {
            source.operands().into_iter().chain([Operand::Name(name.clone())])
        });
        removed.chain(set).collect()
    }

    /// The attributes that it changes; `None` if one is named twice.
    pub fn targets<'a>(&'a self, bindings: &'a Bindings) -> Option<HashSet<&'a str>> {
        let mut targets = HashSet::new();
        for name in self.set.iter().map(|(name, _)| name).chain(&self.remove) {
            if !targets.insert(bindings.name(name)?) {
                return None;
            }
        }
        Some(targets)
    }

    /// Applies it to `item`; every value is computed from the old item. `None` if it is not
    /// supported here.
    pub fn apply(&self, item: &mut Item, bindings: &Bindings) -> Option<()> {
        let mut changes = Vec::with_capacity(self.set.len());
        for (name, source) in &self.set {
            changes.push((bindings.name(name)?.to_owned(), source.value(item, bindings)?));
        }
        for name in &self.remove {
            item.remove(bindings.name(name)?);
        }
        item.extend(changes);
        Some(())
    }
}

impl Source {
    fn operands(&self) -> Vec<Operand> {
        match self {
            Self::Plain(operand) => vec![operand.clone()],
            Self::IfNotExists(name, operand) => vec![Operand::Name(name.clone()), operand.clone()],
            Self::Sum(left, right) => vec![left.clone(), right.clone()],
        }
    }

    fn value(&self, item: &Item, bindings: &Bindings) -> Option<AttributeValue> {
        match self {
            Self::Plain(operand) => operand.resolve(item, bindings)?.value().cloned(),
            Self::IfNotExists(name, operand) => match item.get(bindings.name(name)?) {
                Some(present) => Some(present.clone()),
                None => operand.resolve(item, bindings)?.value().cloned(),
            },
            Self::Sum(left, right) => {
                let left = whole_number(left.resolve(item, bindings)?.value()?)?;
                let right = whole_number(right.resolve(item, bindings)?.value()?)?;
                Some(AttributeValue::N(left.checked_add(right)?.to_string()))
            }
        }
    }
}

fn whole_number(value: &AttributeValue) -> Option<i64> {
    match value {
        AttributeValue::N(number) => number.parse().ok(),
        _ => None,
    }
}

fn parse_assignment(tokens: &mut Tokens) -> Option<(String, Source)> {
    let name = tokens.name()?;
    if !tokens.consume("=") {
        return None;
    }
    if tokens.consume_keyword("if_not_exists") {
        return tokens.in_parentheses(|tokens| {
            let present = tokens.name()?;
            let other = if tokens.consume(",") { Operand::parse(tokens)? } else { return None };
            Some((name, Source::IfNotExists(present, other)))
        });
    }
    let first = Operand::parse(tokens)?;
    let source = if tokens.consume("+") {
        Source::Sum(first, Operand::parse(tokens)?)
    } else {
        Source::Plain(first)
    };
    Some((name, source))
}
