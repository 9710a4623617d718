//! Everything that an attempt at a webhook depends on, in one read.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use domain::circuit::Circuit;
use domain::delivery::Delivery;
use domain::endpoint::Endpoint;
use domain::secret_versions::SecretVersions;
use domain::webhook::Receiver;
use domain::{MessageId, OwnerId};
use serde::Deserialize;

use crate::item::read;
use crate::keys::{self, Attributes, ENTITY};
use crate::owner_share::{self, OwnerShare};
use crate::{Result, Store, StoreError};

/// How often keys are asked for again that DynamoDB did not get to.
const TRIES: u32 = 5;
/// Half the wait before the first of these requests; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(15);

/// What the table has about a webhook that is to be sent.
#[derive(Debug, Clone, Default)]
pub struct DeliveryContext {
    /// The delivery, if it has been recorded before.
    pub delivery: Option<Delivery>,
    /// The circuit of its destination, if that has failed, and the name that it is stored under.
    pub circuit: Option<(String, Circuit)>,
    /// The endpoint it is for, if it is for one that exists.
    pub endpoint: Option<Endpoint>,
    /// The slots of its owner's slow attempts.
    pub share: OwnerShare,
    /// Which of the owner's secrets are valid, where it is not for an endpoint.
    pub secrets: SecretVersions,
}

#[derive(Deserialize)]
struct Signing {
    secrets: SecretVersions,
}

impl Store {
    /// What the table has about the webhook `id` of `owner` to `receiver`, and the circuit of its
    /// `destination`.
    pub async fn delivery_context(
        &self,
        owner: &OwnerId,
        id: &MessageId,
        receiver: &Receiver,
        destination: &str,
    ) -> Result<DeliveryContext> {
        let mut wanted =
            vec![keys::delivery(id), keys::circuit(owner, destination), keys::owner_share(owner)];
        // Version 0.1 had a circuit for each endpoint.
        if receiver.key() != destination {
            wanted.push(keys::circuit(owner, &receiver.key()));
        }
        match receiver {
            Receiver::Url(_) => wanted.push(keys::owner_signing(owner)),
            Receiver::Endpoint(id) => wanted.push(keys::endpoint(owner, id)),
            // It lies in our own configuration.
            Receiver::NotificationService => {}
        }
        let mut context = DeliveryContext::default();
        for item in self.read_all("read what a webhook needs", wanted, true).await? {
            context.add(item, destination)?;
        }
        Ok(context)
    }

    /// The circuit of a destination of an owner's webhooks, where another was read first.
    pub async fn destination_circuit(
        &self,
        owner: &OwnerId,
        destination: &str,
    ) -> Result<Option<Circuit>> {
        let key = vec![keys::circuit(owner, destination)];
        let found = self.read_all("read a circuit", key, true).await?.pop();
        found.map(read).transpose()
    }

    /// The items under `keys`, at most 100; if `consistent`, as the last writes left them.
    pub(crate) async fn read_all(
        &self,
        operation: &'static str,
        mut keys: Vec<Attributes>,
        consistent: bool,
    ) -> Result<Vec<Attributes>> {
        let mut items = Vec::with_capacity(keys.len());
        if keys.is_empty() {
            return Ok(items);
        }
        for tried in 0..TRIES {
            if tried > 0 {
                // Asked again at once, a busy partition would only be busier.
                tokio::time::sleep(BACKOFF * (1 << tried)).await;
            }
            let request = KeysAndAttributes::builder().set_keys(Some(keys));
            let request = request.consistent_read(consistent).build();
            let output = self
                .client
                .batch_get_item()
                .request_items(&self.table, request.map_err(StoreError::call(operation))?)
                .send()
                .await
                .map_err(StoreError::call(operation))?;
            items.extend(output.responses.unwrap_or_default().into_values().flatten());
            let rest = output.unprocessed_keys.unwrap_or_default().into_values().next();
            keys = rest.map(|rest| rest.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(items);
            }
        }
        Err(StoreError::call(operation)("the table is too busy to read all of it"))
    }
}

impl DeliveryContext {
    fn add(&mut self, item: Attributes, destination: &str) -> Result<()> {
        match item.get(ENTITY).and_then(|entity| AttributeValue::as_s(entity).ok()) {
            Some(entity) if entity == "delivery" => self.delivery = Some(read(item)?),
            Some(entity) if entity == "health" => {
                let name = keys::circuit_name(&item);
                if name == destination || self.circuit.is_none() {
                    self.circuit = Some((name, read(item)?));
                }
            }
            Some(entity) if entity == owner_share::ENTITY_NAME => {
                self.share = OwnerShare::read(&item);
            }
            Some(entity) if entity == "endpoint" => self.endpoint = Some(read(item)?),
            _ => self.secrets = read::<Signing>(item)?.secrets,
        }
        Ok(())
    }
}
