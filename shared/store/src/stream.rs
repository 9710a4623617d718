//! Items as the table's stream shows them.

use domain::delivery::Delivery;
use domain::endpoint::Endpoint;
use domain::{Job, Project};
use serde::Deserialize;

use crate::{Inbound, StoreError};

/// An item whose changes make work.
#[derive(Debug)]
pub enum Entity {
    /// A job.
    Job(Box<Job>),
    /// A webhook out.
    Delivery(Box<Delivery>),
    /// A webhook endpoint.
    Endpoint(Box<Endpoint>),
    /// A project.
    Project(Box<Project>),
    /// A provider's webhook; its bytes are not shown.
    Inbound(Box<Inbound>),
}

#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    entity: String,
}

/// What a stream record's image holds; `None` if its changes make no work, or if there is no
/// image.
pub fn entity(image: serde_dynamo::Item) -> Result<Option<Entity>, StoreError> {
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
