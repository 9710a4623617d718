//! The circuits of receivers and providers that fail. A closed one has no record, so what works
//! costs nothing here.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::circuit::{Circuit, PROBE_DURATION};
use domain::{OwnerId, Timestamp};

use crate::expressions::Expressions;
use crate::item::{expiry, number, read, text, time};
use crate::keys::{self, Attributes};
use crate::{Result, Store, StoreError};

/// How long a record is kept after the last failure: longer than any delivery is retried.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// What names a circuit.
#[derive(Debug, Clone, Copy)]
pub enum CircuitKey<'a> {
    /// A destination of an owner's webhooks, whichever endpoints lead to it.
    Destination(&'a OwnerId, &'a str),
    /// A provider, by its name.
    Provider(&'a str),
}

impl CircuitKey<'_> {
    fn key(self) -> Attributes {
        match self {
            Self::Destination(owner, destination) => keys::circuit(owner, destination),
            Self::Provider(name) => keys::provider_circuit(name),
        }
    }
}

impl Store {
    /// The circuit `key`; `None` if it is closed and nothing has failed.
    pub async fn circuit(&self, key: CircuitKey<'_>) -> Result<Option<Circuit>> {
        self.get("read a circuit", key.key()).await?.map(read).transpose()
    }

    /// Counts a failure at `now`; the circuit with it.
    pub async fn record_failure(&self, key: CircuitKey<'_>, now: Timestamp) -> Result<Circuit> {
        let output = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key.key()))
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

    /// Opens the circuit until `until`, unless it has opened since it was `seen`.
    pub async fn open_circuit(
        &self,
        key: CircuitKey<'_>,
        seen: &Circuit,
        until: Timestamp,
    ) -> Result<bool> {
        let mut update = Expressions::default();
        update.set("open_until", time(until));
        update.set("openings", number(seen.openings + 1));
        update.remove("probe_until");
        let (openings, seen) = (update.name("openings"), update.value(number(seen.openings)));
        let condition = format!(
            "attribute_exists(PK) AND (attribute_not_exists({openings}) OR {openings} = {seen})"
        );
        Ok(self.update("open a circuit", key.key(), update, condition).await?.is_ok())
    }

    /// Claims the one probe of a circuit that was open until `opened_until`; whether it was free.
    pub async fn claim_probe(
        &self,
        key: CircuitKey<'_>,
        opened_until: Timestamp,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let mut update = Expressions::default();
        update.set("probe_until", time(until));
        let (open, probe) = (update.name("open_until"), update.name("probe_until"));
        let (now, opened_until) = (update.value(time(now)), update.value(time(opened_until)));
        let condition = format!(
            "{open} = {opened_until} AND (attribute_not_exists({probe}) OR {probe} <= {now})"
        );
        Ok(self.update("claim a probe", key.key(), update, condition).await?.is_ok())
    }

    /// Closes the circuit after a call that began at `began` has succeeded, and with it forgets
    /// all failures. A success that began before the circuit opened proves nothing, unless it is
    /// the probe.
    pub async fn close_circuit(&self, key: CircuitKey<'_>, began: Timestamp) -> Result<()> {
        let closed = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(key.key()))
            .condition_expression(
                "attribute_not_exists(open_until) OR open_until <= :began OR probe_until <= :probe",
            )
            .expression_attribute_values(":began", time(began))
            .expression_attribute_values(":probe", time(began + PROBE_DURATION))
            .send()
            .await;
        match closed.map_err(SdkError::into_service_error) {
            Ok(_) | Err(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
            Err(error) => Err(StoreError::call("close a circuit")(error)),
        }
    }

    /// Closes the circuit at its owner's request.
    pub async fn reset_circuit(&self, key: CircuitKey<'_>) -> Result<()> {
        self.delete("reset a circuit", key.key()).await
    }
}
