//! One write: evaluates its condition, and computes the new item from the old one.

use std::sync::Arc;

use dynoxide::types::{MAX_ITEM_SIZE, item_size};
use dynoxide::validation::normalize_item_sets;
use dynoxide::{DynoxideError, Item};

use super::condition::Condition;
use super::request::{Bindings, Request, is_plain};
use super::schema::Schema;
use super::update::Update;
use crate::aws::dynamodb::dispatch;
use crate::aws::json::JsonAnswer;

/// A write that is supported in every part.
#[derive(Debug)]
pub(super) struct Write {
    pub schema: Arc<Schema>,
    /// The whole item, or the key of the one to update.
    pub input: Item,
    update: Option<Arc<Update>>,
    condition: Option<Arc<Condition>>,
    bindings: Bindings,
    /// Whether a failed condition returns the item.
    shows_old: bool,
    /// Whether the answer returns the item.
    shows_new: bool,
}

/// The outcome of a write.
pub(super) enum Outcome {
    /// The new item.
    Item(Item),
    /// The condition does not hold; nothing is written.
    ConditionFailed(JsonAnswer),
}

impl Write {
    /// `None` if it is not supported here.
    pub fn new(
        request: Request,
        schema: Arc<Schema>,
        condition: Option<Arc<Condition>>,
        update: Option<Arc<Update>>,
    ) -> Option<Self> {
        let mut operands = condition.as_ref().map(|one| one.operands()).unwrap_or_default();
        operands.extend(update.as_ref().map(|one| one.operands()).unwrap_or_default());
        let bindings = Bindings {
            names: request.expression_attribute_names.unwrap_or_default(),
            values: request.expression_attribute_values.unwrap_or_default(),
        };
        let shows_new = match request.return_values.as_deref() {
            None | Some("NONE") => false,
            Some("ALL_NEW") if update.is_some() => true,
            Some(_) => return None,
        };
        let shows_old = match request.return_values_on_condition_check_failure.as_deref() {
            None | Some("NONE") => false,
            Some("ALL_OLD") => true,
            Some(_) => return None,
        };
        let mut input = request.item.or(request.key)?;
        if !bindings.match_exactly(&operands) || !is_plain(&input) {
            return None;
        }
        if let Some(update) = &update {
            let targets = update.targets(&bindings)?;
            let is_key = |name: &String| targets.contains(name.as_str());
            if input.len() != schema.key.len() || schema.key.iter().any(is_key) {
                return None;
            }
        }
        schema.key_of(&input)?;
        normalize_item_sets(&mut input);
        Some(Self { schema, input, update, condition, bindings, shows_old, shows_new })
    }

    /// The outcome for the item `old`; `None` if it is not supported here.
    pub fn evaluate(&self, old: Option<&Item>) -> Option<Outcome> {
        let nothing = Item::new();
        if let Some(condition) = &self.condition
            && !condition.holds(old.unwrap_or(&nothing), &self.bindings)?
        {
            return Some(Outcome::ConditionFailed(condition_failed(
                old.filter(|_| self.shows_old),
            )));
        }
        let Some(update) = &self.update else {
            let fits = item_size(&self.input) <= MAX_ITEM_SIZE;
            return fits.then(|| Outcome::Item(self.input.clone()));
        };
        let mut item = old.unwrap_or(&self.input).clone();
        update.apply(&mut item, &self.bindings)?;
        normalize_item_sets(&mut item);
        self.schema.key_of(&item)?;
        (item_size(&item) <= MAX_ITEM_SIZE).then_some(Outcome::Item(item))
    }

    /// The answer to a write that stored `item`.
    pub fn answer(&self, item: &str) -> JsonAnswer {
        let text = if self.shows_new { format!(r#"{{"Attributes":{item}}}"#) } else { "{}".into() };
        JsonAnswer::ok(text.into_bytes())
    }
}

fn condition_failed(shown: Option<&Item>) -> JsonAnswer {
    let message = "The conditional request failed".to_owned();
    let error = DynoxideError::ConditionalCheckFailedException(message, shown.cloned());
    dispatch::refusal(&error)
}
