//! The ids of the webhooks that a job or a project may have sent. They follow from its events, so
//! that no index of them is kept. Those to an endpoint that its owner has deleted are not found.

use domain::endpoint::Endpoint;
use domain::event_key::EventKey;
use domain::webhook::Receiver;
use domain::{EventType, Job, MessageId, Project};

/// How many of a project's last revisions a timeline shows webhooks of.
const REVISIONS: u32 = 10;

/// Of `job`, to its own URL and to `endpoints`.
pub(crate) fn of_job(job: &Job, endpoints: &[Endpoint]) -> Vec<MessageId> {
    let started = job.started_at.map(|_| EventType::JobStarted);
    let events = started.into_iter().chain(EventType::of(job.state));
    let (key, receivers) =
        (EventKey::Job(job.id.clone()), receivers(job.webhook_url.as_ref(), endpoints));
    events.flat_map(|event| ids(&key, event, &receivers)).collect()
}

/// Of `project`, in each of its last revisions, to the notification service too.
pub(crate) fn of_project(project: &Project, endpoints: &[Endpoint]) -> Vec<MessageId> {
    let mut receivers = receivers(project.webhook_url.as_ref(), endpoints);
    receivers.push(Receiver::NotificationService);
    let revisions = project.revision.saturating_sub(REVISIONS - 1)..=project.revision;
    let keys = revisions.map(|revision| EventKey::Project(project.id.clone(), revision));
    let events =
        [EventType::ProjectCompleted, EventType::ProjectFailed, EventType::ProjectCancelled];
    keys.flat_map(|key| events.map(|event| ids(&key, event, &receivers))).flatten().collect()
}

fn receivers(url: Option<&String>, endpoints: &[Endpoint]) -> Vec<Receiver> {
    let endpoints = endpoints.iter().map(|endpoint| Receiver::Endpoint(endpoint.id.clone()));
    url.cloned().map(Receiver::Url).into_iter().chain(endpoints).collect()
}

fn ids(key: &EventKey, event: EventType, receivers: &[Receiver]) -> Vec<MessageId> {
    receivers.iter().map(|receiver| MessageId::for_event(key, event, receiver)).collect()
}
