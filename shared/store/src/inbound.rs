//! Keeping what providers send.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{JobId, Timestamp, limits};
use serde::Serialize;

use crate::item::{expiry, item};
use crate::keys::{self, EXPIRES_AT};
use crate::{Store, StoreError};

/// A provider's webhook, as it came in and what became of it.
#[derive(Debug, Serialize)]
pub struct Inbound<'a> {
    /// Our name for it.
    pub id: String,
    /// Who sent it.
    pub provider: &'static str,
    /// The job it speaks of.
    pub job_id: &'a JobId,
    /// What became of it.
    pub outcome: InboundOutcome,
    /// When it came in.
    pub received_at: Timestamp,
    /// Its bytes.
    #[serde(skip)]
    pub body: &'a [u8],
}

/// What became of a provider's webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InboundOutcome {
    /// It moved its job on.
    Applied,
    /// What it says had been said before.
    Duplicate,
    /// It speaks of an attempt that no longer counts, or of a job that has ended.
    Superseded,
    /// It speaks of no job of ours.
    UnknownJob,
}

impl Store {
    /// Keeps a provider's webhook for 30 days.
    pub async fn keep_inbound(&self, inbound: &Inbound<'_>) -> Result<(), StoreError> {
        let mut item = item(keys::inbound(&inbound.id), "inbound", inbound)?;
        let body = match std::str::from_utf8(inbound.body) {
            Ok(text) => AttributeValue::S(text.to_owned()),
            Err(_) => AttributeValue::B(Blob::new(inbound.body)),
        };
        item.insert("body".to_owned(), body);
        let expires_at = inbound.received_at + limits::INBOUND_RETENTION;
        item.insert(EXPIRES_AT.to_owned(), expiry(expires_at));
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(StoreError::call("keep a provider's webhook"))?;
        Ok(())
    }
}
