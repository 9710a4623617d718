//! Which messages a change of a job calls for. Pure: two images in, messages out.

use std::time::Duration;

use domain::links::Links;
use domain::resource::{EventBody, JobResource};
use domain::{EventType, Job, JobState, MessageId, Timestamp, schedule};
use queues::message::{Check, Deliver, Dispatch, Ingest};
use signing::token::TokenKey;

/// Messages to be sent, each with its delay.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) dispatch: Vec<(Dispatch, Duration)>,
    pub(crate) ingest: Vec<(Ingest, Duration)>,
    pub(crate) deliver: Vec<(Deliver, Duration)>,
    pub(crate) check: Vec<(Check, Duration)>,
}

/// Turns changes into messages.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(crate) links: Links,
    pub(crate) tokens: TokenKey,
    pub(crate) confirmation_timeout: Duration,
}

impl Planner {
    /// Adds what the change from `old` to `new` calls for.
    pub(crate) fn plan(
        &self,
        old: Option<&Job>,
        new: &Job,
        work: &mut Work,
    ) -> Result<(), serde_json::Error> {
        if old.is_none() {
            let wait = schedule::check_wait(0, self.confirmation_timeout);
            work.check.push((Check { job_id: new.id.clone(), round: Some(0) }, wait));
        }
        if old.is_none_or(|old| old.state != new.state) {
            self.plan_state(new, work)?;
        } else if old.is_some_and(|old| asks_to_look(old, new)) {
            work.check.push((Check { job_id: new.id.clone(), round: None }, Duration::ZERO));
        }
        Ok(())
    }

    fn plan_state(&self, job: &Job, work: &mut Work) -> Result<(), serde_json::Error> {
        match job.state {
            JobState::Queued => {
                let message = Dispatch { job_id: job.id.clone(), last_attempt: job.attempt };
                work.dispatch.push((message, dispatch_wait(job)));
            }
            JobState::Storing => {
                let message = Ingest { job_id: job.id.clone(), attempt: job.attempt };
                work.ingest.push((message, Duration::ZERO));
            }
            JobState::Dispatched | JobState::Running => {}
            JobState::Completed | JobState::Failed | JobState::Cancelled => {
                if let Some((event, url)) = EventType::of(job.state).zip(job.webhook_url.as_ref()) {
                    work.deliver.push((self.webhook(job, event, url)?, Duration::ZERO));
                }
            }
        }
        Ok(())
    }

    fn webhook(
        &self,
        job: &Job,
        event: EventType,
        url: &str,
    ) -> Result<Deliver, serde_json::Error> {
        let occurred_at: Timestamp = job.completed_at.unwrap_or(job.state_since);
        let resource = JobResource::new(job, &self.links, &self.tokens.download_token(&job.id));
        Ok(Deliver {
            id: MessageId::for_event(&job.id, event, url),
            owner: job.owner.clone(),
            job_id: job.id.clone(),
            event,
            occurred_at,
            url: url.to_owned(),
            body: serde_json::to_string(&EventBody::new(event, occurred_at, resource))?,
            attempts_made: 0,
            not_before: None,
        })
    }
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
