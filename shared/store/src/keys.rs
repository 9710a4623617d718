//! The table's keys: which attributes they are, and how ids become values.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{JobId, MessageId, OwnerId, Timestamp};

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

/// An item's key, or a part of an item.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

fn key(pk: String, sk: &str) -> Attributes {
    HashMap::from([(PK.to_owned(), AttributeValue::S(pk)), (SK.to_owned(), text(sk))])
}

/// A job.
pub(crate) fn job(id: &JobId) -> Attributes {
    key(format!("JOB#{id}"), "JOB")
}

/// The request of a job, where it is long.
pub(crate) fn request(id: &JobId) -> Attributes {
    key(format!("JOB#{id}"), "REQUEST")
}

/// A provider's webhook.
pub(crate) fn inbound(id: &str) -> Attributes {
    key(format!("INBOUND#{id}"), "INBOUND")
}

/// A webhook out.
pub(crate) fn delivery(id: &MessageId) -> Attributes {
    key(format!("DELIVERY#{id}"), "DELIVERY")
}

/// An API key, by its digest.
pub(crate) fn api_key(hash: &str) -> Attributes {
    key(format!("KEY#{hash}"), "KEY")
}

/// The partition of an owner's jobs in the index.
pub(crate) fn owner_partition(owner: &OwnerId) -> AttributeValue {
    AttributeValue::S(format!("OWNER#{owner}"))
}

/// A job's place among its owner's. The time comes first, since an id that follows from an
/// idempotency key does not sort by time.
pub(crate) fn owner_sort(created_at: Timestamp, id: &JobId) -> String {
    format!("{:013}#{id}", created_at.as_millis())
}

/// The job at a place that [`owner_sort`] made.
pub(crate) fn job_at(place: &str) -> Option<JobId> {
    let (time, id) = place.split_once('#')?;
    let dated = time.len() == 13 && time.bytes().all(|byte| byte.is_ascii_digit());
    if dated { id.parse().ok() } else { None }
}
