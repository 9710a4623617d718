//! One write: from the item as it is to the item as it will be, or to a refusal.

use std::sync::Arc;

use dynoxide::types::{MAX_ITEM_SIZE, item_size};
use dynoxide::validation::normalize_item_sets;
use dynoxide::{DynoxideError, Item};

use super::condition::Condition;
use super::request::{Request, Scope, is_plain};
use super::schema::Schema;
use super::update::Update;
use crate::aws::json::JsonAnswer;

/// A write that is understood in every part.
#[derive(Debug)]
pub(super) struct Write {
    pub schema: Arc<Schema>,
    /// The whole item, or the key of the one to update.
    pub given: Item,
    update: Option<Arc<Update>>,
    condition: Option<Arc<Condition>>,
    scope: Scope,
    /// Whether a refusal shows the item.
    shows_old: bool,
    /// Whether the answer shows the item.
    shows_new: bool,
}

/// What is to become of an item.
pub(super) enum Next {
    /// This.
    Item(Item),
    /// Nothing: the condition does not hold.
    Refused(JsonAnswer),
}

impl Write {
    /// `None` if it is not one to be done here.
    pub fn new(
        request: Request,
        schema: Arc<Schema>,
        condition: Option<Arc<Condition>>,
        update: Option<Arc<Update>>,
    ) -> Option<Self> {
        let mut operands = condition.as_ref().map(|one| one.operands()).unwrap_or_default();
        operands.extend(update.as_ref().map(|one| one.operands()).unwrap_or_default());
        let scope = Scope {
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
        let mut given = request.item.or(request.key)?;
        if !scope.is_of(&operands) || !is_plain(&given) {
            return None;
        }
        if let Some(update) = &update {
            let targets = update.targets(&scope)?;
            let is_key = |name: &String| targets.contains(name.as_str());
            if given.len() != schema.key.len() || schema.key.iter().any(is_key) {
                return None;
            }
        }
        schema.key_of(&given)?;
        normalize_item_sets(&mut given);
        Some(Self { schema, given, update, condition, scope, shows_old, shows_new })
    }

    /// What becomes of the item that is `old` now; `None` if it cannot be told here.
    pub fn next(&self, old: Option<&Item>) -> Option<Next> {
        let nothing = Item::new();
        if let Some(condition) = &self.condition
            && !condition.holds(old.unwrap_or(&nothing), &self.scope)?
        {
            return Some(Next::Refused(refusal(old.filter(|_| self.shows_old))));
        }
        let Some(update) = &self.update else {
            let fits = item_size(&self.given) <= MAX_ITEM_SIZE;
            return fits.then(|| Next::Item(self.given.clone()));
        };
        let mut item = old.unwrap_or(&self.given).clone();
        update.apply(&mut item, &self.scope)?;
        normalize_item_sets(&mut item);
        self.schema.key_of(&item)?;
        (item_size(&item) <= MAX_ITEM_SIZE).then_some(Next::Item(item))
    }

    /// The answer to a write that has left the item with this text.
    pub fn answer(&self, item: &str) -> JsonAnswer {
        let text = if self.shows_new { format!(r#"{{"Attributes":{item}}}"#) } else { "{}".into() };
        JsonAnswer::ok(text.into_bytes())
    }
}

fn refusal(shown: Option<&Item>) -> JsonAnswer {
    let message = "The conditional request failed".to_owned();
    let error = DynoxideError::ConditionalCheckFailedException(message, shown.cloned());
    JsonAnswer {
        status: error.status_code(),
        body: error.to_json().into_bytes(),
        query_error: None,
    }
}
