//! The subset of DynamoDB's condition expressions that functions use.

use std::cmp::Ordering;

use dynoxide::{AttributeValue, Item};

use super::lexer::{Token, Tokens};
use super::request::Bindings;

/// A condition on an item.
#[derive(Debug)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Exists(String),
    Missing(String),
    Compare(Operand, Comparison, Operand),
    In(Operand, Vec<Operand>),
}

/// An attribute or a value, by its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Name(String),
    Value(String),
}

/// Whether a comparison holds for operands of that order.
type Comparison = fn(Ordering) -> bool;

/// What an operand resolves to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Resolved<'a> {
    Value(&'a AttributeValue),
    /// The item has no such attribute.
    Absent,
}

impl Condition {
    /// `None` if any part is not supported.
    pub fn parse(text: &str) -> Option<Self> {
        let mut tokens = Tokens::lex(text)?;
        let condition = parse_or(&mut tokens)?;
        tokens.is_at_end().then_some(condition)
    }

    pub fn operands(&self) -> Vec<Operand> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::operands).collect(),
            Self::Exists(name) | Self::Missing(name) => vec![Operand::Name(name.clone())],
            Self::Compare(left, _, right) => vec![left.clone(), right.clone()],
            Self::In(one, others) => [one].into_iter().chain(others).cloned().collect(),
        }
    }

    /// Whether it holds; `None` if that is not supported here.
    pub fn holds(&self, item: &Item, bindings: &Bindings) -> Option<bool> {
        match self {
            Self::All(parts) => {
                parts.iter().try_fold(true, |all, part| Some(part.holds(item, bindings)? && all))
            }
            Self::Any(parts) => {
                parts.iter().try_fold(false, |any, part| Some(part.holds(item, bindings)? || any))
            }
            Self::Exists(name) => Some(item.contains_key(bindings.name(name)?)),
            Self::Missing(name) => Some(!item.contains_key(bindings.name(name)?)),
            Self::Compare(left, comparison, right) => {
                compare(left.resolve(item, bindings)?, *comparison, right.resolve(item, bindings)?)
            }
            Self::In(one, others) => others.iter().try_fold(false, |found, other| {
                let (one, other) = (one.resolve(item, bindings)?, other.resolve(item, bindings)?);
                Some(compare(one, Ordering::is_eq, other)? || found)
            }),
        }
    }
}

impl Resolved<'_> {
    /// The value; `None` if the attribute is absent.
    pub fn value(&self) -> Option<&AttributeValue> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent => None,
        }
    }
}

impl Operand {
    pub fn parse(tokens: &mut Tokens) -> Option<Self> {
        match tokens.next()? {
            Token::Name(name) => Some(Self::Name(name)),
            Token::Value(value) => Some(Self::Value(value)),
            Token::Symbol(_) => None,
        }
    }

    /// Resolves it; `None` if its placeholder is not bound.
    pub fn resolve<'a>(&self, item: &'a Item, bindings: &'a Bindings) -> Option<Resolved<'a>> {
        match self {
            Self::Name(name) => {
                Some(item.get(bindings.name(name)?).map_or(Resolved::Absent, Resolved::Value))
            }
            Self::Value(value) => bindings.values.get(value).map(Resolved::Value),
        }
    }
}

fn parse_or(tokens: &mut Tokens) -> Option<Condition> {
    parse_joined(tokens, "OR", parse_and, Condition::Any)
}

fn parse_and(tokens: &mut Tokens) -> Option<Condition> {
    parse_joined(tokens, "AND", parse_term, Condition::All)
}

fn parse_joined(
    tokens: &mut Tokens,
    keyword: &str,
    parse: fn(&mut Tokens) -> Option<Condition>,
    join: fn(Vec<Condition>) -> Condition,
) -> Option<Condition> {
    let mut parts = vec![parse(tokens)?];
    while tokens.consume_keyword(keyword) {
        parts.push(parse(tokens)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { join(parts) })
}

fn parse_term(tokens: &mut Tokens) -> Option<Condition> {
    if tokens.peek() == Some(&Token::Symbol("(")) {
        return tokens.in_parentheses(parse_or);
    }
    for (function, make) in [
        ("attribute_exists", Condition::Exists as fn(String) -> Condition),
        ("attribute_not_exists", Condition::Missing),
    ] {
        if tokens.consume_keyword(function) {
            return tokens.in_parentheses(Tokens::name).map(make);
        }
    }
    let left = Operand::parse(tokens)?;
    if tokens.consume_keyword("IN") {
        let others = tokens.in_parentheses(|tokens| tokens.list(Operand::parse));
        return others.map(|others| Condition::In(left, others));
    }
    let comparison: Comparison = match tokens.next()? {
        Token::Symbol("=") => Ordering::is_eq,
        Token::Symbol("<") => Ordering::is_lt,
        Token::Symbol("<=") => Ordering::is_le,
        Token::Symbol(">") => Ordering::is_gt,
        Token::Symbol(">=") => Ordering::is_ge,
        _ => return None,
    };
    Some(Condition::Compare(left, comparison, Operand::parse(tokens)?))
}

fn compare(left: Resolved<'_>, comparison: Comparison, right: Resolved<'_>) -> Option<bool> {
    match (left, right) {
        (Resolved::Value(left), Resolved::Value(right)) => order(left, right).map(comparison),
        _ => Some(false),
    }
}

/// The order of two strings or two whole numbers.
fn order(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.cmp(right)),
        (AttributeValue::N(left), AttributeValue::N(right)) => {
            Some(left.parse::<i64>().ok()?.cmp(&right.parse().ok()?))
        }
        _ => None,
    }
}
