//! Updates: what of DynamoDB's language functions use.

use std::collections::HashSet;

use dynoxide::{AttributeValue, Item};

use super::condition::Operand;
use super::request::Scope;
use super::text::Words;

/// A change of an item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Update {
    set: Vec<(String, Source)>,
    remove: Vec<String>,
}

/// What an attribute is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Plain(Operand),
    /// The attribute, or the other if that is not there.
    Else(String, Operand),
    Sum(Operand, Operand),
}

impl Update {
    /// `None` if it is not understood in every part.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = Words::of(text)?;
        let mut update = Self::default();
        while !words.is_at_end() {
            if words.takes_word("SET") && update.set.is_empty() {
                update.set = each(&mut words, assignment)?;
            } else if words.takes_word("REMOVE") && update.remove.is_empty() {
                update.remove = each(&mut words, Words::name)?;
            } else {
                return None;
            }
        }
        Some(update)
    }

    /// The words that stand for names and values in it.
    pub fn operands(&self) -> Vec<Operand> {
        let removed = self.remove.iter().cloned().map(Operand::Name);
        let set = self.set.iter().flat_map(|(name, source)| {
            let mut operands = source.operands();
            operands.push(Operand::Name(name.clone()));
            operands
        });
        removed.chain(set).collect()
    }

    /// The names of the attributes that it changes; `None` if one is named twice.
    pub fn targets<'a>(&'a self, scope: &'a Scope) -> Option<HashSet<&'a str>> {
        let mut targets = HashSet::new();
        for name in self.set.iter().map(|(name, _)| name).chain(&self.remove) {
            if !targets.insert(scope.name(name)?) {
                return None;
            }
        }
        Some(targets)
    }

    /// Changes `item`, all of it as seen before; `None` if it cannot be done here.
    pub fn apply(&self, item: &mut Item, scope: &Scope) -> Option<()> {
        let mut changes = Vec::with_capacity(self.set.len());
        for (name, source) in &self.set {
            changes.push((scope.name(name)?.to_owned(), source.value(item, scope)?));
        }
        for name in &self.remove {
            item.remove(scope.name(name)?);
        }
        item.extend(changes);
        Some(())
    }
}

impl Source {
    fn operands(&self) -> Vec<Operand> {
        match self {
            Self::Plain(operand) => vec![operand.clone()],
            Self::Else(name, operand) => vec![Operand::Name(name.clone()), operand.clone()],
            Self::Sum(left, right) => vec![left.clone(), right.clone()],
        }
    }

    fn value(&self, item: &Item, scope: &Scope) -> Option<AttributeValue> {
        match self {
            Self::Plain(operand) => operand.resolve(item, scope)?.value().cloned(),
            Self::Else(name, operand) => match item.get(scope.name(name)?) {
                Some(present) => Some(present.clone()),
                None => operand.resolve(item, scope)?.value().cloned(),
            },
            Self::Sum(left, right) => {
                let left = whole(left.resolve(item, scope)?.value()?)?;
                let right = whole(right.resolve(item, scope)?.value()?)?;
                Some(AttributeValue::N(left.checked_add(right)?.to_string()))
            }
        }
    }
}

fn whole(value: &AttributeValue) -> Option<i64> {
    match value {
        AttributeValue::N(number) => number.parse().ok(),
        _ => None,
    }
}

fn each<T>(words: &mut Words, read: impl Fn(&mut Words) -> Option<T>) -> Option<Vec<T>> {
    let mut all = vec![read(words)?];
    while words.takes(",") {
        all.push(read(words)?);
    }
    Some(all)
}

fn assignment(words: &mut Words) -> Option<(String, Source)> {
    let name = words.name()?;
    if !words.takes("=") {
        return None;
    }
    if words.takes_word("if_not_exists") {
        let present = if words.takes("(") { words.name()? } else { return None };
        let other = if words.takes(",") { Operand::parse(words)? } else { return None };
        return words.takes(")").then_some((name, Source::Else(present, other)));
    }
    let first = Operand::parse(words)?;
    let source = if words.takes("+") {
        Source::Sum(first, Operand::parse(words)?)
    } else {
        Source::Plain(first)
    };
    Some((name, source))
}
