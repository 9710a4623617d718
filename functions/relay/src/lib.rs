//! Turns the table's stream into messages: each saved change becomes the work it calls for.
//!
//! Invariants:
//! - Nothing else sends the first message of a change. The stream repeats a batch until it has
//!   succeeded, so nothing saved is left undone.
//! - A repeated batch makes the same messages under the same ids; receivers find nothing to do.
//! - One change cannot hold up the others: an image that cannot be read, or a message that SQS will
//!   never take, is parked in the dead-letter queue, which has an alarm.
//! - A delivery's message carries the whole webhook, so `deliver` reads no job.
//! - Each increment of an item's sequence is one event for live updates. It is sent on if its owner has
//!   connections, which is read after the change was saved: no subscription saved before is missed.
//!
//! Forbidden: writing to the table, calling a provider or a receiver, reading the clock. `plan`,
//! `notification` and `transition` are pure and do no I/O.
//!
//! To extend: an event of an existing entity is a branch in `plan` with a constructor of
//! `domain::event_key`; a new entity is a variant of `store::stream::Entity`, a function in
//! `plan`, and its `entity` in the stream's filter in `template.yaml`.

mod live;
mod notification;
mod plan;
mod transition;

use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::dynamodb::EventRecord;
use domain::delivery::Delivery;
use domain::links::Links;
use domain::webhook::Webhook;
use futures::try_join;
use queues::message::{Deliver, Dispatch, Early, Ingest, Live, Message, Parked, Reconcile};
use queues::{Queue, QueueError, Rejected};
use runtime::http::chain;
use runtime::stream::StreamFunction;
use runtime::{Context, StartError};
use signing::token::TokenKey;
use store::stream::Entity;
use store::{Store, StoreError};

use crate::notification::Notification;
use crate::plan::{Planner, Work};

/// Messages to send, each with its delay.
type Messages = Vec<(Deliver, Duration)>;

/// The function.
#[derive(Debug)]
pub struct Relay {
    store: Store,
    planner: Planner,
    dispatch: Queue<Dispatch>,
    ingest: Queue<Ingest>,
    deliver: Queue<Deliver>,
    reconcile: Queue<Reconcile>,
    early: Queue<Early>,
    live: Queue<Live>,
    parked: Queue<Parked>,
}

/// Why a batch of changes could not be passed on. The stream repeats it.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// An image holds what this version cannot read, or the table does not answer.
    #[error("cannot read a change of the table, or what it calls for")]
    Read(#[from] StoreError),
    /// SQS did not take a message.
    #[error("cannot pass a change on")]
    Send(#[from] QueueError),
    /// A webhook's body cannot be serialised.
    #[error("cannot serialise a webhook's body")]
    Body(#[from] serde_json::Error),
}

impl StreamFunction for Relay {
    type Error = RelayError;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let aws = &context.aws;
        Ok(Self {
            store: Store::new(aws, environment.required("TABLE_NAME")?),
            planner: Planner {
                links: Links::new(environment.required("API_BASE_URL")?),
                tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
                confirmation_timeout: environment
                    .seconds("DOWNLOAD_CONFIRMATION_TIMEOUT", Duration::from_mins(1))?,
                notification_service: environment.get("NOTIFICATION_SERVICE_URL").is_some(),
            },
            dispatch: Queue::new(aws, environment.required("DISPATCH_QUEUE_URL")?),
            ingest: Queue::new(aws, environment.required("INGEST_QUEUE_URL")?),
            deliver: Queue::new(aws, environment.required("DELIVER_QUEUE_URL")?),
            reconcile: Queue::new(aws, environment.required("RECONCILE_QUEUE_URL")?),
            early: Queue::new(aws, environment.required("EARLY_QUEUE_URL")?),
            live: Queue::new(aws, environment.required("LIVE_QUEUE_URL")?),
            parked: Queue::new(aws, environment.required("PARKED_QUEUE_URL")?),
        })
    }

    async fn handle(&self, records: Vec<EventRecord>) -> Result<(), RelayError> {
        let mut work = Work::default();
        let mut parked = Vec::new();
        for record in records {
            let item = store::stream::partition_key(&record.change.keys);
            if let Err(error) = self.plan(record, &mut work) {
                parked.push(park(item, error)?);
            }
        }
        let live = self.live_messages(work.live).await?;
        let mut webhooks = self.webhooks(&work.notifications, &mut parked).await?;
        webhooks.extend(self.deliveries(work.deliveries, &mut parked).await?);
        let rejected = try_join!(
            send(&self.dispatch, &work.dispatch, |message| message.job_id.to_string()),
            send(&self.ingest, &work.ingest, |message| message.job_id.to_string()),
            send(&self.deliver, &webhooks, |message| message.webhook.id.to_string()),
            send(&self.reconcile, &work.reconcile, |message| message.job_id.to_string()),
            send(&self.early, &work.early, |message| message.inbound_id.to_string()),
            send(&self.live, &live, |message| message.owner.to_string()),
        )?;
        let (dispatch, ingest, deliver, reconcile, early, live) = rejected;
        parked.extend([dispatch, ingest, deliver, reconcile, early, live].concat());
        self.parked.send_all(&parked).await?;
        Ok(())
    }
}

/// Parks `item`, of which no work can be made because of `error`; unless that may pass.
fn park(item: String, error: RelayError) -> Result<(Parked, Duration), RelayError> {
    if let RelayError::Read(StoreError::Call { .. }) | RelayError::Send(_) = error {
        return Err(error);
    }
    let reason = chain(&error);
    tracing::error!(item, reason, "change parked");
    Ok((Parked { item, reason }, Duration::ZERO))
}

/// Sends `messages`, each of which `item` names. Returns what is to be parked: those that SQS will
/// never take.
async fn send<M: Message>(
    queue: &Queue<M>,
    messages: &[(M, Duration)],
    item: impl Fn(&M) -> String,
) -> Result<Vec<(Parked, Duration)>, QueueError> {
    let rejected = queue.send_all(messages).await?;
    let parking = |Rejected { index, reason }| {
        let item = item(&messages.get(index)?.0);
        tracing::error!(item, reason, "message parked");
        Some((Parked { item, reason }, Duration::ZERO))
    };
    Ok(rejected.into_iter().filter_map(parking).collect())
}

impl Relay {
    fn plan(&self, record: EventRecord, work: &mut Work) -> Result<(), RelayError> {
        let old = store::stream::entity(record.change.old_image)?;
        // An item that has expired has no new image and makes no work.
        match store::stream::entity(record.change.new_image)? {
            None => {}
            Some(Entity::Job(new)) => {
                let old = if let Some(Entity::Job(old)) = &old { Some(&**old) } else { None };
                self.planner.job(old, &new, work)?;
            }
            Some(Entity::Delivery(new)) => {
                let old = if let Some(Entity::Delivery(old)) = &old { Some(&**old) } else { None };
                plan::delivery(old, *new, work)?;
            }
            Some(Entity::Endpoint(new)) => {
                let old = if let Some(Entity::Endpoint(old)) = &old { Some(&**old) } else { None };
                plan::endpoint(old, &new, work)?;
            }
            Some(Entity::Project(new)) => {
                let old = if let Some(Entity::Project(old)) = &old { Some(&**old) } else { None };
                self.planner.project(old, &new, work)?;
            }
            Some(Entity::Inbound(new)) => plan::inbound(old.is_none(), &new, work),
        }
        Ok(())
    }

    /// The webhooks of `notifications`. Each owner's endpoints are read once, and only now, so
    /// that an endpoint made before a change was saved gets the change.
    async fn webhooks(
        &self,
        notifications: &[Notification],
        parked: &mut Vec<(Parked, Duration)>,
    ) -> Result<Messages, RelayError> {
        let mut endpoints = HashMap::new();
        let mut messages = Vec::new();
        for notification in notifications {
            let owner = &notification.event.owner;
            if !endpoints.contains_key(owner) {
                let found = self.store.endpoints(owner).await;
                let found = found.or_else(|error| {
                    parked.push(park(owner.to_string(), error.into())?);
                    Ok::<_, RelayError>(Vec::new())
                });
                endpoints.insert(owner, found?);
            }
            let endpoints = endpoints.get(owner).map_or(&[][..], Vec::as_slice);
            let sent = notification.messages(endpoints);
            messages.extend(sent.map(|message| (message, Duration::ZERO)));
        }
        Ok(messages)
    }

    /// The messages that send stored `deliveries`.
    async fn deliveries(
        &self,
        deliveries: Vec<Delivery>,
        parked: &mut Vec<(Parked, Duration)>,
    ) -> Result<Messages, RelayError> {
        let mut messages = Vec::new();
        for mut delivery in deliveries {
            if delivery.webhook.body.is_empty() {
                match self.body_again(&delivery.webhook).await {
                    Ok(Some(body)) => delivery.webhook.body = body,
                    Ok(None) => {
                        tracing::warn!(message_id = %delivery.webhook.id, "webhook not sent: its job has expired");
                        continue;
                    }
                    Err(error) => {
                        parked.push(park(delivery.webhook.id.to_string(), error)?);
                        continue;
                    }
                }
            }
            let attempts_made = delivery.attempts_made;
            let message = Deliver { attempts_made, ..delivery.webhook.into() };
            messages.push((message, Duration::ZERO));
        }
        Ok(messages)
    }

    /// The body of a stored webhook of a job's end, which is not kept, from the job.
    async fn body_again(&self, webhook: &Webhook) -> Result<Option<String>, RelayError> {
        let Some(id) = &webhook.job_id else { return Ok(None) };
        let job = self.store.job(id).await?;
        Ok(job.map(|job| self.planner.end_body(webhook.event, &job)).transpose()?)
    }
}
