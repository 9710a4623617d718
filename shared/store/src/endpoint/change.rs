//! Changing webhook endpoints. A change sets its own attributes and no others, so an owner's
//! change and one that follows from a receiver's answers do not undo one another.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::endpoint::{Endpoint, EndpointStatus};
use domain::{EndpointId, EventType, OwnerId, Timestamp};

use crate::expressions::Expressions;
use crate::item::{attribute, read, time};
use crate::keys;
use crate::{Result, Store};

/// An owner's change of an endpoint. What is `None` stays as it is; of an attribute that can be
/// absent the inner `None` removes it.
#[derive(Debug, Default)]
pub struct EndpointChange {
    /// Where events go.
    pub url: Option<String>,
    /// What its owner calls it.
    pub description: Option<Option<String>>,
    /// Which events it subscribes to.
    pub events: Option<Vec<EventType>>,
    /// Whether it is used.
    pub status: Option<EndpointStatus>,
    /// Its own retry schedule.
    pub retry_schedule_seconds: Option<Option<Vec<u32>>>,
    /// Its rate limit.
    pub rate_limit_per_second: Option<Option<u32>>,
    /// Headers to add.
    pub headers: Option<BTreeMap<String, String>>,
}

impl EndpointChange {
    fn update(&self, at: Timestamp) -> Result<Expressions> {
        let mut update = Expressions::default();
        update.set("updated_at", time(at));
        let parts = [
            ("url", set(self.url.as_ref())?),
            ("description", set_or_remove(self.description.as_ref())?),
            ("events", set(self.events.as_ref())?),
            ("status", set(self.status.as_ref())?),
            ("retry_schedule_seconds", set_or_remove(self.retry_schedule_seconds.as_ref())?),
            ("rate_limit_per_second", set_or_remove(self.rate_limit_per_second.as_ref())?),
            ("headers", set(self.headers.as_ref())?),
        ];
        for (name, part) in parts {
            match part {
                Some(Some(value)) => update.set(name, value),
                Some(None) => update.remove(name),
                None => {}
            }
        }
        Ok(update)
    }
}

type Part = Result<Option<Option<AttributeValue>>>;

fn set(value: Option<&impl serde::Serialize>) -> Part {
    Ok(value.map(attribute).transpose()?.map(Some))
}

fn set_or_remove(value: Option<&Option<impl serde::Serialize>>) -> Part {
    value.map(|value| value.as_ref().map(attribute).transpose()).transpose()
}

impl Store {
    /// Saves an owner's change of an endpoint; the endpoint with it, if there is one.
    pub async fn change_endpoint(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
        change: &EndpointChange,
        at: Timestamp,
    ) -> Result<Option<Endpoint>> {
        let update = change.update(at)?;
        let (key, condition) = (keys::endpoint(owner, id), "attribute_exists(PK)".to_owned());
        let changed = self.update("change an endpoint", key, update, condition).await?;
        changed.ok().map(read).transpose()
    }
}
