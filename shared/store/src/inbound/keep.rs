//! Keeping providers' webhooks, each with its outcome.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Attempt, InboundId, TaskId, Timestamp, limits, named};
use serde::{Deserialize, Serialize};
use serde_with_macros::skip_serializing_none;

use crate::expressions::Expressions;
use crate::item::{expiry, item, read, text, time};
use crate::keys::{self, Attributes, EXPIRES_AT};
use crate::{Result, Store, StoreError};

/// The attribute that holds the bytes: as text where they are text.
const BODY: &str = "body";

/// A provider's webhook as it was received, with its outcome.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Inbound {
    /// Its id, which holds its job and when it was received.
    pub id: InboundId,
    /// The provider that sent it.
    pub provider: String,
    /// The attempt that its sender has proved; without one, the report is about the present one.
    pub attempt: Option<Attempt>,
    /// The provider's task that it reports on, where it names one.
    pub task: Option<TaskId>,
    /// Its outcome, the last time it was acted on.
    #[serde(rename = "status")]
    pub outcome: InboundOutcome,
    /// When it was last replayed.
    pub replayed_at: Option<Timestamp>,
    /// Its bytes.
    #[serde(skip)]
    pub body: Vec<u8>,
}

named! {
    /// The outcome of a provider's webhook.
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "InboundStatus"))]
    pub enum InboundOutcome {
        /// It changed its job.
        Applied = "applied",
        /// An earlier one had reported the same.
        Duplicate = "duplicate",
        /// It reports on an attempt that no longer counts, or on a job that has ended.
        Superseded = "superseded",
        /// It reports on no job of the provider's.
        UnknownJob = "unknown_job",
        /// It reports on a job or a task that is not known yet, and is retried.
        Early = "early",
        /// Its sender is proven, but its body cannot be read. It changed nothing.
        Unreadable = "unreadable",
    }
    else "status", "must be applied, duplicate, superseded, unknown_job, early or unreadable"
}

impl Store {
    /// Keeps a provider's webhook for 30 days.
    pub async fn keep_inbound(&self, inbound: &Inbound) -> Result<()> {
        let mut item = item(keys::inbound(&inbound.id), "inbound", inbound)?;
        let body = match std::str::from_utf8(&inbound.body) {
            Ok(text) => AttributeValue::S(text.to_owned()),
            Err(_) => AttributeValue::B(Blob::new(inbound.body.as_slice())),
        };
        item.insert(BODY.to_owned(), body);
        let expires_at = inbound.id.received_at + limits::INBOUND_RETENTION;
        item.insert(EXPIRES_AT.to_owned(), expiry(expires_at));
        self.put("keep a provider's webhook", item).await
    }

    /// The provider's webhook `id`, if it is still kept.
    pub async fn inbound(&self, id: &InboundId) -> Result<Option<Inbound>> {
        let found = self.get("read a provider's webhook", keys::inbound(id)).await?;
        found.map(kept).transpose()
    }

    /// Saves the outcome of a replay.
    pub async fn record_inbound_replay(
        &self,
        id: &InboundId,
        outcome: InboundOutcome,
        at: Timestamp,
    ) -> Result<()> {
        let mut update = became(outcome);
        update.set("replayed_at", time(at));
        self.update_inbound(id, update).await
    }

    /// Saves the last outcome of a webhook that came early.
    pub async fn record_inbound(&self, id: &InboundId, outcome: InboundOutcome) -> Result<()> {
        self.update_inbound(id, became(outcome)).await
    }

    async fn update_inbound(&self, id: &InboundId, update: Expressions) -> Result<()> {
        self.client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::inbound(id)))
            .update_expression(update.update())
            .condition_expression("attribute_exists(PK)")
            .set_expression_attribute_names(Some(update.names))
            .set_expression_attribute_values(Some(update.values))
            .send()
            .await
            .map_err(StoreError::call("keep what became of a provider's webhook"))?;
        Ok(())
    }
}

fn became(outcome: InboundOutcome) -> Expressions {
    let mut update = Expressions::default();
    update.set("status", text(outcome.as_str()));
    update
}

/// What an item holds, its bytes included.
pub(crate) fn kept(mut item: Attributes) -> Result<Inbound> {
    let body = match item.remove(BODY) {
        Some(AttributeValue::S(text)) => text.into_bytes(),
        Some(AttributeValue::B(bytes)) => bytes.into_inner(),
        _ => Vec::new(),
    };
    Ok(Inbound { body, ..read(item)? })
}
