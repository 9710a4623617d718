//! Queues, tables and buckets.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::TemplateError;
use crate::document::{Resource, typed};
use crate::events::last_part;
use crate::intrinsics::Resolver;
use crate::model::{QueueDefinition, Redrive, Table};

/// SQS's default visibility timeout, in seconds.
const DEFAULT_VISIBILITY_SECONDS: u64 = 30;
/// SQS's default retention, in seconds: four days.
const DEFAULT_RETENTION_SECONDS: u64 = 345_600;
/// The properties of a table with the same name in CloudFormation and in `CreateTable`.
const CREATE_TABLE_PROPERTIES: [&str; 6] = [
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
    "BillingMode",
    "ProvisionedThroughput",
];
/// The properties of a queue that have an effect here.
const QUEUE_PROPERTIES: [&str; 4] =
    ["VisibilityTimeout", "MessageRetentionPeriod", "RedrivePolicy", "FifoQueue"];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueProperties {
    visibility_timeout: Option<u64>,
    message_retention_period: Option<u64>,
    redrive_policy: Option<RedrivePolicy>,
    #[serde(default)]
    fifo_queue: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RedrivePolicy {
    dead_letter_target_arn: String,
    max_receive_count: u32,
}

/// Reads every queue.
pub(super) fn queues(resolver: &Resolver<'_>) -> Result<Vec<QueueDefinition>, TemplateError> {
    let queues = resolver.resources_of("AWS::SQS::Queue")?;
    queues.iter().map(|resource| queue(resolver, resource)).collect()
}

fn queue(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
) -> Result<QueueDefinition, TemplateError> {
    let path = resource.path();
    let queue: QueueProperties = typed(resolver.properties(resource, &QUEUE_PROPERTIES)?, &path)?;
    if queue.fifo_queue {
        return Err(TemplateError::at(&path, "only standard queues are run here"));
    }
    let seconds = |stated: Option<u64>, default| Duration::from_secs(stated.unwrap_or(default));
    Ok(QueueDefinition {
        name: resolver.physical_name(resource)?,
        visibility_timeout: seconds(queue.visibility_timeout, DEFAULT_VISIBILITY_SECONDS),
        retention: seconds(queue.message_retention_period, DEFAULT_RETENTION_SECONDS),
        redrive: queue.redrive_policy.map(|policy| Redrive {
            dead_letter_queue: last_part(&policy.dead_letter_target_arn, ':').to_owned(),
            max_receive_count: policy.max_receive_count,
        }),
    })
}

/// Reads every table.
pub(super) fn tables(resolver: &Resolver<'_>) -> Result<Vec<Table>, TemplateError> {
    let tables = resolver.resources_of("AWS::DynamoDB::Table")?;
    tables.iter().map(|resource| table(resolver, resource)).collect()
}

fn table(resolver: &Resolver<'_>, resource: &Resource<'_>) -> Result<Table, TemplateError> {
    let name = resolver.physical_name(resource)?;
    let mut create = resolver.properties(resource, &CREATE_TABLE_PROPERTIES)?;
    create["TableName"] = name.as_str().into();
    let others = ["StreamSpecification", "TimeToLiveSpecification"];
    let others = resolver.properties(resource, &others)?;
    if let Some(view) = others.pointer("/StreamSpecification/StreamViewType") {
        create["StreamSpecification"] = json!({ "StreamEnabled": true, "StreamViewType": view });
    }
    let expiry = others.pointer("/TimeToLiveSpecification/AttributeName");
    Ok(Table { name, create, expiry_attribute: expiry.and_then(Json::as_str).map(str::to_owned) })
}

/// The names of all buckets.
pub(super) fn buckets(resolver: &Resolver<'_>) -> Result<Vec<String>, TemplateError> {
    let buckets = resolver.resources_of("AWS::S3::Bucket")?;
    buckets.iter().map(|resource| resolver.physical_name(resource)).collect()
}

impl Resolver<'_> {
    /// The properties `names` of `resource`, resolved; the others need not be understood.
    pub fn properties(
        &self,
        resource: &Resource<'_>,
        names: &[&str],
    ) -> Result<Json, TemplateError> {
        let mut properties = serde_json::Map::new();
        for name in names {
            let Some(value) = resource.property(name) else { continue };
            if let Some(value) = self.resolve(value, &resource.path().key(name))? {
                properties.insert((*name).to_owned(), value);
            }
        }
        Ok(Json::Object(properties))
    }
}
