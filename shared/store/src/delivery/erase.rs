//! Erasing what outgoing webhooks said about a job or a project that its owner has erased.

use domain::Timestamp;
use domain::delivery::Delivery;
use domain::retention::{Erased, Erasure};
use domain::webhook::Webhook;
use serde::Deserialize;

use super::record::{Recorded, Seen};
use crate::item::read;
use crate::{Result, Store, StoreError, keys};

/// How often a delivery is erased again because it has changed meanwhile.
const TRIES: usize = 5;

#[derive(Deserialize)]
struct Purge {
    #[serde(default)]
    erased: Option<Erased>,
}

impl Store {
    /// Erases what `delivery` says, however it has changed since it was read. An attempt that is
    /// under way finds it changed, and records itself without its body.
    pub async fn erase_delivery(&self, mut delivery: Delivery, at: Timestamp) -> Result<()> {
        for _ in 0..TRIES {
            if delivery.erased_at.is_some() {
                return Ok(());
            }
            let seen = Seen::from(&delivery);
            delivery.erase(at);
            match self.record_delivery(&delivery, seen).await? {
                Recorded::Done => return Ok(()),
                Recorded::Conflict(known) => delivery = *known,
            }
        }
        Err(StoreError::call("erase a delivery")("the delivery keeps changing"))
    }

    /// When the job or project that `webhook` is about was erased with all it said, if it was.
    pub async fn purged_at(&self, webhook: &Webhook) -> Result<Option<Timestamp>> {
        let key = match (&webhook.job_id, &webhook.project_id) {
            (Some(job), _) => keys::job(job),
            (None, Some(project)) => keys::project(project),
            (None, None) => return Ok(None),
        };
        let found = self.get("read whether a job was erased", key).await?;
        let erased = found.map(read::<Purge>).transpose()?.and_then(|purge| purge.erased);
        Ok(erased.filter(|erased| erased.what == Erasure::All).map(|erased| erased.at))
    }
}
