//! Queues, alarms and log groups.

use serde::{Deserialize, Serialize};
use template::{QueueDefinition, Resolver, Resource, TemplateError, typed};

/// A queue.
#[derive(Debug, Serialize)]
pub struct Queue {
    /// Its key in the template.
    pub logical_id: String,
    /// What the embedded cloud runs.
    #[serde(flatten)]
    pub definition: QueueDefinition,
}

/// An alarm.
#[derive(Debug, Serialize)]
pub struct Alarm {
    /// The metric, such as `Errors`.
    pub metric: String,
    /// The names of the function or queue whose metric it is.
    pub watches: Vec<String>,
}

/// A log group.
#[derive(Debug, Serialize)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// How many days it keeps a line; `None` for no limit.
    pub retention_days: Option<u64>,
}

/// Every queue, from those that `Document::resolve` reads.
pub fn queues(
    resolver: &Resolver<'_>,
    definitions: Vec<QueueDefinition>,
) -> Result<Vec<Queue>, TemplateError> {
    let resources = resolver.resources_of("AWS::SQS::Queue")?;
    let queue = |(resource, definition): (Resource<'_>, _)| Queue {
        logical_id: resource.id.to_owned(),
        definition,
    };
    Ok(resources.into_iter().zip(definitions).map(queue).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AlarmProperties {
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Dimension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dimension {
    value: String,
}

/// Every alarm.
pub fn alarms(resolver: &Resolver<'_>) -> Result<Vec<Alarm>, TemplateError> {
    let alarm = |resource: &Resource<'_>| {
        let read = resolver.properties(resource, &["MetricName", "Dimensions"])?;
        let read: AlarmProperties = typed(read, &resource.path())?;
        let watches = read.dimensions.into_iter().map(|dimension| dimension.value);
        Ok(Alarm { metric: read.metric_name, watches: watches.collect() })
    };
    resolver.resources_of("AWS::CloudWatch::Alarm")?.iter().map(alarm).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LogGroupProperties {
    retention_in_days: Option<u64>,
}

/// Every log group.
pub fn log_groups(resolver: &Resolver<'_>) -> Result<Vec<LogGroup>, TemplateError> {
    let group = |resource: &Resource<'_>| {
        let read = resolver.properties(resource, &["RetentionInDays"])?;
        let read: LogGroupProperties = typed(read, &resource.path())?;
        let name = resolver.physical_name(resource)?;
        Ok(LogGroup { name, retention_days: read.retention_in_days })
    };
    resolver.resources_of("AWS::Logs::LogGroup")?.iter().map(group).collect()
}
