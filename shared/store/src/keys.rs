//! The table's keys: their attributes, and the value of each entity's key.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::project::step::StepTask;
use domain::webhook::Receiver;
use domain::{
    ConnectionId, EndpointId, InboundId, JobId, JobKind, MessageId, ModelId, OwnerId, ProjectId,
    Step, TaskId, Topic,
};

use crate::item::text;

/// Partition key.
pub(crate) const PK: &str = "PK";
/// Sort key.
pub(crate) const SK: &str = "SK";
/// The kind of an item, which the stream's filters read.
pub(crate) const ENTITY: &str = "entity";
/// When DynamoDB may delete an item, in Unix seconds.
pub(crate) const EXPIRES_AT: &str = "expires_at";
/// The index of an owner's jobs, projects and deliveries.
pub(crate) const OWNER_INDEX: &str = "GSI1";
/// Its partition key.
pub(crate) const OWNER_PK: &str = "GSI1PK";
/// Its sort key.
pub(crate) const OWNER_SK: &str = "GSI1SK";

/// Prefix of the sort keys of providers' webhooks.
pub(crate) const INBOUND: &str = "INBOUND#";
/// Sort key of a job's long request.
pub(crate) const REQUEST: &str = "REQUEST";
/// Prefix of the sort keys of a project's steps.
pub(crate) const STEP: &str = "JOB#";
/// Prefix of the sort keys of endpoints.
pub(crate) const ENDPOINT: &str = "ENDPOINT#";
/// Prefix of the sort keys of former endpoints.
pub(crate) const FORMER_ENDPOINT: &str = "FORMER#";

/// How many events clients may have seen of a job or a project.
pub(crate) const SEQUENCE: &str = "seq";

/// Prefix of the sort keys of destinations' circuits.
const CIRCUIT: &str = "HEALTH#";

/// An item, or its key.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

fn key(pk: String, sk: &str) -> Attributes {
    HashMap::from([(PK.to_owned(), AttributeValue::S(pk)), (SK.to_owned(), text(sk))])
}

/// A job. Steps are in the partition of their project, so one Query reads all of them.
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

/// A project's plan.
pub(crate) fn plan(id: &ProjectId) -> Attributes {
    key(format!("PROJECT#{id}"), "PLAN")
}

/// The partition of a project and its steps.
pub(crate) fn project_partition(id: &ProjectId) -> AttributeValue {
    AttributeValue::S(format!("PROJECT#{id}"))
}

/// The permits of a route's rate limit leased to one address.
pub(crate) fn rate_window(route: &str, address: &str) -> Attributes {
    key(format!("RATE#{route}#{address}"), "WINDOW")
}

/// The index partition of an owner's projects.
pub(crate) fn projects(owner: &OwnerId) -> AttributeValue {
    AttributeValue::S(format!("PROJECTS#{owner}"))
}

/// The request of a job, if it is too long for the job's item.
pub(crate) fn request(id: &JobId) -> Attributes {
    key(format!("JOB#{id}"), REQUEST)
}

/// A provider's webhook, in the partition of its job.
pub(crate) fn inbound(id: &InboundId) -> Attributes {
    key(format!("JOB#{}", id.job_id), &format!("{INBOUND}{}", id.place()))
}

/// The partition of a job, its request and its providers' webhooks.
pub(crate) fn job_partition(id: &JobId) -> AttributeValue {
    AttributeValue::S(format!("JOB#{id}"))
}

/// The webhook endpoint `id` of `owner`.
pub(crate) fn endpoint(owner: &OwnerId, id: &EndpointId) -> Attributes {
    key(format!("OWNER#{owner}"), &format!("{ENDPOINT}{id}"))
}

/// What is remembered of a deleted endpoint that was created with an idempotency key.
pub(crate) fn deleted_endpoint(owner: &OwnerId, id: &EndpointId) -> Attributes {
    key(format!("OWNER#{owner}"), &format!("DELETED#{id}"))
}

/// That the owner had the endpoint `id`, which may still have deliveries.
pub(crate) fn former_endpoint(owner: &OwnerId, id: &EndpointId) -> Attributes {
    key(format!("OWNER#{owner}"), &format!("{FORMER_ENDPOINT}{id}"))
}

/// The valid versions of an owner's secret.
pub(crate) fn owner_signing(owner: &OwnerId) -> Attributes {
    key(format!("OWNER#{owner}"), "SIGNING")
}

/// The slots of an owner's slow attempts.
pub(crate) fn owner_share(owner: &OwnerId) -> Attributes {
    key(format!("OWNER#{owner}"), "SHARE")
}

/// An outgoing webhook.
pub(crate) fn delivery(id: &MessageId) -> Attributes {
    key(format!("DELIVERY#{id}"), "DELIVERY")
}

/// The circuit of a destination of an owner's webhooks.
pub(crate) fn circuit(owner: &OwnerId, destination: &str) -> Attributes {
    key(format!("OWNER#{owner}"), &format!("{CIRCUIT}{destination}"))
}

/// The name in the key of a destination's circuit.
pub(crate) fn circuit_name(item: &Attributes) -> String {
    let sort_key = item.get(SK).and_then(|value| value.as_s().ok());
    sort_key.and_then(|text| text.strip_prefix(CIRCUIT)).unwrap_or_default().to_owned()
}

/// The circuit of a provider.
pub(crate) fn provider_circuit(name: &str) -> Attributes {
    key(format!("PROVIDER#{name}"), "HEALTH")
}

/// The last permit under a receiver's rate limit. A permit counts in the limit's own unit, so
/// each limit has permits of its own.
pub(crate) fn permits(owner: &OwnerId, receiver: &Receiver, per_second: u32) -> Attributes {
    key(format!("OWNER#{owner}"), &format!("TURNS#{}#{per_second}", receiver.key()))
}

/// A provider's task.
pub(crate) fn task(kind: JobKind, task: &TaskId) -> Attributes {
    key(format!("TASK#{}#{task}", kind.as_str()), "TASK")
}

/// A model.
pub(crate) fn model(id: &ModelId) -> Attributes {
    key(format!("MODEL#{id}"), "MODEL")
}

/// The index partition of an owner's models.
pub(crate) fn models(owner: &OwnerId) -> AttributeValue {
    AttributeValue::S(format!("MODELS#{owner}"))
}

/// Until when an owner may have connections.
pub(crate) fn watch(owner: &OwnerId) -> Attributes {
    key(format!("OWNER#{owner}"), "LIVE")
}

/// A ticket, by its hash.
pub(crate) fn ticket(hash: &str) -> Attributes {
    key(format!("TICKET#{hash}"), "TICKET")
}

/// A connection.
pub(crate) fn connection(id: &ConnectionId) -> Attributes {
    key(format!("CONNECTION#{id}"), "CONNECTION")
}

/// The partition of the subscriptions to an owner's topic.
pub(crate) fn topic(owner: &OwnerId, topic: &Topic) -> AttributeValue {
    AttributeValue::S(format!("TOPIC#{owner}#{topic}"))
}

/// The subscription of a connection to an owner's topic.
pub(crate) fn subscription(owner: &OwnerId, topic: &Topic, id: &ConnectionId) -> Attributes {
    key(format!("TOPIC#{owner}#{topic}"), &format!("CONNECTION#{id}"))
}

/// An API key, by its hash.
pub(crate) fn api_key(hash: &str) -> Attributes {
    key(format!("KEY#{hash}"), "KEY")
}

/// The partition of an owner's deliveries in the index.
pub(crate) fn deliveries(owner: &OwnerId) -> AttributeValue {
    AttributeValue::S(format!("DELIVERIES#{owner}"))
}

/// The partition of an owner's own items, and the index partition of the owner's jobs.
pub(crate) fn owner_partition(owner: &OwnerId) -> AttributeValue {
    AttributeValue::S(format!("OWNER#{owner}"))
}
