//! Disabling an endpoint.

use domain::endpoint::{DisabledReason, EndpointStatus};
use domain::{EndpointId, OwnerId, Timestamp};

use crate::expressions::Expressions;
use crate::item::{attribute, text, time};
use crate::keys;
use crate::{Result, Store};

impl Store {
    /// Disables the endpoint, if it is enabled and its URL still is `url`; whether it was. The
    /// stream turns the change into an event, so this write is all there is to do.
    pub async fn disable_endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
        url: &str,
        reason: DisabledReason,
        at: Timestamp,
    ) -> Result<bool> {
        let mut update = Expressions::default();
        update.set("status", attribute(&EndpointStatus::Disabled { reason, at })?);
        update.set("updated_at", time(at));
        let (status, state) = (update.name("status"), update.name("state"));
        let (enabled, name) = (update.value(text("enabled")), update.name("url"));
        let condition =
            format!("{status}.{state} = {enabled} AND {name} = {}", update.value(text(url)));
        let key = keys::endpoint(owner, id);
        Ok(self.update("disable an endpoint", key, update, condition).await?.is_ok())
    }
}
