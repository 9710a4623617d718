//! Sending a webhook by a write: the stream passes on each delivery that becomes `planned`.

use domain::delivery::{Delivery, DeliveryStatus};
use domain::{MessageId, OwnerId, Timestamp};

use super::record::new_item;
use crate::expressions::Expressions;
use crate::item::{number, read, text, time};
use crate::{Result, Store, keys};

/// The outcome of a request to send a delivery again.
#[derive(Debug)]
pub enum Replayed {
    /// It will be sent; the delivery as it is now.
    Done(Box<Delivery>),
    /// It is pending anyway.
    Pending(Box<Delivery>),
    /// What it said was erased.
    Erased,
    /// The owner has no such delivery.
    Unknown,
}

impl Store {
    /// Saves a new delivery to be sent, unless it exists.
    pub async fn create_delivery(&self, delivery: &Delivery) -> Result<()> {
        let item = new_item(delivery)?;
        self.create::<Delivery>("create a delivery", item).await.map(drop)
    }

    /// Sends the owner's delivery `id` again, under the same id, on a schedule that starts from
    /// its beginning. With `once` only if its last replay was not under that mark.
    pub async fn replay_delivery(
        &self,
        owner: &OwnerId,
        id: &MessageId,
        once: Option<&str>,
        at: Timestamp,
    ) -> Result<Replayed> {
        let (update, condition) = replay(owner, once, at);
        let written =
            self.update("replay a delivery", keys::delivery(id), update, condition).await?;
        let conflict = match written {
            Ok(delivery) => return Ok(Replayed::Done(read(delivery)?)),
            Err(conflict) => conflict.map(read::<Delivery>).transpose()?,
        };
        Ok(match conflict.filter(|delivery| delivery.webhook.owner == *owner) {
            None => Replayed::Unknown,
            Some(erased) if erased.erased_at.is_some() => Replayed::Erased,
            Some(pending) => Replayed::Pending(Box::new(pending)),
        })
    }
}

fn replay(owner: &OwnerId, once: Option<&str>, at: Timestamp) -> (Expressions, String) {
    let mut update = Expressions::default();
    let pending = text(DeliveryStatus::Pending.as_str());
    update.set("status", pending.clone());
    update.set("replayed_at", time(at));
    update.set("next_attempt_at", time(at));
    let (replays, made) = (update.name("replays"), update.name("attempts_made"));
    let (zero, step) = (update.value(number(0)), update.value(number(1)));
    update.set_to("replays", &format!("if_not_exists({replays}, {zero}) + {step}"));
    update.set_to("attempts_before_replay", &made);
    update.remove("reason");
    let (owner_at, status) = (update.name("owner"), update.name("status"));
    let (owner, pending) = (update.value(text(owner.as_str())), update.value(pending));
    let erased = update.name("erased_at");
    let mut condition = format!(
        "{owner_at} = {owner} AND {status} <> {pending} AND attribute_not_exists({erased})"
    );
    if let Some(mark) = once {
        update.set("replay_mark", text(mark));
        let (name, mark) = (update.name("replay_mark"), update.value(text(mark)));
        condition = format!("{condition} AND (attribute_not_exists({name}) OR {name} <> {mark})");
    }
    (update, condition)
}
