//! Disabling an endpoint.

use domain::endpoint::{DisabledReason, EndpointStatus};
use domain::{EndpointId, OwnerId, Timestamp};

use crate::expressions::applied;
use crate::item::{attribute, text, time};
use crate::keys;
use crate::{Store, StoreError};

impl Store {
    /// Disables the endpoint, if it is enabled; whether it was. The stream turns the change into
    /// an event, so this write is all there is to do.
    pub async fn disable_endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
        reason: DisabledReason,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let result = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::endpoint(owner, id)))
            .update_expression("SET #status = :status, updated_at = :at")
            .condition_expression("#status.#state = :enabled")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(
                ":status",
                attribute(&EndpointStatus::Disabled { reason, at })?,
            )
            .expression_attribute_values(":enabled", text("enabled"))
            .expression_attribute_values(":at", time(at))
            .send()
            .await;
        Ok(applied("disable an endpoint", result)?.is_some())
    }
}
