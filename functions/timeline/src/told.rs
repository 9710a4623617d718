//! The ids of the webhooks that may have told of something. They follow from what it is, so
//! that no index of them is kept. Those to an endpoint that its owner has deleted are not found.

use domain::delivery::Receiver;
use domain::endpoint::Endpoint;
use domain::project::occasion;
use domain::{EventType, Job, MessageId, Project};

/// Of how many courses of a project, the last ones, webhooks are looked for.
const COURSES: u32 = 10;

/// Of `job`, to its own address and to `endpoints`.
pub(crate) fn of_job(job: &Job, endpoints: &[Endpoint]) -> Vec<MessageId> {
    let started = job.started_at.map(|_| EventType::JobStarted);
    let ended = EventType::of(job.state);
    let events = started.into_iter().chain(ended);
    let subject = job.id.to_string();
    events.flat_map(|event| ids(&subject, event, job.webhook_url.as_ref(), endpoints)).collect()
}

/// Of `project`, in each of its last courses, to the notification service too.
pub(crate) fn of_project(project: &Project, endpoints: &[Endpoint]) -> Vec<MessageId> {
    let courses = project.revision.saturating_sub(COURSES - 1)..=project.revision;
    let events = [EventType::ProjectCompleted, EventType::ProjectFailed];
    let of_course = |revision| {
        let subject = occasion(&project.id, revision);
        let url = project.webhook_url.as_ref();
        let service = Receiver::NotificationService.key();
        events.into_iter().flat_map(move |event| {
            let to_service = MessageId::for_event(&subject, event, &service);
            ids(&subject, event, url, endpoints).into_iter().chain([to_service])
        })
    };
    courses.flat_map(of_course).collect()
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
