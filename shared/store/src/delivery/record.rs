//! Recording outgoing webhooks and their attempts.

use domain::delivery::Delivery;
use domain::{MessageId, OwnerId, limits};

use crate::item::{expiry, item, number, read};
use crate::keys::{self, Attributes, EXPIRES_AT};
use crate::{Result, Store, listing};

/// The outcome of recording a delivery.
#[derive(Debug)]
pub enum Recorded {
    /// It is saved.
    Done,
    /// Another attempt, a replay or an erasure was recorded first; the delivery as it is.
    Conflict(Box<Delivery>),
}

/// The state of a delivery on which a new record builds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    attempts_made: u32,
    replays: u32,
    is_erased: bool,
}

impl From<&Delivery> for Seen {
    fn from(delivery: &Delivery) -> Self {
        Self {
            attempts_made: delivery.attempts_made,
            replays: delivery.replays,
            is_erased: delivery.erased_at.is_some(),
        }
    }
}

impl Store {
    /// The delivery `id` of `owner`. Another owner's is not there.
    pub async fn find_delivery(&self, owner: &OwnerId, id: &MessageId) -> Result<Option<Delivery>> {
        let found = self.get("read a delivery", keys::delivery(id)).await?;
        let found: Option<Delivery> = found.map(read).transpose()?;
        Ok(found.filter(|delivery| delivery.webhook.owner == *owner))
    }

    /// Saves `delivery`, unless the one in the table is no longer as it was `seen`.
    pub async fn record_delivery(&self, delivery: &Delivery, seen: Seen) -> Result<Recorded> {
        let condition = if seen.is_erased {
            "attribute_not_exists(PK) OR (attempts_made = :attempts AND replays = :replays)"
        } else {
            "attribute_not_exists(PK) OR (attempts_made = :attempts AND replays = :replays \
             AND attribute_not_exists(erased_at))"
        };
        let values = [(":attempts", seen.attempts_made), (":replays", seen.replays)];
        let values = values.map(|(name, value)| (name.to_owned(), number(value))).into();
        let item = new_item(delivery)?;
        let conflict = self.put_if("record a delivery", item, condition, Some(values)).await?;
        conflict.map_or(Ok(Recorded::Done), |known| Ok(Recorded::Conflict(read(known)?)))
    }
}

/// The item of `delivery`.
pub(super) fn new_item(delivery: &Delivery) -> Result<Attributes> {
    let (webhook, occurred_at) = (&delivery.webhook, delivery.webhook.occurred_at);
    let mut item = item(keys::delivery(&webhook.id), "delivery", delivery)?;
    item.extend(listing::entry(&keys::deliveries(&webhook.owner), occurred_at, &webhook.id));
    item.insert(EXPIRES_AT.to_owned(), expiry(occurred_at + limits::RETENTION));
    Ok(item)
}
