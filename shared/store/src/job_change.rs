//! Saving a change of a job.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use domain::{Job, JobId};

use crate::change::Change;
use crate::item::{number, read, text};
use crate::keys::{Attributes, job};
use crate::{Store, StoreError};

/// What became of a change.
#[derive(Debug)]
pub enum Changed {
    /// It is saved; the job as it is now.
    Done(Box<Job>),
    /// It no longer fits; the job as it is, or `None` if there is none.
    Refused(Option<Box<Job>>),
}

impl Store {
    /// Saves `change`, if the job is such that it may happen.
    pub async fn change(&self, id: &JobId, change: &Change) -> Result<Changed, StoreError> {
        let expressions = Expressions::new(change);
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(job(id)))
            .update_expression(expressions.update)
            .condition_expression(expressions.condition)
            .set_expression_attribute_names(Some(expressions.names))
            .set_expression_attribute_values(Some(expressions.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(output) => Ok(Changed::Done(Box::new(read(output.attributes.unwrap_or_default())?))),
            Err(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                Ok(Changed::Refused(failed.item.map(read::<Job>).transpose()?.map(Box::new)))
            }
            Err(error) => Err(StoreError::call("change a job")(error)),
        }
    }
}

/// A change in DynamoDB's expression language. Every name goes through a placeholder, since
/// `state`, `owner` and `error` are reserved words or may become so.
#[derive(Default)]
struct Expressions {
    update: String,
    condition: String,
    names: HashMap<String, String>,
    values: Attributes,
}

impl Expressions {
    fn new(change: &Change) -> Self {
        let mut this = Self::default();
        let mut assignments = Vec::new();
        for (name, value) in &change.set {
            let name_at = this.name(name);
            let value_at = this.value(value.clone());
            assignments.push(format!("{name_at} = {value_at}"));
        }
        if let Some((name, value)) = &change.set_once {
            let name_at = this.name(name);
            let value_at = this.value(value.clone());
            assignments.push(format!("{name_at} = if_not_exists({name_at}, {value_at})"));
        }
        this.update = format!("SET {}", assignments.join(", "));
        if !change.remove.is_empty() {
            let names: Vec<_> = change.remove.iter().map(|name| this.name(name)).collect();
            this.update = format!("{} REMOVE {}", this.update, names.join(", "));
        }
        this.condition = this.condition(change);
        this
    }

    fn condition(&mut self, change: &Change) -> String {
        let states: Vec<_> =
            change.from.iter().map(|state| self.value(text(state.as_str()))).collect();
        let mut condition = format!("{} IN ({})", self.name("state"), states.join(", "));
        if let Some(attempt) = change.fence {
            let value = self.value(number(attempt.0));
            condition = format!("{condition} AND {} = {value}", self.name("attempt"));
        }
        if let Some(owner) = &change.owner {
            let value = self.value(text(owner.as_str()));
            condition = format!("{condition} AND {} = {value}", self.name("owner"));
        }
        condition
    }

    fn name(&mut self, name: &str) -> String {
        let placeholder = format!("#{name}");
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }
}
