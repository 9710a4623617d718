//! The ids of the webhooks that a job or a project may have sent. They follow from its events and
//! the owner's receivers, so that no index of them is kept.

use crate::delivery::Delivery;
use crate::event_key::EventKey;
use crate::webhook::Receiver;
use crate::{Attempt, EndpointId, EventType, Job, MessageId, Project};

/// The receivers of something that has a `url` of its own.
pub fn receivers(
    url: Option<&String>,
    endpoints: impl IntoIterator<Item = EndpointId>,
) -> Vec<Receiver> {
    let own = url.cloned().map(Receiver::Url);
    own.into_iter().chain(endpoints.into_iter().map(Receiver::Endpoint)).collect()
}

/// Of the start and the end of `job`.
pub fn of_job(job: &Job, receivers: &[Receiver]) -> Vec<MessageId> {
    let started = job.started_at.map(|_| EventType::JobStarted);
    let key = EventKey::Job(job.id.clone());
    let events = started.into_iter().chain(EventType::of(job.state));
    events.flat_map(|event| ids(&key, event, receivers)).collect()
}

/// Of each progress that `job` may have made in any of its attempts.
pub fn of_progress(job: &Job, receivers: &[Receiver]) -> Vec<MessageId> {
    // An attempt that ended leaves no trace of its progress.
    if job.progress_at.is_none() && job.attempt <= Attempt(1) {
        return Vec::new();
    }
    let keys = (1..=job.attempt.0).flat_map(|attempt| {
        (0..=100).map(move |percent| EventKey::Progress(job.id.clone(), Attempt(attempt), percent))
    });
    keys.flat_map(|key| ids(&key, EventType::JobProgress, receivers)).collect()
}

/// Of the ends of `project` in its last `revisions`.
pub fn of_project(project: &Project, revisions: u32, receivers: &[Receiver]) -> Vec<MessageId> {
    let first = (project.revision + 1).saturating_sub(revisions);
    let keys =
        (first..=project.revision).map(|revision| EventKey::Project(project.id.clone(), revision));
    let events =
        [EventType::ProjectCompleted, EventType::ProjectFailed, EventType::ProjectCancelled];
    keys.flat_map(|key| events.map(|event| ids(&key, event, receivers))).flatten().collect()
}

/// Of the notices that `delivery` was exhausted, at first and after each of its replays.
pub fn of_exhaustion(delivery: &Delivery, receivers: &[Receiver]) -> Vec<MessageId> {
    if !delivery.webhook.event.reports_exhaustion() {
        return Vec::new();
    }
    let id = &delivery.webhook.id;
    let keys = (0..=delivery.replays).map(|replays| EventKey::Exhausted(id.clone(), replays));
    keys.flat_map(|key| ids(&key, EventType::DeliveryExhausted, receivers)).collect()
}

fn ids(key: &EventKey, event: EventType, receivers: &[Receiver]) -> Vec<MessageId> {
    receivers.iter().map(|receiver| MessageId::for_event(key, event, receiver)).collect()
}
