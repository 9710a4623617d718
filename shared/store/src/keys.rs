//! The table's keys: which attributes they are, and how ids become values.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::delivery::Receiver;
use domain::project::step::StepTask;
use domain::{EndpointId, InboundId, JobId, MessageId, OwnerId, ProjectId, Step};

use crate::item::text;

/// Partition key.
pub(crate) const PK: &str = "PK";
/// Sort key.
pub(crate) const SK: &str = "SK";
/// What an item is; the stream's filters read it.
pub(crate) const ENTITY: &str = "entity";
/// When DynamoDB may delete an item, in Unix seconds.
pub(crate) const EXPIRES_AT: &str = "expires_at";
/// The index of an owner's jobs.
pub(crate) const OWNER_INDEX: &str = "GSI1";
/// Its partition key.
pub(crate) const OWNER_PK: &str = "GSI1PK";
/// Its sort key.
pub(crate) const OWNER_SK: &str = "GSI1SK";

/// How the sort keys of providers' webhooks begin.
pub(crate) const INBOUND: &str = "INBOUND#";
/// How the sort keys of a project's steps begin.
pub(crate) const STEP: &str = "JOB#";
/// How the sort keys of endpoints begin.
pub(crate) const ENDPOINT: &str = "ENDPOINT#";

/// An item's key, or a part of an item.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

fn key(pk: String, sk: &str) -> Attributes {
    HashMap::from([(PK.to_owned(), AttributeValue::S(pk)), (SK.to_owned(), text(sk))])
}

/// A job. The steps of a project lie with it, so that one Query reads them all.
pub(crate) fn job(id: &JobId) -> Attributes {
    let Some(step) = Step::of(id) else { return key(format!("JOB#{id}"), "JOB") };
    let place = match step.task {
        StepTask::Video(scene) => format!("{STEP}{scene}#video"),
        StepTask::LastFrame(scene) => format!("{STEP}{scene}#last_frame"),
        StepTask::Stitch => format!("{STEP}stitch"),
    };
    key(format!("PROJECT#{}", step.project), &place)
}

/// A project.
pub(crate) fn project(id: &ProjectId) -> Attributes {
    key(format!("PROJECT#{id}"), "PROJECT")
}

/// What a project is to become.
pub(crate) fn plan(id: &ProjectId) -> Attributes {
    key(format!("PROJECT#{id}"), "PLAN")
}

/// The partition of a project and its steps.
pub(crate) fn project_partition(id: &ProjectId) -> AttributeValue {
    AttributeValue::S(format!("PROJECT#{id}"))
}

/// The turns taken of a route's rate limit by one address.
pub(crate) fn rate_window(route: &str, address: &str) -> Attributes {
    key(format!("RATE#{route}#{address}"), "WINDOW")
}

/// The partition of an owner's projects in the index.
pub(crate) fn projects(owner: &OwnerId) -> AttributeValue {
    AttributeValue::S(format!("PROJECTS#{owner}"))
}

/// The request of a job, where it is long.
pub(crate) fn request(id: &JobId) -> Attributes {
    key(format!("JOB#{id}"), "REQUEST")
}

/// A provider's webhook, which lies with its job.
pub(crate) fn inbound(id: &InboundId) -> Attributes {
    key(format!("JOB#{}", id.job_id), &format!("{INBOUND}{}", id.place()))
}

/// The partition of a job and all that lies with it.
pub(crate) fn job_partition(id: &JobId) -> AttributeValue {
    AttributeValue::S(format!("JOB#{id}"))
}

/// The webhook endpoint `id` of `owner`.
pub(crate) fn endpoint(owner: &OwnerId, id: &EndpointId) -> Attributes {
    key(format!("OWNER#{owner}"), &format!("{ENDPOINT}{id}"))
}

/// Which of an owner's own secrets are valid.
pub(crate) fn owner_signing(owner: &OwnerId) -> Attributes {
    key(format!("OWNER#{owner}"), "SIGNING")
}

/// A webhook out.
pub(crate) fn delivery(id: &MessageId) -> Attributes {
    key(format!("DELIVERY#{id}"), "DELIVERY")
}

/// How a receiver of webhooks that fails has been doing.
pub(crate) fn health(owner: &OwnerId, receiver: &Receiver) -> Attributes {
    key(format!("OWNER#{owner}"), &format!("HEALTH#{}", receiver.key()))
}

/// How a provider that fails has been doing.
pub(crate) fn provider_health(name: &str) -> Attributes {
    key(format!("PROVIDER#{name}"), "HEALTH")
}

/// The turns given out under a receiver's rate limit. A turn counts in the limit's own unit, so
/// each limit has turns of its own.
pub(crate) fn turns(owner: &OwnerId, receiver: &Receiver, per_second: u32) -> Attributes {
    key(format!("OWNER#{owner}"), &format!("TURNS#{}#{per_second}", receiver.key()))
}

/// An API key, by its digest.
pub(crate) fn api_key(hash: &str) -> Attributes {
    key(format!("KEY#{hash}"), "KEY")
}

/// The partition of an owner's webhooks out in the index.
pub(crate) fn deliveries(owner: &OwnerId) -> AttributeValue {
    AttributeValue::S(format!("DELIVERIES#{owner}"))
}

/// The partition of an owner's own items, and of its jobs in the index.
pub(crate) fn owner_partition(owner: &OwnerId) -> AttributeValue {
    AttributeValue::S(format!("OWNER#{owner}"))
}
