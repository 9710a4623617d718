//! Saving a change of a job.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Job, JobId};

use crate::expressions::Expressions;
use crate::item::{number, read, text};
use crate::job::change::Change;
use crate::keys::{SEQUENCE, job};
use crate::{Result, Store};

/// The result of a change.
#[derive(Debug)]
pub enum Changed {
    /// It is saved; the job as it is now.
    Done(Box<Job>),
    /// Its condition failed; the job as it is, or `None` if there is none.
    Conflict(Option<Box<Job>>),
}

impl Store {
    /// Saves `change`, if its condition holds.
    pub async fn change(&self, id: &JobId, change: &Change) -> Result<Changed> {
        let (update, condition) = expressions(change);
        Ok(match self.update("change a job", job(id), update, condition).await? {
            Ok(item) => Changed::Done(Box::new(read(item)?)),
            Err(item) => Changed::Conflict(item.map(read).transpose()?.map(Box::new)),
        })
    }
}

/// The update, and the condition on which it is made.
pub(crate) fn expressions(change: &Change) -> (Expressions, String) {
    let mut update = Expressions::default();
    for (name, value) in &change.set {
        update.set(name, value.clone());
    }
    if let Some((name, value)) = &change.set_once {
        update.set_once(name, value.clone());
    }
    if let Some((name, values)) = &change.append {
        update.append(name, values.clone());
    }
    if change.is_event {
        update.add(SEQUENCE, number(1));
    }
    for name in change.remove.iter().copied().flatten() {
        update.remove(name);
    }
    let condition = condition(&mut update, change);
    (update, condition)
}

fn condition(update: &mut Expressions, change: &Change) -> String {
    let states: Vec<_> =
        change.from.iter().map(|state| update.value(text(state.as_str()))).collect();
    let mut condition = format!("{} IN ({})", update.name("state"), states.join(", "));
    let mut and = |update: &mut Expressions, name: &str, value: AttributeValue| {
        let (name, value) = (update.name(name), update.value(value));
        condition = format!("{condition} AND {name} = {value}");
    };
    if let Some(attempt) = change.fence {
        and(update, "attempt", number(attempt.0));
    }
    if let Some(task) = &change.task {
        and(update, "provider_task", text(task.as_str()));
    }
    if let Some(owner) = &change.owner {
        and(update, "owner", text(owner.as_str()));
    }
    if change.unless_cancel_requested {
        let requested = update.name("cancel_requested_at");
        condition = format!("{condition} AND attribute_not_exists({requested})");
    }
    if !change.kinds.is_empty() {
        let kinds: Vec<_> =
            change.kinds.iter().map(|kind| update.value(text(kind.as_str()))).collect();
        condition = format!("{condition} AND {} IN ({})", update.name("kind"), kinds.join(", "));
    }
    match change.progress {
        Some(progress) => format!("{condition} AND {}", progress.condition(update)),
        None => condition,
    }
}
