//! Conditions: what of DynamoDB's language functions use.

use std::cmp::Ordering;

use dynoxide::{AttributeValue, Item};

use super::request::Scope;
use super::text::{Word, Words};

/// A condition on an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Exists(String),
    Missing(String),
    Compare(Operand, Comparison, Operand),
    In(Operand, Vec<Operand>),
}

/// An attribute or a value, by the word for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Name(String),
    Value(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a word stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'a> {
    Is(&'a AttributeValue),
    /// An attribute that is not there.
    Nothing,
}

impl Condition {
    /// `None` if it is not understood in every part.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = Words::of(text)?;
        let condition = any(&mut words)?;
        words.is_at_end().then_some(condition)
    }

    /// The words that stand for names and values in it.
    pub fn operands(&self) -> Vec<Operand> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::operands).collect(),
            Self::Exists(name) | Self::Missing(name) => vec![Operand::Name(name.clone())],
            Self::Compare(left, _, right) => vec![left.clone(), right.clone()],
            Self::In(one, others) => [one].into_iter().chain(others).cloned().collect(),
        }
    }

    /// Whether it holds; `None` if that is beyond what is understood here.
    pub fn holds(&self, item: &Item, scope: &Scope) -> Option<bool> {
        match self {
            Self::All(parts) => {
                parts.iter().try_fold(true, |all, part| Some(part.holds(item, scope)? && all))
            }
            Self::Any(parts) => {
                parts.iter().try_fold(false, |any, part| Some(part.holds(item, scope)? || any))
            }
            Self::Exists(name) => Some(item.contains_key(scope.name(name)?)),
            Self::Missing(name) => Some(!item.contains_key(scope.name(name)?)),
            Self::Compare(left, comparison, right) => {
                compare(left.resolve(item, scope)?, *comparison, right.resolve(item, scope)?)
            }
            Self::In(one, others) => others.iter().try_fold(false, |found, other| {
                let (one, other) = (one.resolve(item, scope)?, other.resolve(item, scope)?);
                Some(compare(one, Comparison::Equal, other)? || found)
            }),
        }
    }
}

impl Found<'_> {
    /// The value, which an update must find.
    pub fn value(&self) -> Option<&AttributeValue> {
        match self {
            Self::Is(value) => Some(value),
            Self::Nothing => None,
        }
    }
}

impl Operand {
    pub fn parse(words: &mut Words) -> Option<Self> {
        match words.next()? {
            Word::Name(name) => Some(Self::Name(name)),
            Word::Value(value) => Some(Self::Value(value)),
            Word::Sign(_) => None,
        }
    }

    /// What it stands for; `None` if nobody says.
    pub fn resolve<'a>(&self, item: &'a Item, scope: &'a Scope) -> Option<Found<'a>> {
        match self {
            Self::Name(name) => Some(item.get(scope.name(name)?).map_or(Found::Nothing, Found::Is)),
            Self::Value(value) => scope.values.get(value).map(Found::Is),
        }
    }
}

fn any(words: &mut Words) -> Option<Condition> {
    let mut parts = vec![all(words)?];
    while words.takes_word("OR") {
        parts.push(all(words)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
}

fn all(words: &mut Words) -> Option<Condition> {
    let mut parts = vec![one(words)?];
    while words.takes_word("AND") {
        parts.push(one(words)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
}

fn one(words: &mut Words) -> Option<Condition> {
    if words.takes("(") {
        let inner = any(words)?;
        return words.takes(")").then_some(inner);
    }
    for (function, make) in [
        ("attribute_exists", Condition::Exists as fn(String) -> Condition),
        ("attribute_not_exists", Condition::Missing),
    ] {
        if words.takes_word(function) {
            let name = if words.takes("(") { words.name()? } else { return None };
            return words.takes(")").then(|| make(name));
        }
    }
    let left = Operand::parse(words)?;
    if words.takes_word("IN") {
        return list(words).map(|others| Condition::In(left, others));
    }
    let comparison = match words.next()? {
        Word::Sign("=") => Comparison::Equal,
        Word::Sign("<") => Comparison::Less,
        Word::Sign("<=") => Comparison::LessOrEqual,
        Word::Sign(">") => Comparison::Greater,
        Word::Sign(">=") => Comparison::GreaterOrEqual,
        _ => return None,
    };
    Some(Condition::Compare(left, comparison, Operand::parse(words)?))
}

fn list(words: &mut Words) -> Option<Vec<Operand>> {
    if !words.takes("(") {
        return None;
    }
    let mut operands = vec![Operand::parse(words)?];
    while words.takes(",") {
        operands.push(Operand::parse(words)?);
    }
    words.takes(")").then_some(operands)
}

fn compare(left: Found<'_>, comparison: Comparison, right: Found<'_>) -> Option<bool> {
    let (Found::Is(left), Found::Is(right)) = (left, right) else { return Some(false) };
    let order = order(left, right)?;
    Some(match comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}

/// The order of two texts or two whole numbers.
fn order(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.cmp(right)),
        (AttributeValue::N(left), AttributeValue::N(right)) => {
            Some(left.parse::<i64>().ok()?.cmp(&right.parse().ok()?))
        }
        _ => None,
    }
}
