//! What names an event in the ids of its webhooks: for those that make ids, and for the timeline,
//! which finds webhooks by their ids.
//!
//! Ids are hashes of these texts. Stored webhooks are found and deduplicated by id, so no text may
//! change.

use std::fmt;

use crate::{Attempt, EndpointId, JobId, MessageId, OwnerId, ProjectId, Timestamp};

/// The name of an event. Together with the event type and the receiver it makes a message id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKey {
    /// An event that a job has once: its start or its end.
    Job(JobId),
    /// A job's progress in one of its attempts, in percent.
    Progress(JobId, Attempt, u8),
    /// The end of a project, which it reaches at most once in each revision.
    Project(ProjectId, u32),
    /// A delivery that is exhausted, at most once after each of its replays.
    Exhausted(MessageId, u32),
    /// An endpoint that was disabled then.
    Disabled(EndpointId, Timestamp),
    /// A test event that an owner sends under the idempotency key with this SHA-256.
    KeyedTest(OwnerId, String),
    /// A test event without an idempotency key, by random text.
    Test(String),
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(id) => write!(f, "{id}"),
            Self::Progress(id, attempt, percent) => write!(f, "{id}#{attempt}#{percent}"),
            Self::Project(id, revision) => write!(f, "{id}#{revision}"),
            Self::Exhausted(id, replays) => write!(f, "{id}#{replays}"),
            Self::Disabled(id, at) => write!(f, "{id}#{}", at.as_millis()),
            Self::KeyedTest(owner, sha256) => write!(f, "{owner}#{sha256}"),
            Self::Test(random) => f.write_str(random),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventType;
    use crate::webhook::Receiver;

    /// Ids as version 0.1.0 made them: what is stored under them must be found.
    #[test]
    fn ids_stay_as_they_are() {
        let job: JobId = "job_1".parse().unwrap();
        let [seven, eight] = ["ep_7", "ep_8"].map(|id| Receiver::Endpoint(id.parse().unwrap()));
        let url = Receiver::Url("https://a.example/hook?x=1".to_owned());
        let service = Receiver::NotificationService;
        let disabled =
            EventKey::Disabled("ep_7".parse().unwrap(), Timestamp::from_millis(1_767_225_600_123));
        let exhausted = EventKey::Exhausted("msg_0b4a".parse().unwrap(), 1);
        let project = EventKey::Project("proj_x".parse().unwrap(), 3);
        let keyed = EventKey::KeyedTest(OwnerId::new("acme"), "5f2c".to_owned());
        let random = EventKey::Test("0123456789abcdef".to_owned());
        let made = [
            (EventKey::Job(job.clone()), EventType::JobCompleted, &url),
            (EventKey::Job(job.clone()), EventType::JobStarted, &seven),
            (EventKey::Progress(job, Attempt(2), 40), EventType::JobProgress, &seven),
            (project, EventType::ProjectCompleted, &service),
            (exhausted, EventType::DeliveryExhausted, &seven),
            (disabled, EventType::EndpointDisabled, &eight),
            (keyed, EventType::EndpointTest, &seven),
            (random, EventType::EndpointTest, &seven),
        ]
        .map(|(key, event, to)| MessageId::for_event(&key, event, to).to_string());
        let ids = [
            "msg_8d693d28dbc08c8daa9756f699e4ce71",
            "msg_6bda118b7c0a8be785fc399a23bef197",
            "msg_109f4cffb886852ca3c29bd7a942df4f",
            "msg_ed6535747ed182328084f72b27c5096f",
            "msg_743eb580b69f8f1980bf05c0b1b57a2e",
            "msg_5038ab3b02968dc990c5420cbbd9abf5",
            "msg_8811973f24d4880bb6a1b89ad8ce73ce",
            "msg_a5e38239e9e78829bd97ea880c72b86b",
        ];
        assert_eq!(made, ids);
    }
}
