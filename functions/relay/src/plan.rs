//! What a change of the table calls for. Pure: two images in, work out.

use std::time::Duration;

use domain::delivery::{Delivery, DeliveryStatus};
use domain::delivery_resource::DeliveryResource;
use domain::endpoint::{DisabledReason, Endpoint, EndpointStatus};
use domain::endpoint_resource::EndpointResource;
use domain::links::Links;
use domain::notice::NoticeBody;
use domain::resource::{EventBody, JobResource};
use domain::{EventType, Job, JobState, Timestamp, schedule};
use queues::message::{Check, Dispatch, Ingest};
use signing::token::TokenKey;

use crate::occurrence::{Occurrence, asks_to_be_sent};

/// What is to be done, messages each with their delay.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) dispatch: Vec<(Dispatch, Duration)>,
    pub(crate) ingest: Vec<(Ingest, Duration)>,
    pub(crate) check: Vec<(Check, Duration)>,
    /// What owners are to be told.
    pub(crate) occurrences: Vec<Occurrence>,
    /// Deliveries to be sent as they are.
    pub(crate) deliveries: Vec<Delivery>,
}

/// Turns changes into work.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(crate) links: Links,
    pub(crate) tokens: TokenKey,
    pub(crate) confirmation_timeout: Duration,
}

type Planned = Result<(), serde_json::Error>;

impl Planner {
    /// Adds what the change of a job from `old` to `new` calls for.
    pub(crate) fn job(&self, old: Option<&Job>, new: &Job, work: &mut Work) -> Planned {
        if old.is_none() {
            let wait = schedule::check_wait(self.confirmation_timeout);
            work.check.push((
                Check { job_id: new.id.clone(), round: Some(0), abandoned_task: None },
                wait,
            ));
        }
        if old.is_none_or(|old| old.state != new.state) {
            self.job_state(old, new, work)
        } else if old.is_some_and(|old| asks_to_look(old, new)) {
            work.check.push((
                Check { job_id: new.id.clone(), round: None, abandoned_task: None },
                Duration::ZERO,
            ));
            Ok(())
        } else if let Some(percent) = progress(old, new) {
            let subject = format!("{}#{}#{percent}", new.id, new.attempt);
            let at = new.progress_at.unwrap_or(new.state_since);
            self.tell(EventType::JobProgress, subject, at, new, work)
        } else {
            Ok(())
        }
    }

    fn job_state(&self, old: Option<&Job>, job: &Job, work: &mut Work) -> Planned {
        match job.state {
            JobState::Queued => {
                let message = Dispatch { job_id: job.id.clone(), last_attempt: job.attempt };
                work.dispatch.push((message, dispatch_wait(job)));
            }
            JobState::Storing => {
                let message = Ingest { job_id: job.id.clone(), attempt: job.attempt };
                work.ingest.push((message, Duration::ZERO));
            }
            JobState::Dispatched if old.is_some_and(|old| old.started_at.is_none()) => {
                let at = job.started_at.unwrap_or(job.state_since);
                self.tell(EventType::JobStarted, job.id.to_string(), at, job, work)?;
            }
            JobState::Waiting | JobState::Dispatched | JobState::Running => {}
            JobState::Completed | JobState::Failed | JobState::Cancelled => {
                if let Some(event) = EventType::of(job.state) {
                    self.tell(event, job.id.to_string(), ended_at(job), job, work)?;
                }
            }
        }
        Ok(())
    }

    /// Notes that the owner is to be told of `event` of `job`. The job's own address is told of
    /// its end alone, which is what seed 002's clients expect.
    fn tell(
        &self,
        event: EventType,
        subject: String,
        occurred_at: Timestamp,
        job: &Job,
        work: &mut Work,
    ) -> Planned {
        work.occurrences.push(Occurrence {
            owner: job.owner.clone(),
            event,
            subject,
            occurred_at,
            job_id: Some(job.id.clone()),
            body: self.job_body(event, occurred_at, job)?,
            url: job.webhook_url.clone().filter(|_| event.ends_job()),
            except: None,
        });
        Ok(())
    }

    /// What is said of the end of a job, the same each time.
    pub(crate) fn end_body(
        &self,
        event: EventType,
        job: &Job,
    ) -> Result<String, serde_json::Error> {
        self.job_body(event, ended_at(job), job)
    }

    fn job_body(
        &self,
        event: EventType,
        at: Timestamp,
        job: &Job,
    ) -> Result<String, serde_json::Error> {
        let resource = JobResource::new(job, &self.links, &self.tokens.download_token(&job.id));
        serde_json::to_string(&EventBody::new(event, at, resource))
    }
}

/// Adds what the change of a delivery from `old` to `new` calls for.
pub(crate) fn delivery(old: Option<&Delivery>, new: Delivery, work: &mut Work) -> Planned {
    let exhausted = new.status == DeliveryStatus::Exhausted
        && old.is_none_or(|old| old.status != DeliveryStatus::Exhausted);
    if exhausted && new.event.tells_of_exhaustion() {
        let event = EventType::DeliveryExhausted;
        let occurred_at = new.attempts.last().map_or(new.created_at, |last| last.at);
        let data = DeliveryResource::brief(&new);
        work.occurrences.push(Occurrence {
            owner: new.owner.clone(),
            event,
            // Once in each round of attempts.
            subject: format!("{}#{}", new.id, new.replays),
            occurred_at,
            job_id: new.job_id.clone(),
            body: serde_json::to_string(&NoticeBody { event, timestamp: occurred_at, data })?,
            url: None,
            except: new.receiver.endpoint().cloned(),
        });
    } else if new.status == DeliveryStatus::Planned && asks_to_be_sent(old, &new) {
        work.deliveries.push(new);
    }
    Ok(())
}

/// Adds what the change of an endpoint from `old` to `new` calls for.
pub(crate) fn endpoint(old: Option<&Endpoint>, new: &Endpoint, work: &mut Work) -> Planned {
    let was_enabled = old.is_some_and(|old| old.status == EndpointStatus::Enabled);
    let EndpointStatus::Disabled { reason, at } = new.status else { return Ok(()) };
    if !was_enabled || reason == DisabledReason::Owner {
        return Ok(());
    }
    let event = EventType::EndpointDisabled;
    let data = EndpointResource::from(new).for_others();
    work.occurrences.push(Occurrence {
        owner: new.owner.clone(),
        event,
        subject: format!("{}#{}", new.id, at.as_millis()),
        occurred_at: at,
        job_id: None,
        body: serde_json::to_string(&NoticeBody { event, timestamp: at, data })?,
        url: None,
        except: Some(new.id.clone()),
    });
    Ok(())
}

fn ended_at(job: &Job) -> Timestamp {
    job.completed_at.unwrap_or(job.state_since)
}

/// A first attempt starts at once, later ones after a growing wait.
fn dispatch_wait(job: &Job) -> Duration {
    if job.attempt.0 == 0 { Duration::ZERO } else { schedule::work_wait(job.attempt.0) }
}

/// Whether the owner has asked for an end, or the provider has spoken of one, in this change.
fn asks_to_look(old: &Job, new: &Job) -> bool {
    let newly = |old: Option<Timestamp>, new: Option<Timestamp>| new.is_some() && old != new;
    newly(old.cancel_requested_at, new.cancel_requested_at)
        || newly(old.reported_at, new.reported_at)
}

/// How far a running job is, if that is what has changed.
fn progress(old: Option<&Job>, new: &Job) -> Option<u8> {
    new.progress_percent.filter(|_| old.is_some_and(|old| old.progress_at != new.progress_at))
}
