//! Listing an owner's deliveries.

use domain::delivery::{Delivery, DeliveryStatus};
use domain::{EndpointId, MessageId, OwnerId, Timestamp};

use crate::keys::{self, Attributes};
use crate::listing::{Listed, Wanted};
use crate::{Cursor, Page, Result, Store};

/// Which of an owner's deliveries to list.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Only those for this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Only those with one of these statuses; all if there is none.
    pub statuses: Vec<DeliveryStatus>,
    /// Only those of events at that time or later.
    pub since: Option<Timestamp>,
}

impl DeliveryFilter {
    fn fits(&self, delivery: &Delivery) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&delivery.status))
            && (self.endpoint.is_none()
                || self.endpoint.as_ref() == delivery.webhook.receiver.endpoint())
    }

    const fn fits_all(&self) -> bool {
        self.statuses.is_empty() && self.endpoint.is_none()
    }
}

impl Listed for Delivery {
    type Id = MessageId;

    fn id(&self) -> &MessageId {
        &self.webhook.id
    }

    fn key(id: &MessageId) -> Attributes {
        keys::delivery(id)
    }

    fn list(owner: &OwnerId) -> String {
        keys::deliveries(owner)
    }
}

impl Store {
    /// At most `limit` of the owner's deliveries that fit `filter`, from `cursor` on.
    pub async fn list_deliveries(
        &self,
        owner: &OwnerId,
        filter: &DeliveryFilter,
        limit: usize,
        cursor: Option<Cursor<MessageId>>,
    ) -> Result<Page<Delivery, Cursor<MessageId>>> {
        let fits = |delivery: &Delivery| filter.fits(delivery);
        let fits = if filter.fits_all() { None } else { Some(&fits as _) };
        self.list(&Wanted { owner, limit, fits, since: filter.since }, cursor).await
    }
}
