//! Items in the records of the table's stream.

use domain::delivery::Delivery;
use domain::endpoint::Endpoint;
use domain::{Job, Project};
use serde::Deserialize;

use crate::{Inbound, Result};

/// An item whose changes make work.
#[derive(Debug)]
pub enum Entity {
    /// A job.
    Job(Box<Job>),
    /// A delivery.
    Delivery(Box<Delivery>),
    /// A webhook endpoint.
    Endpoint(Box<Endpoint>),
    /// A project.
    Project(Box<Project>),
    /// A provider's webhook, without its raw body.
    Inbound(Box<Inbound>),
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    entity: String,
}

/// The partition key among the `keys` of a stream record, for logs; empty if it has none.
pub fn partition_key(keys: &serde_dynamo::Item) -> String {
    #[derive(Deserialize)]
    struct Keys {
        #[serde(rename = "PK")]
        partition: String,
    }
    let keys = serde_dynamo::from_item::<_, Keys>(keys.clone());
    keys.map_or_else(|_| String::new(), |keys| keys.partition)
}

/// The entity in a stream record's image; `None` if the image is empty or its changes make no
/// work.
pub fn entity(image: serde_dynamo::Item) -> Result<Option<Entity>> {
    let kind: Kind = serde_dynamo::from_item(image.clone())?;
    Ok(match kind.entity.as_str() {
        "job" => Some(Entity::Job(serde_dynamo::from_item(image)?)),
        "delivery" => Some(Entity::Delivery(serde_dynamo::from_item(image)?)),
        "endpoint" => Some(Entity::Endpoint(serde_dynamo::from_item(image)?)),
        "project" => Some(Entity::Project(serde_dynamo::from_item(image)?)),
        "inbound" => Some(Entity::Inbound(serde_dynamo::from_item(image)?)),
        _ => None,
    })
}
