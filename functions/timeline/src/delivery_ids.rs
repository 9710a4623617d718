//! The ids of the deliveries of a job's or project's events. They are derived from event and
//! receiver, so no index is needed. Deliveries to endpoints deleted since are not found.

use domain::delivery::Receiver;
use domain::endpoint::Endpoint;
use domain::project::occasion;
use domain::{EventType, Job, MessageId, Project};

/// Number of a project's revisions, the last ones, whose deliveries are read.
const REVISIONS: u32 = 10;

/// Deliveries about `job`, to its webhook URL and to `endpoints`.
pub(crate) fn of_job(job: &Job, endpoints: &[Endpoint]) -> Vec<MessageId> {
    let started = job.started_at.map(|_| EventType::JobStarted);
    let ended = EventType::of(job.state);
    let events = started.into_iter().chain(ended);
    let subject = job.id.to_string();
    events.flat_map(|event| ids(&subject, event, job.webhook_url.as_ref(), endpoints)).collect()
}

/// Deliveries about `project` in its last revisions, to the notification service too.
pub(crate) fn of_project(project: &Project, endpoints: &[Endpoint]) -> Vec<MessageId> {
    let revisions = project.revision.saturating_sub(REVISIONS - 1)..=project.revision;
    let events = [EventType::ProjectCompleted, EventType::ProjectFailed];
    let of_revision = |revision| {
        let subject = occasion(&project.id, revision);
        let url = project.webhook_url.as_ref();
        let service = Receiver::NotificationService.key();
        events.into_iter().flat_map(move |event| {
            let to_service = MessageId::for_event(&subject, event, &service);
            ids(&subject, event, url, endpoints).into_iter().chain([to_service])
        })
    };
    revisions.flat_map(of_revision).collect()
}

fn ids(
    subject: &str,
    event: EventType,
    url: Option<&String>,
    endpoints: &[Endpoint],
) -> Vec<MessageId> {
    let endpoints = endpoints.iter().map(|endpoint| Receiver::Endpoint(endpoint.id.clone()));
    let receivers = url.cloned().map(Receiver::Url).into_iter().chain(endpoints);
    receivers.map(|receiver| MessageId::for_event(subject, event, &receiver.key())).collect()
}
