//! What a change of the table calls for. Pure: two images in, work out. Each entity has one
//! function here.

use std::time::Duration;

use domain::delivery::{Delivery, DeliveryStatus};
use domain::delivery_resource::DeliveryResource;
use domain::endpoint::{DisabledReason, Endpoint, EndpointStatus};
use domain::endpoint_resource::EndpointResource;
use domain::event_key::EventKey;
use domain::links::Links;
use domain::notice::NoticeBody;
use domain::project::body::ProjectEventBody;
use domain::resource::{EventBody, JobResource};
use domain::webhook::{Event, Receiver};
use domain::{EventType, Job, JobId, JobState, Project, ProjectStatus, Timestamp, schedule};
use queues::message::{Dispatch, Early, Ingest, Reconcile};
use serde_json::Result;
use signing::token::TokenKey;
use store::{Inbound, InboundOutcome};

use crate::live::{self, OwnedEvent};
use crate::notification::{Notification, is_to_be_sent};
use crate::transition::{
    abandoned_task, calls_for_poll, dispatch_backoff, is_restarted, progress, starts,
};

/// What is to be done; each message with its delay.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) dispatch: Vec<(Dispatch, Duration)>,
    pub(crate) ingest: Vec<(Ingest, Duration)>,
    pub(crate) reconcile: Vec<(Reconcile, Duration)>,
    pub(crate) early: Vec<(Early, Duration)>,
    /// Events to send to their receivers.
    pub(crate) notifications: Vec<Notification>,
    /// Stored deliveries to send.
    pub(crate) deliveries: Vec<Delivery>,
    /// Events for live updates.
    pub(crate) live: Vec<OwnedEvent>,
}

/// Plans the work of changes.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(crate) links: Links,
    pub(crate) tokens: TokenKey,
    pub(crate) confirmation_timeout: Duration,
    /// Whether the operator has a notification service.
    pub(crate) notification_service: bool,
}

impl Planner {
    /// Adds what the change of a job from `old` to `new` calls for.
    pub(crate) fn job(&self, old: Option<&Job>, new: &Job, work: &mut Work) -> Result<()> {
        work.live.extend(live::of_job(old, new, &self.links)?);
        if starts(old, new) {
            let wait = schedule::first_poll(new.kind().is_step(), self.confirmation_timeout);
            // The polls of a job that can be restarted end when it is.
            let job_created_at = new.kind().is_step().then_some(new.created_at);
            work.reconcile
                .push((Reconcile { polls: Some(0), job_created_at, ..Reconcile::once(new) }, wait));
        }
        if let Some(task) = old.and_then(|old| abandoned_task(old, new)) {
            let cancel = Reconcile { superseded_task: Some(task), ..Reconcile::once(new) };
            work.reconcile.push((cancel, Duration::ZERO));
        }
        if old.is_none_or(|old| old.state != new.state || is_restarted(old, new)) {
            self.job_state(old, new, work)
        } else if old.is_some_and(|old| calls_for_poll(old, new)) {
            work.reconcile.push((Reconcile::once(new), Duration::ZERO));
            Ok(())
        } else if let Some(percent) = progress(old, new) {
            let key = EventKey::Progress(new.id.clone(), new.attempt, percent);
            let at = new.progress_at.unwrap_or(new.state_since);
            self.notify(EventType::JobProgress, key, at, new, work)
        } else {
            Ok(())
        }
    }

    fn job_state(&self, old: Option<&Job>, job: &Job, work: &mut Work) -> Result<()> {
        match job.state {
            JobState::Queued => {
                work.dispatch.push((Dispatch::of(job), dispatch_backoff(old, job)));
            }
            JobState::Storing => {
                work.ingest.push((Ingest::of(job), Duration::ZERO));
            }
            JobState::Dispatched if old.is_some_and(|old| old.started_at.is_none()) => {
                let at = job.started_at.unwrap_or(job.state_since);
                self.notify(EventType::JobStarted, EventKey::Job(job.id.clone()), at, job, work)?;
            }
            JobState::Waiting | JobState::Dispatched | JobState::Uncertain | JobState::Running => {}
            JobState::Completed | JobState::Failed | JobState::Cancelled => {
                if let Some(event) = EventType::of(job.state) {
                    self.notify(event, EventKey::Job(job.id.clone()), ended_at(job), job, work)?;
                }
            }
        }
        Ok(())
    }

    /// Adds a notification of `event` of `job`. The job's own URL gets its end alone, as clients
    /// of the async TTS API v1 expect. The steps of a project have no events; their project has.
    fn notify(
        &self,
        event: EventType,
        key: EventKey,
        occurred_at: Timestamp,
        job: &Job,
        work: &mut Work,
    ) -> Result<()> {
        if job.kind().is_step() {
            return Ok(());
        }
        let own = job.webhook_url.clone().filter(|_| event.ends_job());
        let event = Event {
            key,
            event,
            owner: job.owner.clone(),
            occurred_at,
            job_id: Some(job.id.clone()),
            project_id: None,
            body: self.job_body(event, occurred_at, job)?,
        };
        let to = own.map(Receiver::Url).into_iter().collect();
        work.notifications.push(Notification { event, to, except: None });
        Ok(())
    }

    /// Adds what the change of a project from `old` to `new` calls for.
    pub(crate) fn project(
        &self,
        old: Option<&Project>,
        new: &Project,
        work: &mut Work,
    ) -> Result<()> {
        work.live.extend(live::of_project(old, new, &self.links)?);
        let is_same = |old: &Project| (old.status, old.revision) == (new.status, new.revision);
        let event = match new.status {
            ProjectStatus::Completed => EventType::ProjectCompleted,
            ProjectStatus::Failed => EventType::ProjectFailed,
            ProjectStatus::Cancelled => EventType::ProjectCancelled,
            ProjectStatus::Processing => return Ok(()),
        };
        if old.is_some_and(is_same) {
            return Ok(());
        }
        let service = self.notification_service.then_some(Receiver::NotificationService);
        let own = new.webhook_url.clone().map(Receiver::Url);
        let event = Event {
            key: EventKey::Project(new.id.clone(), new.revision),
            event,
            owner: new.owner.clone(),
            occurred_at: new.status_since,
            job_id: None,
            project_id: Some(new.id.clone()),
            body: self.project_body(event, new)?,
        };
        let to = own.into_iter().chain(service).collect();
        work.notifications.push(Notification { event, to, except: None });
        Ok(())
    }

    fn project_body(&self, event: EventType, project: &Project) -> Result<String> {
        let link = |job: &JobId, output: &str| {
            self.links.download(job, output, &self.tokens.download_token(job))
        };
        let url = self.links.project(&project.id);
        serde_json::to_string(&ProjectEventBody::new(event, project, url, &link))
    }

    /// The body that reports the end of a job, the same each time.
    pub(crate) fn end_body(&self, event: EventType, job: &Job) -> Result<String> {
        self.job_body(event, ended_at(job), job)
    }

    fn job_body(&self, event: EventType, at: Timestamp, job: &Job) -> Result<String> {
        let resource = JobResource::new(job, &self.links, &self.tokens.download_token(&job.id));
        serde_json::to_string(&EventBody::new(event, at, resource))
    }
}

/// Adds what the change of a delivery from `old` to `new` calls for.
pub(crate) fn delivery(old: Option<&Delivery>, new: Delivery, work: &mut Work) -> Result<()> {
    let exhausted = new.status == DeliveryStatus::Exhausted
        && old.is_none_or(|old| old.status != DeliveryStatus::Exhausted);
    let webhook = &new.webhook;
    if exhausted && webhook.event.reports_exhaustion() {
        let event = EventType::DeliveryExhausted;
        let occurred_at = new.attempts.last().map_or(webhook.occurred_at, |last| last.at);
        let data = DeliveryResource::brief(&new);
        let event = Event {
            key: EventKey::Exhausted(webhook.id.clone(), new.replays),
            event,
            owner: webhook.owner.clone(),
            occurred_at,
            job_id: webhook.job_id.clone(),
            project_id: webhook.project_id.clone(),
            body: serde_json::to_string(&NoticeBody {
                event,
                timestamp: occurred_at.into(),
                data,
            })?,
        };
        let except = webhook.receiver.endpoint().cloned();
        work.notifications.push(Notification { event, to: Vec::new(), except });
    } else if new.status == DeliveryStatus::Pending && is_to_be_sent(old, &new) {
        work.deliveries.push(new);
    }
    Ok(())
}

/// Adds what the change of an endpoint from `old` to `new` calls for.
pub(crate) fn endpoint(old: Option<&Endpoint>, new: &Endpoint, work: &mut Work) -> Result<()> {
    let was_enabled = old.is_some_and(|old| old.status == EndpointStatus::Enabled);
    let EndpointStatus::Disabled { reason, at } = new.status else { return Ok(()) };
    if !was_enabled || reason == DisabledReason::Owner {
        return Ok(());
    }
    let event = EventType::EndpointDisabled;
    let data = EndpointResource::from(new).for_others();
    let event = Event {
        key: EventKey::Disabled(new.id.clone(), at),
        event,
        owner: new.owner.clone(),
        occurred_at: at,
        job_id: None,
        project_id: None,
        body: serde_json::to_string(&NoticeBody { event, timestamp: at.into(), data })?,
    };
    let except = Some(new.id.clone());
    work.notifications.push(Notification { event, to: Vec::new(), except });
    Ok(())
}

/// Adds what a kept inbound webhook calls for: one that came too early is retried.
pub(crate) fn inbound(is_new: bool, inbound: &Inbound, work: &mut Work) {
    if is_new && inbound.outcome == InboundOutcome::Early {
        work.early.push((Early { inbound_id: inbound.id.clone() }, schedule::work_wait(1)));
    }
}

fn ended_at(job: &Job) -> Timestamp {
    job.completed_at.unwrap_or(job.state_since)
}
