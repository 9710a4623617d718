//! Until when an owner may have connections, so that events of all other owners go nowhere at the
//! cost of one read.

use std::time::Duration;

use domain::{OwnerId, Timestamp};
use serde::Deserialize;

use crate::item::{expiry, read, time};
use crate::keys::{self, EXPIRES_AT};
use crate::{Result, Store};

/// By how much the time is later than the end of the connection that it is saved for: connections
/// that open at the same time may save it in any order, by clocks that differ.
const MARGIN: Duration = Duration::from_mins(10);

#[derive(Deserialize)]
struct Watch {
    until: Timestamp,
}

impl Store {
    /// Saves that `owner` may have connections until `end`. Called before one of them is saved, so
    /// what is read here is true for each that has subscribed to anything.
    pub async fn watch(&self, owner: &OwnerId, end: Timestamp) -> Result<()> {
        let until = end + MARGIN;
        let mut item = keys::watch(owner);
        item.insert("until".to_owned(), time(until));
        item.insert(EXPIRES_AT.to_owned(), expiry(until));
        self.put("save that an owner has connections", item).await
    }

    /// Whether `owner` may have connections to which an event is to be sent that happened `at`.
    pub async fn is_watched(&self, owner: &OwnerId, at: Timestamp) -> Result<bool> {
        let item = self.get("read whether an owner has connections", keys::watch(owner)).await?;
        let watch: Option<Watch> = item.map(read).transpose()?;
        Ok(watch.is_some_and(|watch| at < watch.until))
    }
}
