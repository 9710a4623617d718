//! The triggers of a function: routes, queues and table streams.

use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use serde_yaml_ng::Value;

use crate::document::{Resource, typed};
use crate::error::{Path, TemplateError};
use crate::intrinsics::Resolver;
use crate::model::{Function, QueueMapping, StreamMapping};
use crate::routes;

/// Lambda's default batch size for a queue.
const DEFAULT_QUEUE_BATCH: usize = 10;
/// Lambda's default batch size for a stream.
const DEFAULT_STREAM_BATCH: usize = 100;

/// Adds the triggers of `resource` to `function`.
pub(super) fn read(
    resolver: &Resolver<'_>,
    resource: &Resource<'_>,
    function: &mut Function,
) -> Result<(), TemplateError> {
    let events = resource.property("Events").and_then(Value::as_mapping).into_iter().flatten();
    for (name, event) in events {
        let path = resource.path().key("Events").key(name.as_str().unwrap_or_default());
        let kind = event.get("Type").and_then(Value::as_str).unwrap_or_default();
        let properties = event.get("Properties").unwrap_or(&Value::Null);
        let path = path.key("Properties");
        let properties = resolver.resolve(properties, &path)?.unwrap_or_default();
        match kind {
            "HttpApi" => function.routes.push(routes::read(resolver, properties, &path)?),
            "SQS" => function.queues.push(queue(properties, &path)?),
            "DynamoDB" => function.streams.push(stream(properties, &path)?),
            _ => {
                return Err(TemplateError::at(
                    &path,
                    format!("cannot run an event of type {kind:?}"),
                ));
            }
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct QueueEvent {
    queue: String,
    batch_size: Option<usize>,
    #[serde(default)]
    maximum_batching_window_in_seconds: u64,
    #[serde(default)]
    function_response_types: Vec<String>,
    scaling_config: Option<ScalingConfig>,
    enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ScalingConfig {
    #[serde(deserialize_with = "number")]
    maximum_concurrency: usize,
}

/// A number, which a parameter gives as a text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match Json::deserialize(deserializer)? {
        Json::String(text) => text.parse().map_err(D::Error::custom),
        number => usize::deserialize(number).map_err(D::Error::custom),
    }
}

fn queue(properties: Json, path: &Path) -> Result<QueueMapping, TemplateError> {
    let event: QueueEvent = typed(properties, path)?;
    refuse_disabled(event.enabled, path)?;
    Ok(QueueMapping {
        queue: last_part(&event.queue, ':').to_owned(),
        batch_size: event.batch_size.unwrap_or(DEFAULT_QUEUE_BATCH),
        window: Duration::from_secs(event.maximum_batching_window_in_seconds),
        reports_failures: reports_failures(&event.function_response_types),
        maximum_concurrency: event.scaling_config.map(|scaling| scaling.maximum_concurrency),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct StreamEvent {
    stream: String,
    batch_size: Option<usize>,
    #[serde(default)]
    maximum_batching_window_in_seconds: u64,
    #[serde(default)]
    function_response_types: Vec<String>,
    filter_criteria: Option<FilterCriteria>,
    #[serde(default)]
    bisect_batch_on_function_error: bool,
    maximum_retry_attempts: Option<i64>,
    maximum_record_age_in_seconds: Option<i64>,
    destination_config: Option<DestinationConfig>,
    enabled: Option<bool>,
    // Without effect here: the stream starts with the data folder, so its oldest and its latest
    // record coincide when a mapping is created, and one shard feeds one invocation.
    #[serde(rename = "StartingPosition")]
    _starting_position: Option<String>,
    #[serde(rename = "ParallelizationFactor")]
    _parallelization_factor: Option<Json>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DestinationConfig {
    on_failure: OnFailure,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OnFailure {
    destination: String,
    #[serde(rename = "Type")]
    _kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct FilterCriteria {
    filters: Vec<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Filter {
    pattern: String,
}

fn stream(properties: Json, path: &Path) -> Result<StreamMapping, TemplateError> {
    let event: StreamEvent = typed(properties, path)?;
    refuse_disabled(event.enabled, path)?;
    let table = event.stream.split('/').nth(1);
    let table = table.ok_or_else(|| TemplateError::at(path, "Stream is not a table's stream"))?;
    let filters = event.filter_criteria.map_or_else(Vec::new, |criteria| criteria.filters);
    let filters: Result<Vec<_>, _> =
        filters.iter().map(|filter| serde_json::from_str(&filter.pattern)).collect();
    Ok(StreamMapping {
        table: table.to_owned(),
        batch_size: event.batch_size.unwrap_or(DEFAULT_STREAM_BATCH),
        window: Duration::from_secs(event.maximum_batching_window_in_seconds),
        filters: filters.map_err(|error: serde_json::Error| {
            TemplateError::at(&path.key("FilterCriteria"), error.to_string())
        })?,
        bisects: event.bisect_batch_on_function_error,
        // CloudFormation's -1 means no limit.
        maximum_retries: event.maximum_retry_attempts.and_then(|retries| retries.try_into().ok()),
        maximum_age: event
            .maximum_record_age_in_seconds
            .and_then(|seconds| seconds.try_into().ok().map(Duration::from_secs)),
        failure_queue: event
            .destination_config
            .map(|config| last_part(&config.on_failure.destination, ':').to_owned()),
        reports_failures: reports_failures(&event.function_response_types),
    })
}

fn reports_failures(response_types: &[String]) -> bool {
    response_types.iter().any(|kind| kind == "ReportBatchItemFailures")
}

fn refuse_disabled(enabled: Option<bool>, path: &Path) -> Result<(), TemplateError> {
    match enabled {
        Some(false) => Err(TemplateError::at(path, "a disabled trigger never runs; remove it")),
        _ => Ok(()),
    }
}

/// The part after the last `separator`.
pub(super) fn last_part(text: &str, separator: char) -> &str {
    text.rsplit(separator).next().unwrap_or(text)
}
