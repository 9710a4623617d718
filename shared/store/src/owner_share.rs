//! The slots that an owner's slow attempts take among all that are under way, in all instances. While
//! they are all taken, further slow destinations are noted. An owner without slow receivers has no
//! record, so what is answered at once costs nothing here.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{OwnerId, Timestamp};

use crate::expressions::Expressions;
use crate::item::{expiry, text, time};
use crate::keys::{self, Attributes, ENTITY, EXPIRES_AT};
use crate::{Result, Store};

/// The value of `entity` in such an item.
pub(crate) const ENTITY_NAME: &str = "owner_share";
/// For how long the record is kept after the last slot was taken.
const KEPT: Duration = Duration::from_hours(1);
/// How often a slot can be taken by others between a look and a write.
const TRIES: usize = 8;
/// How many slow destinations are noted beyond those that hold a slot. With long names, all of them
/// make a read of the item cost 4 units.
const NOTES: u16 = 64;
/// Over how long at least the webhooks that wait for a slot come back. Slots that were taken together
/// become free together, and each return that finds none costs a read and a send.
const SPREAD: Duration = Duration::from_secs(20);

/// The slots that are taken, as they were last read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerShare(Vec<Slot>);

/// A slot, which becomes free by itself. One whose number is beyond the owner's slots only notes that
/// its destination is slow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    number: u16,
    until: Timestamp,
    destination: String,
}

impl OwnerShare {
    /// When a webhook to `destination` may be sent, if that has to wait: its receiver is slow, and
    /// so many attempts at slow receivers are under way as the owner has `slots`. Those that wait
    /// come back spread over the time in which slots become free; `random` is in 0..1.
    pub fn returns_at(
        &self,
        destination: &str,
        slots: u16,
        now: Timestamp,
        random: f64,
    ) -> Option<Timestamp> {
        let taken: Vec<_> = self.taken(now).filter(|slot| slot.number < slots).collect();
        if !self.is_slow(destination, now) || taken.len() < usize::from(slots) {
            return None;
        }
        let times = || taken.iter().map(|slot| slot.until);
        let (first, last) = (times().min()?, times().max()?);
        Some(first + last.since(first).max(SPREAD).mul_f64(random.clamp(0.0, 1.0)))
    }

    /// The slot to take for a slow attempt at `destination`: one of the owner's `slots`; if there is
    /// none, one that notes the destination, unless that is known.
    fn next(&self, destination: &str, slots: u16, now: Timestamp, random: f64) -> Option<u16> {
        let own = self.free(0..slots, now, random);
        own.or_else(|| {
            let notes = slots..slots.saturating_add(NOTES);
            (!self.is_slow(destination, now)).then(|| self.free(notes, now, random))?
        })
    }

    /// A slot of `numbers` that is free, by chance: attempts that become slow at the same time seldom
    /// take the same one.
    fn free(&self, numbers: Range<u16>, now: Timestamp, random: f64) -> Option<u16> {
        let is_free = |number: &u16| self.taken(now).all(|slot| slot.number != *number);
        let free: Vec<_> = numbers.filter(is_free).collect();
        let last = u16::try_from(free.len().checked_sub(1)?).ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to last")]
        let place = (f64::from(last) * random.clamp(0.0, 1.0)).round() as usize;
        free.get(place).copied()
    }

    fn is_slow(&self, destination: &str, now: Timestamp) -> bool {
        self.taken(now).any(|slot| slot.destination == destination)
    }

    fn taken(&self, now: Timestamp) -> impl Iterator<Item = &Slot> {
        self.0.iter().filter(move |slot| slot.until > now)
    }

    /// Reads the slots of an item.
    pub(crate) fn read(item: &Attributes) -> Self {
        let slot = |(name, value): (&String, &AttributeValue)| {
            let number = name.strip_prefix(UNTIL)?.parse().ok()?;
            let until = Timestamp::from_millis(value.as_n().ok()?.parse().ok()?);
            let destination = item.get(&format!("{DESTINATION}{number}"))?.as_s().ok()?.clone();
            Some(Slot { number, until, destination })
        };
        Self(item.iter().filter_map(slot).collect())
    }
}

/// Prefixes of a slot's attributes: until when it is taken, and for a webhook to which destination.
const UNTIL: &str = "until_";
const DESTINATION: &str = "destination_";

impl Store {
    /// Takes one of `slots` slots of `owner` for an attempt at `destination` that ends by `until`. If
    /// all are taken there is none to give back, and until then the destination is known to be slow.
    /// `seen` is the share as it was last read; `random` gives numbers in 0..1.
    pub async fn take_slot(
        &self,
        owner: &OwnerId,
        destination: &str,
        (seen, slots): (&OwnerShare, u16),
        now: Timestamp,
        until: Timestamp,
        random: impl Fn() -> f64,
    ) -> Result<Option<Slot>> {
        let mut share = seen.clone();
        for _ in 0..TRIES {
            let next = share.next(destination, slots, now, random());
            let Some(number) = next else { return Ok(None) };
            let (until_name, destination_name) = names(number);
            let mut update = Expressions::default();
            update.set(&until_name, time(until));
            update.set(&destination_name, text(destination));
            update.set(ENTITY, text(ENTITY_NAME));
            update.set(EXPIRES_AT, expiry(until + KEPT));
            let (name, now_value) = (update.name(&until_name), update.value(time(now)));
            let condition = format!("attribute_not_exists({name}) OR {name} <= {now_value}");
            let key = keys::owner_share(owner);
            match self.update("take a slot of an owner's share", key, update, condition).await? {
                Ok(_) => {
                    let slot = Slot { number, until, destination: destination.to_owned() };
                    return Ok((number < slots).then_some(slot));
                }
                Err(item) => share = item.as_ref().map(OwnerShare::read).unwrap_or_default(),
            }
        }
        Ok(None)
    }

    /// Gives a slot back, unless it has become free by itself and was taken anew.
    pub async fn free_slot(&self, owner: &OwnerId, slot: &Slot) -> Result<()> {
        let (until_name, destination_name) = names(slot.number);
        let mut update = Expressions::default();
        update.remove(&until_name);
        update.remove(&destination_name);
        let (until, seen) = (update.name(&until_name), update.value(time(slot.until)));
        let (destination, own) =
            (update.name(&destination_name), update.value(text(&*slot.destination)));
        let condition = format!("{until} = {seen} AND {destination} = {own}");
        let key = keys::owner_share(owner);
        self.update("free a slot of an owner's share", key, update, condition).await.map(drop)
    }
}

fn names(number: u16) -> (String, String) {
    (format!("{UNTIL}{number}"), format!("{DESTINATION}{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOTS: u16 = 20;
    const NOW: Timestamp = Timestamp::from_millis(0);
    const UNTIL: Timestamp = Timestamp::from_millis(9000);

    /// The share after one attempt at each of `destinations` has become slow.
    fn share(destinations: u16) -> OwnerShare {
        let mut share = OwnerShare::default();
        for nth in 0..destinations {
            let destination = nth.to_string();
            if let Some(number) = share.next(&destination, SLOTS, NOW, 0.5) {
                share.0.push(Slot { number, until: UNTIL, destination });
            }
        }
        share
    }

    fn returns_at(share: &OwnerShare, destination: u16, random: f64) -> Option<Timestamp> {
        share.returns_at(&destination.to_string(), SLOTS, NOW, random)
    }

    #[test]
    fn nothing_waits_while_there_is_a_slot() {
        let share = share(SLOTS - 1);
        assert_eq!(returns_at(&share, 0, 0.0), None);
    }

    #[test]
    fn every_slow_destination_waits_once_there_is_no_slot() {
        let share = share(SLOTS + 30);
        for destination in 0..SLOTS + 30 {
            assert!(returns_at(&share, destination, 0.0).is_some(), "{destination}");
        }
        assert_eq!(returns_at(&share, SLOTS + 30, 0.0), None, "one that is not slow");
    }

    #[test]
    fn a_share_has_an_end() {
        let share = share(SLOTS + NOTES + 10);
        assert_eq!(share.0.len(), usize::from(SLOTS + NOTES));
    }

    #[test]
    fn those_that_wait_come_back_spread_even_if_all_slots_end_together() {
        let share = share(SLOTS);
        assert_eq!(returns_at(&share, 0, 0.0), Some(UNTIL));
        assert_eq!(returns_at(&share, 0, 1.0), Some(UNTIL + SPREAD));
    }
}
