//! The timeline of a job or a project: its events with their evidence, assembled on request from
//! stored jobs, inbound webhooks and deliveries.

mod entry;

use crate::delivery::Delivery;
use crate::job::PastAttempt;
use crate::project::{Plan, Project, ProjectStatus, ProjectVerb};
use crate::webhook::Receiver;
use crate::{Job, JobId, JobState, Step, Timestamp};

use entry::{DeliveryEvidence, What, files};
pub use entry::{Entry, InboundWebhook};

/// The entries collected so far, in any order.
#[derive(Debug, Default)]
pub struct Timeline(Vec<Entry>);

impl Timeline {
    /// Adds the events of `job`.
    pub fn job(&mut self, job: &Job) {
        if job.step().is_none() {
            self.of(&job.id, job.created_at, What::Created { kind: Some(job.kind()) });
        } else {
            self.of(&job.id, job.created_at, What::Released { kind: job.kind() });
        }
        let mut last_dispatch = None;
        for past in &job.history {
            self.past(&job.id, past, &mut last_dispatch);
        }
        if let Some(at) = job.started_at.filter(|at| last_dispatch != Some(*at)) {
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
        self.at(&job.id, job.cancel_unconfirmed_at, || What::CancelUnconfirmed { attempt });
        self.end(job);
    }

    /// Adds the event that led to its present state, if there is one.
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
            JobState::Uncertain => self.of(&job.id, job.state_since, What::Uncertain { attempt }),
            JobState::Waiting | JobState::Queued | JobState::Dispatched | JobState::Running => {}
        }
    }

    /// Adds the events of a past attempt. Several attempts share their first dispatch:
    /// `last_dispatch` is the last one added.
    fn past(&mut self, job: &JobId, past: &PastAttempt, last_dispatch: &mut Option<Timestamp>) {
        if let Some(at) = past.started_at.filter(|at| *last_dispatch != Some(*at)) {
            *last_dispatch = Some(at);
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
    pub fn webhook(&mut self, webhook: InboundWebhook) {
        let (job, at) = (webhook.inbound_id.job_id.clone(), webhook.inbound_id.received_at);
        self.of(&job, at, What::WebhookReceived(webhook));
    }

    /// Adds the attempts of a delivery.
    pub fn delivery(&mut self, delivery: &Delivery) {
        let webhook = &delivery.webhook;
        for attempt in &delivery.attempts {
            let evidence = DeliveryEvidence {
                delivery_id: webhook.id.clone(),
                event: webhook.event,
                to: shown(&webhook.receiver),
                status_code: attempt.status_code,
                latency_ms: attempt.latency_ms,
                error: attempt.error.clone(),
            };
            self.add(webhook.job_id.as_ref(), attempt.at, What::DeliveryAttempted(evidence));
        }
    }

    /// Adds the events of `project`.
    pub fn project(&mut self, project: &Project, plan: &Plan) {
        self.add(None, project.created_at, What::Created { kind: None });
        for act in &project.history {
            let from_job_id = act.from.clone();
            let what = match act.what {
                ProjectVerb::Regenerated => {
                    let change = plan.prompts_changed.iter().find(|change| change.at == act.at);
                    let (old_prompt, new_prompt) =
                        change.map(|change| (change.old.clone(), change.new.clone())).unzip();
                    What::Regenerated { from_job_id, old_prompt, new_prompt }
                }
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
            // The owner's act is the entry of a cancellation.
            ProjectStatus::Processing | ProjectStatus::Cancelled => {}
        }
    }

    /// All entries by time; of one moment, a cause before what it caused.
    pub fn entries(mut self) -> Vec<Entry> {
        self.0.sort_by_key(|entry| (entry.at, entry.what.rank()));
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
        let from = match &what {
            What::Regenerated { from_job_id, .. } | What::Resumed { from_job_id } => {
                from_job_id.as_ref()
            }
            _ => None,
        };
        let scene_id = job.or(from).and_then(Step::of).and_then(|step| step.scene());
        self.0.push(Entry { at: at.into(), what, job_id: job.cloned(), scene_id });
    }
}

/// A receiver as its endpoint's id, or as its URL without query and fragment, which may be secret.
fn shown(receiver: &Receiver) -> String {
    if let Receiver::Url(url) = receiver {
        url.split(['?', '#']).next().unwrap_or_default().to_owned()
    } else {
        receiver.key()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::job::{ErrorCode, StepWork, Work};
    use crate::project::plan::Picture;
    use crate::project::{ProjectAct, Stitch};
    use crate::{Attempt, InboundId, JobError, OwnerId};

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
    fn restarted_step_shows_both_attempts() {
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
        timeline.webhook(InboundWebhook {
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
            "01:30.000Z attempt_ended scene_002",
            "01:30.000Z released scene_002",
            "01:31.000Z dispatched scene_002",
            "01:32.000Z accepted scene_002",
            "01:40.000Z webhook_received scene_002",
        ];
        assert_eq!(events(timeline), lines);
    }

    #[test]
    fn project_shows_the_acts_of_its_owner() {
        let id = "proj_x".parse().unwrap();
        let act = |what, second| ProjectAct::new(what, at(second));
        let project = Project {
            history: vec![act(ProjectVerb::Resumed, 5), act(ProjectVerb::Cancelled, 7)],
            status: ProjectStatus::Cancelled,
            ..Project::new(id, OwnerId::new("acme"), 2, at(1))
        };
        let plan = Plan {
            scenes: Vec::new(),
            stitch: Stitch::default(),
            picture: Picture::default(),
            prompts_changed: Vec::new(),
        };
        let mut timeline = Timeline::default();
        timeline.project(&project, &plan);
        let lines = ["00:01.000Z created -", "00:05.000Z resumed -", "00:07.000Z cancelled -"];
        assert_eq!(events(timeline), lines);
    }

    #[test]
    fn receiver_url_is_shown_without_its_query() {
        let url = Receiver::Url("https://a.example/hook?token=secret#x".into());
        assert_eq!(shown(&url), "https://a.example/hook");
    }
}
