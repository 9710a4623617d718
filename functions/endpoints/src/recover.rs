//! `POST /v1/endpoints/{endpoint_id}/recover`.

use domain::delivery::{Delivery, DeliveryStatus};
use domain::{InvalidField, MessageId, OwnerId, limits};
use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use runtime::Problem;
use runtime::http::{Request, Response, Result, json};
use serde::Serialize;
use store::{Cursor, DeliveryFilter, Replayed};

use crate::Endpoints;

/// Most pages that one request goes through.
const PAGES: usize = 10;
/// How many deliveries are saved at a time.
const AT_ONCE: usize = 16;

/// What an endpoint has missed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Recovery {
    /// Webhooks that are sent again, or would be.
    count: usize,
    /// Whether they were only counted.
    dry_run: bool,
    /// There may be more: send it as `cursor`.
    next_cursor: Option<String>,
}

impl Endpoints {
    /// Sends everything again that this endpoint has missed since a time, or only counts it. What
    /// waits for its next attempt has been missed as well: that may be 16 hours away.
    pub(crate) async fn recover(&self, owner: &OwnerId, request: &Request) -> Result<Response> {
        let mut fields = request.fields(limits::SETTINGS_BODY_BYTES)?;
        let since = fields.required_text("since")?;
        let since = since
            .parse()
            .map_err(|_| InvalidField::new("since", "must be a time like 2026-01-31T12:00:00Z"))?;
        let dry_run = fields.optional("dry_run", "must be true or false")?.unwrap_or(false);
        let mut cursor: Option<Cursor<MessageId>> =
            fields.optional_text("cursor")?.map(|text| text.parse()).transpose()?;
        fields.finish()?;
        let endpoint = if dry_run {
            self.named(owner, request).await?
        } else {
            self.enabled(owner, request).await?
        };
        let filter = DeliveryFilter {
            endpoint: Some(endpoint.id),
            statuses: vec![
                DeliveryStatus::Retrying,
                DeliveryStatus::Exhausted,
                DeliveryStatus::Discarded,
            ],
            since: Some(since),
        };
        let mut count = 0;
        for _ in 0..PAGES {
            let page =
                self.store.list_deliveries(owner, &filter, limits::PAGE_MAXIMUM, cursor).await;
            let mut page = page.map_err(Problem::unavailable)?;
            page.items.retain(|delivery| delivery.erased_at.is_none());
            count +=
                if dry_run { page.items.len() } else { self.replay(owner, page.items).await? };
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let next_cursor = cursor.map(|cursor| cursor.to_string());
        let answer = Recovery { count, dry_run, next_cursor };
        json(if dry_run { StatusCode::OK } else { StatusCode::ACCEPTED }, &answer)
    }

    /// Replays what was `missed`; how much of it was not pending anyway.
    async fn replay(&self, owner: &OwnerId, missed: Vec<Delivery>) -> Result<usize> {
        let now = self.clock.now();
        let replays = stream::iter(missed).map(|delivery| async move {
            self.store.replay_delivery(owner, &delivery.webhook.id, None, now).await
        });
        let replayed: Vec<_> =
            replays.buffer_unordered(AT_ONCE).try_collect().await.map_err(Problem::unavailable)?;
        Ok(replayed.iter().filter(|one| matches!(one, Replayed::Done(_))).count())
    }
}
