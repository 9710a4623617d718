//! What names an event in the ids of its webhooks: for those that make ids, and for the timeline,
//! which finds webhooks by their ids.
//!
//! Ids are hashes of these texts. Webhooks stored under them are looked up and deduplicated by
//! id, so no text may change.

use crate::{Attempt, EndpointId, JobId, MessageId, OwnerId, ProjectId, Timestamp};

/// The name of an event. Together with the event type and the receiver it makes a message id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventKey(String);

impl EventKey {
    /// An event that a job has once: its start or its end.
    #[must_use]
    pub fn job(id: &JobId) -> Self {
        Self(id.to_string())
    }

    /// A job's progress in one of its attempts.
    #[must_use]
    pub fn progress(id: &JobId, attempt: Attempt, percent: u8) -> Self {
        Self(format!("{id}#{attempt}#{percent}"))
    }

    /// The end of a project, which it reaches at most once in each revision.
    #[must_use]
    pub fn project(id: &ProjectId, revision: u32) -> Self {
        Self(format!("{id}#{revision}"))
    }

    /// A delivery that is exhausted, once after each replay.
    #[must_use]
    pub fn exhausted(id: &MessageId, replays: u32) -> Self {
        Self(format!("{id}#{replays}"))
    }

    /// An endpoint that was disabled at `at`.
    #[must_use]
    pub fn disabled(id: &EndpointId, at: Timestamp) -> Self {
        Self(format!("{id}#{}", at.as_millis()))
    }

    /// A test event that `owner` sends under the idempotency key whose SHA-256 is `mark`.
    #[must_use]
    pub fn keyed_test(owner: &OwnerId, mark: &str) -> Self {
        Self(format!("{owner}#{mark}"))
    }

    /// A test event without an idempotency key, by random text.
    #[must_use]
    pub const fn test(random: String) -> Self {
        Self(random)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::EventType;
    use crate::webhook::Receiver;

    /// Ids as version 0.1.0 made them: what is stored under them must be found.
    #[test]
    fn ids_stay_as_they_are() {
        let (job, project) = ("job_1".parse().unwrap(), "proj_x".parse().unwrap());
        let (message, endpoint) = ("msg_0b4a".parse().unwrap(), "ep_7".parse().unwrap());
        let (owner, at) = (OwnerId::new("acme"), Timestamp::from_millis(1_767_225_600_123));
        let url = Receiver::Url("https://a.example/hook?x=1".to_owned());
        let [seven, eight] = ["ep_7", "ep_8"].map(|id| Receiver::Endpoint(id.parse().unwrap()));
        let service = Receiver::NotificationService;
        let random = EventKey::test("0123456789abcdef".to_owned());
        let made = [
            (EventKey::job(&job), EventType::JobCompleted, &url),
            (EventKey::job(&job), EventType::JobStarted, &seven),
            (EventKey::progress(&job, Attempt(2), 40), EventType::JobProgress, &seven),
            (EventKey::project(&project, 3), EventType::ProjectCompleted, &service),
            (EventKey::exhausted(&message, 1), EventType::DeliveryExhausted, &seven),
            (EventKey::disabled(&endpoint, at), EventType::EndpointDisabled, &eight),
            (EventKey::keyed_test(&owner, "5f2c"), EventType::EndpointTest, &seven),
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
