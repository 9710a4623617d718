//! Keeping how receivers of webhooks and providers that fail have been doing. What works leaves
//! no record, so a healthy one costs nothing here.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::health::Health;
use domain::webhook::Receiver;
use domain::{OwnerId, Timestamp};

use crate::item::{expiry, number, read, text, time};
use crate::keys::{self, Attributes};
use crate::{Store, StoreError};

/// How long a record is kept after the last failure: longer than any delivery is retried.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Whose health it is.
#[derive(Debug, Clone, Copy)]
pub enum HealthOf<'a> {
    /// A receiver of an owner's webhooks.
    Receiver(&'a OwnerId, &'a Receiver),
    /// A provider, by its name.
    Provider(&'a str),
}

impl HealthOf<'_> {
    fn key(self) -> Attributes {
        match self {
            Self::Receiver(owner, receiver) => keys::health(owner, receiver),
            Self::Provider(name) => keys::provider_health(name),
        }
    }
}

impl Store {
    /// How it has been doing, if badly.
    pub async fn health(&self, of: HealthOf<'_>) -> Result<Option<Health>, StoreError> {
        self.get("read how a provider has been doing", of.key()).await?.map(read).transpose()
    }

    /// Counts a failed attempt at `now`, and says how it has been doing.
    pub async fn record_failure(
        &self,
        of: HealthOf<'_>,
        now: Timestamp,
    ) -> Result<Health, StoreError> {
        let output = self
            .change_health(of)
            .update_expression(
                "SET failing_since = if_not_exists(failing_since, :now), entity = :entity, \
                 expires_at = :expiry ADD consecutive_failures :one",
            )
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":entity", text("health"))
            .expression_attribute_values(":expiry", expiry(now + KEPT))
            .expression_attribute_values(":one", number(1))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(StoreError::call("count a failure"))?;
        read(output.attributes.unwrap_or_default())
    }

    /// Leaves it alone until `until`, unless that has been done since it was `seen`.
    pub async fn open_circuit(
        &self,
        of: HealthOf<'_>,
        seen: &Health,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let result = self
            .change_health(of)
            .update_expression("SET open_until = :until, openings = :openings REMOVE probe_until")
            .condition_expression(
                "attribute_exists(PK) AND (attribute_not_exists(openings) OR openings = :seen)",
            )
            .expression_attribute_values(":until", time(until))
            .expression_attribute_values(":openings", number(seen.openings + 1))
            .expression_attribute_values(":seen", number(seen.openings))
            .send()
            .await;
        applied("leave a receiver alone", result)
    }

    /// Claims the one probe of what has rested long enough. Whoever gets it may send.
    pub async fn claim_probe(
        &self,
        of: HealthOf<'_>,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let result = self
            .change_health(of)
            .update_expression("SET probe_until = :until")
            .condition_expression(
                "open_until <= :now AND (attribute_not_exists(probe_until) OR probe_until <= :now)",
            )
            .expression_attribute_values(":now", time(now))
            .expression_attribute_values(":until", time(until))
            .send()
            .await;
        applied("claim a probe", result)
    }

    /// Forgets its failures, since it works.
    pub async fn forget_failures(&self, of: HealthOf<'_>) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(of.key()))
            .send()
            .await
            .map_err(StoreError::call("forget failures"))?;
        Ok(())
    }

    fn change_health(&self, of: HealthOf<'_>) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).set_key(Some(of.key()))
    }
}

/// Whether a conditional update was saved.
pub(crate) fn applied<T>(
    operation: &'static str,
    result: Result<T, SdkError<aws_sdk_dynamodb::operation::update_item::UpdateItemError>>,
) -> Result<bool, StoreError> {
    match result.map_err(SdkError::into_service_error) {
        Ok(_) => Ok(true),
        Err(error) if error.is_conditional_check_failed_exception() => Ok(false),
        Err(error) => Err(StoreError::call(operation)(error)),
    }
}
