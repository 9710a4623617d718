//! Reading what a timeline shows besides jobs: providers' webhooks, and deliveries. Both are
//! found by their keys, with no index.

use domain::delivery::Delivery;
use domain::{InboundId, JobId, MessageId, OwnerId};

use crate::item::{read, text};
use crate::keys::{self, Attributes};
use crate::{Inbound, Result, Store, StoreError};

/// Most of what providers sent about one job that is read, the newest.
const WEBHOOKS: usize = 100;
/// Most keys that `BatchGetItem` takes.
const BATCH: usize = 100;
/// What is read of a provider's webhook: all but its bytes.
const KNOWN: [&str; 6] = ["id", "provider", "attempt", "task", "status", "replayed_at"];

impl Store {
    /// The newest of what providers sent about `job`, the newest first, without their bytes.
    pub async fn webhooks_about(&self, job: &JobId) -> Result<Vec<Inbound>> {
        let names = KNOWN.map(|name| (format!("#{name}"), name.to_owned()));
        let wanted = KNOWN.map(|name| format!("#{name}")).join(", ");
        let mut found = Vec::new();
        let mut after: Option<InboundId> = None;
        loop {
            let output = self
                .client
                .query()
                .table_name(&self.table)
                .key_condition_expression("PK = :job AND begins_with(SK, :inbound)")
                .projection_expression(&wanted)
                .set_expression_attribute_names(Some(names.clone().into()))
                .expression_attribute_values(":job", keys::job_partition(job))
                .expression_attribute_values(":inbound", text(keys::INBOUND))
                .scan_index_forward(false)
                .limit(i32::try_from(WEBHOOKS - found.len()).unwrap_or(1))
                .set_exclusive_start_key(after.as_ref().map(keys::inbound))
                .send()
                .await
                .map_err(StoreError::call("read providers' webhooks"))?;
            let more = output.last_evaluated_key.is_some();
            for item in output.items.unwrap_or_default() {
                found.push(read::<Inbound>(item)?);
            }
            after = found.last().map(|last| last.id.clone());
            if !more || found.len() >= WEBHOOKS {
                return Ok(found);
            }
        }
    }

    /// Those of the deliveries `ids` that are the owner's and have been recorded.
    pub async fn deliveries(&self, owner: &OwnerId, ids: &[MessageId]) -> Result<Vec<Delivery>> {
        let mut found = Vec::new();
        for ids in ids.chunks(BATCH) {
            let wanted: Vec<Attributes> = ids.iter().map(keys::delivery).collect();
            for item in self.read_all("read deliveries", wanted, true).await? {
                found.push(read::<Delivery>(item)?);
            }
        }
        found.retain(|delivery| delivery.webhook.owner == *owner);
        Ok(found)
    }
}
