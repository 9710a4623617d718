//! The subset of DynamoDB's condition expressions that functions use.

use std::cmp::Ordering;

use dynoxide::{AttributeValue, Item};

use super::lexer::{Token, Tokens};
use super::request::Bindings;

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

/// An attribute or a value, by its token.
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
                Some(compare(one, Comparison::Equal, other)? || found)
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
    let mut parts = vec![parse_and(tokens)?];
    while tokens.consume_keyword("OR") {
        parts.push(parse_and(tokens)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::Any(parts) })
}

fn parse_and(tokens: &mut Tokens) -> Option<Condition> {
    let mut parts = vec![parse_term(tokens)?];
    while tokens.consume_keyword("AND") {
        parts.push(parse_term(tokens)?);
    }
    Some(if parts.len() == 1 { parts.remove(0) } else { Condition::All(parts) })
}

fn parse_term(tokens: &mut Tokens) -> Option<Condition> {
    if tokens.consume("(") {
        let inner = parse_or(tokens)?;
        return tokens.consume(")").then_some(inner);
    }
    for (function, make) in [
        ("attribute_exists", Condition::Exists as fn(String) -> Condition),
        ("attribute_not_exists", Condition::Missing),
    ] {
        if tokens.consume_keyword(function) {
            let name = if tokens.consume("(") { tokens.name()? } else { return None };
            return tokens.consume(")").then(|| make(name));
        }
    }
    let left = Operand::parse(tokens)?;
    if tokens.consume_keyword("IN") {
        return parse_list(tokens).map(|others| Condition::In(left, others));
    }
    let comparison = match tokens.next()? {
        Token::Symbol("=") => Comparison::Equal,
        Token::Symbol("<") => Comparison::Less,
        Token::Symbol("<=") => Comparison::LessOrEqual,
        Token::Symbol(">") => Comparison::Greater,
        Token::Symbol(">=") => Comparison::GreaterOrEqual,
        _ => return None,
    };
    Some(Condition::Compare(left, comparison, Operand::parse(tokens)?))
}

fn parse_list(tokens: &mut Tokens) -> Option<Vec<Operand>> {
    if !tokens.consume("(") {
        return None;
    }
    let mut operands = vec![Operand::parse(tokens)?];
    while tokens.consume(",") {
        operands.push(Operand::parse(tokens)?);
    }
    tokens.consume(")").then_some(operands)
}

fn compare(left: Resolved<'_>, comparison: Comparison, right: Resolved<'_>) -> Option<bool> {
    let (Resolved::Value(left), Resolved::Value(right)) = (left, right) else { return Some(false) };
    let order = order(left, right)?;
    Some(match comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
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
