//! What happened to a job or a project, step by step, with what there is to show for it. Pure:
//! it is put together from what was kept.

use serde::Serialize;
use serde_json::Value;

use crate::delivery::{Delivery, Receiver};
use crate::job::PastAttempt;
use crate::project::{Project, ProjectStatus, ProjectVerb};
use crate::time::rfc3339;
use crate::{
    Attempt, EventType, InboundId, Job, JobError, JobId, JobKind, JobState, MessageId, Output,
    SceneId, Step, TaskId, Timestamp,
};

/// Entries in the making, in any order.
#[derive(Debug, Default)]
pub struct Timeline(Vec<Entry>);

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    #[serde(with = "rfc3339")]
    at: Timestamp,
    #[serde(flatten)]
    what: What,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_id: Option<SceneId>,
}

/// A provider's webhook that was kept.
#[derive(Debug, Clone, Serialize)]
pub struct WebhookIn {
    /// Our name for it, under which its bytes are kept.
    pub inbound_id: InboundId,
    /// Who sent it.
    pub provider: String,
    /// What became of it.
    pub outcome: Value,
    /// The attempt that it speaks of, if it names one.
    pub attempt: Option<Attempt>,
    /// The provider's task that it speaks of, if it names one.
    pub provider_task: Option<TaskId>,
    /// When it was last acted on again.
    #[serde(serialize_with = "rfc3339::option::serialize")]
    pub replayed_at: Option<Timestamp>,
}

/// What happened, and the evidence.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum What {
    /// The client's call created it.
    Created {
        #[serde(skip_serializing_if = "Option::is_none")]
        kind: Option<JobKind>,
    },
    /// What the step is made from was there.
    Released {
        kind: JobKind,
    },
    /// Its first dispatch to the provider was begun.
    Dispatched,
    Accepted {
        attempt: Attempt,
        provider_task: Option<TaskId>,
    },
    Progress {
        attempt: Attempt,
        progress_percent: u8,
    },
    WebhookReceived(WebhookIn),
    /// The provider spoke of an end, unsigned, and was asked.
    EndReported,
    CancelRequested,
    FileOffered {
        attempt: Attempt,
    },
    Stored {
        attempt: Attempt,
        outputs: Vec<StoredFile>,
    },
    Completed,
    Failed {
        error: Option<JobError>,
        #[serde(skip_serializing_if = "Option::is_none")]
        failed_job_id: Option<JobId>,
    },
    Cancelled,
    /// An attempt came to nothing, or was superseded.
    AttemptEnded {
        attempt: Attempt,
        reason: String,
        provider_task: Option<TaskId>,
    },
    Regenerated {
        from_job_id: Option<JobId>,
    },
    Resumed {
        from_job_id: Option<JobId>,
    },
    DeliveryAttempted(DeliveryEvidence),
}

/// A file, without its place in our bucket.
#[derive(Debug, Clone, Serialize)]
struct StoredFile {
    name: String,
    content_type: String,
    bytes: u64,
    sha256: String,
    duration_ms: Option<u64>,
}

#[derive(Debug, Clone, Serialize)]
struct DeliveryEvidence {
    delivery_id: MessageId,
    tells: EventType,
    to: String,
    status_code: Option<u16>,
    latency_ms: u64,
    error: Option<String>,
}

impl Timeline {
    /// Adds what `job` itself tells.
    pub fn job(&mut self, job: &Job) {
        if job.step().is_none() {
            self.of(&job.id, job.created_at, What::Created { kind: Some(job.kind()) });
        } else {
            self.of(&job.id, job.created_at, What::Released { kind: job.kind() });
        }
        let mut begun = None;
        for past in &job.history {
            self.past(&job.id, past, &mut begun);
        }
        if let Some(at) = job.started_at.filter(|at| begun != Some(*at)) {
            self.of(&job.id, at, What::Dispatched);
        }
        let attempt = job.attempt;
        let accepted =
            job.accepted_at.or((job.state == JobState::Running).then_some(job.state_since));
        self.at(&job.id, accepted, || What::Accepted {
            attempt,
            provider_task: job.provider_task.clone(),
        });
        let progress = job.progress_percent.unwrap_or_default();
        self.at(&job.id, job.progress_at, || What::Progress {
            attempt,
            progress_percent: progress,
        });
        self.at(&job.id, job.reported_at, || What::EndReported);
        self.at(&job.id, job.cancel_requested_at, || What::CancelRequested);
        self.end(job);
    }

    /// How it stands, if that is worth an entry.
    fn end(&mut self, job: &Job) {
        let (attempt, at) = (job.attempt, job.completed_at.unwrap_or(job.state_since));
        match job.state {
            JobState::Storing => self.of(&job.id, at, What::FileOffered { attempt }),
            JobState::Completed => {
                self.of(&job.id, at, What::Stored { attempt, outputs: files(&job.outputs) });
                self.of(&job.id, at, What::Completed);
            }
            JobState::Failed => {
                let failed = What::Failed { error: job.error.clone(), failed_job_id: None };
                self.of(&job.id, at, failed);
            }
            JobState::Cancelled => self.of(&job.id, at, What::Cancelled),
            JobState::Waiting | JobState::Queued | JobState::Dispatched | JobState::Running => {}
        }
    }

    /// What an attempt that no longer counts left. `begun` is when the last one told of began:
    /// several attempts share their first dispatch.
    fn past(&mut self, job: &JobId, past: &PastAttempt, begun: &mut Option<Timestamp>) {
        if let Some(at) = past.started_at.filter(|at| *begun != Some(*at)) {
            *begun = Some(at);
            self.of(job, at, What::Dispatched);
        }
        let (attempt, provider_task) = (past.attempt, past.provider_task.clone());
        let accepted = || What::Accepted { attempt, provider_task: provider_task.clone() };
        self.at(job, past.accepted_at, accepted);
        if let Some(at) = past.completed_at {
            if !past.outputs.is_empty() {
                self.of(job, at, What::Stored { attempt, outputs: files(&past.outputs) });
            }
            if let Some(error) = past.error.clone() {
                self.of(job, at, What::Failed { error: Some(error), failed_job_id: None });
            }
        }
        let reason = past.reason.clone();
        self.of(job, past.at, What::AttemptEnded { attempt, reason, provider_task });
    }

    /// Adds a provider's webhook.
    pub fn webhook(&mut self, webhook: WebhookIn) {
        let (job, at) = (webhook.inbound_id.job_id.clone(), webhook.inbound_id.received_at);
        self.of(&job, at, What::WebhookReceived(webhook));
    }

    /// Adds the attempts at a webhook out.
    pub fn delivery(&mut self, delivery: &Delivery) {
        for attempt in &delivery.attempts {
            let evidence = DeliveryEvidence {
                delivery_id: delivery.id.clone(),
                tells: delivery.event,
                to: shown(&delivery.receiver),
                status_code: attempt.status_code,
                latency_ms: attempt.latency_ms,
                error: attempt.error.clone(),
            };
            self.add(delivery.job_id.as_ref(), attempt.at, What::DeliveryAttempted(evidence));
        }
    }

    /// Adds what `project` itself tells.
    pub fn project(&mut self, project: &Project) {
        self.add(None, project.created_at, What::Created { kind: None });
        for act in &project.history {
            let from_job_id = act.from.clone();
            let what = match act.what {
                ProjectVerb::Regenerated => What::Regenerated { from_job_id },
                ProjectVerb::Resumed => What::Resumed { from_job_id },
                ProjectVerb::Cancelled => What::Cancelled,
            };
            self.add(None, act.at, what);
        }
        match project.status {
            ProjectStatus::Completed => self.add(None, project.status_since, What::Completed),
            ProjectStatus::Failed => {
                let (error, failed_job_id) = (project.error.clone(), project.failed_job.clone());
                self.add(None, project.status_since, What::Failed { error, failed_job_id });
            }
            // The owner's act tells of its end.
            ProjectStatus::Processing | ProjectStatus::Cancelled => {}
        }
    }

    /// All of it in the order of time; what happened at one time, in the order it was added.
    #[must_use]
    pub fn entries(mut self) -> Vec<Entry> {
        self.0.sort_by_key(|entry| entry.at);
        self.0
    }

    fn at(&mut self, job: &JobId, at: Option<Timestamp>, what: impl FnOnce() -> What) {
        if let Some(at) = at {
            self.of(job, at, what());
        }
    }

    fn of(&mut self, job: &JobId, at: Timestamp, what: What) {
        self.add(Some(job), at, what);
    }

    fn add(&mut self, job: Option<&JobId>, at: Timestamp, what: What) {
        let scene_id = job.and_then(Step::of).and_then(|step| step.scene());
        self.0.push(Entry { at, what, job_id: job.cloned(), scene_id });
    }
}

fn files(outputs: &[Output]) -> Vec<StoredFile> {
    let file = |output: &Output| StoredFile {
        name: output.name.clone(),
        content_type: output.content_type.clone(),
        bytes: output.bytes,
        sha256: output.sha256.clone(),
        duration_ms: output.duration_ms,
    };
    outputs.iter().map(file).collect()
}

/// A receiver by its endpoint's id, or its address without what may be secret in it.
fn shown(receiver: &Receiver) -> String {
    if let Receiver::Url(url) = receiver {
        url.split(['?', '#']).next().unwrap_or_default().to_owned()
    } else {
        receiver.key()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::OwnerId;
    use crate::job::{ErrorCode, StepWork, Work};
    use crate::project::ProjectAct;

    const fn at(second: i64) -> Timestamp {
        Timestamp::from_millis(second * 1000)
    }

    fn events(timeline: Timeline) -> Vec<String> {
        let entries = timeline.entries();
        let line = |entry: &Entry| {
            let entry = json!(entry);
            let scene = entry["scene_id"].as_str().unwrap_or("-");
            format!(
                "{} {} {scene}",
                entry["at"].as_str().unwrap(),
                entry["event"].as_str().unwrap()
            )
        };
        entries.iter().map(line).map(|line| line.replace("1970-01-01T00:", "")).collect()
    }

    #[test]
    fn a_step_made_anew_shows_both_of_its_lives() {
        let id: JobId = "proj_x-scene_002-video".parse().unwrap();
        let past = PastAttempt {
            attempt: Attempt(1),
            at: at(90),
            reason: "superseded".into(),
            provider_task: "task_1".parse().ok(),
            started_at: Some(at(10)),
            accepted_at: Some(at(11)),
            completed_at: Some(at(20)),
            error: Some(JobError::new(ErrorCode::ProviderFailed, "no")),
            outputs: Vec::new(),
        };
        let job = Job {
            state: JobState::Running,
            attempt: Attempt(3),
            started_at: Some(at(91)),
            state_since: at(92),
            history: vec![past],
            ..Job::new(
                id.clone(),
                OwnerId::new("acme"),
                Work::SceneVideo(StepWork::default()),
                at(90),
            )
        };
        let mut timeline = Timeline::default();
        timeline.job(&job);
        timeline.webhook(WebhookIn {
            inbound_id: InboundId::new(id, at(100), [1; 8]),
            provider: "scene-video".into(),
            outcome: json!("superseded"),
            attempt: None,
            provider_task: "task_1".parse().ok(),
            replayed_at: None,
        });
        let lines = [
            "00:10.000Z dispatched scene_002",
            "00:11.000Z accepted scene_002",
            "00:20.000Z failed scene_002",
            "01:30.000Z released scene_002",
            "01:30.000Z attempt_ended scene_002",
            "01:31.000Z dispatched scene_002",
            "01:32.000Z accepted scene_002",
            "01:40.000Z webhook_received scene_002",
        ];
        assert_eq!(events(timeline), lines);
    }

    #[test]
    fn a_project_tells_what_its_owner_did() {
        let id = "proj_x".parse().unwrap();
        let act = |what, second| ProjectAct::new(what, at(second));
        let project = Project {
            history: vec![act(ProjectVerb::Resumed, 5), act(ProjectVerb::Cancelled, 7)],
            status: ProjectStatus::Cancelled,
            ..Project::new(id, OwnerId::new("acme"), 2, at(1))
        };
        let mut timeline = Timeline::default();
        timeline.project(&project);
        let lines = ["00:01.000Z created -", "00:05.000Z resumed -", "00:07.000Z cancelled -"];
        assert_eq!(events(timeline), lines);
    }

    #[test]
    fn an_address_is_shown_without_its_query() {
        let url = Receiver::Url("https://a.example/hook?token=secret#x".into());
        assert_eq!(shown(&url), "https://a.example/hook");
    }
}
