//! Follows the table's stream: every saved change that makes work becomes messages on the
//! queues. Nobody else sends what a change calls for, and the stream hands over each change
//! until this has worked, so nothing saved is ever left undone.

mod life;
mod occurrence;
mod plan;

use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::dynamodb::EventRecord;
use domain::delivery::Delivery;
use domain::links::Links;
use queues::message::{Deliver, Dispatch, Early, Ingest, Reconcile};
use queues::{Queue, QueueError};
use runtime::stream::StreamFunction;
use runtime::{Context, StartError};
use signing::token::TokenKey;
use store::stream::Entity;
use store::{Store, StoreError};

use crate::occurrence::Occurrence;
use crate::plan::{Planner, Work};

/// Messages to be sent, each with its delay.
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
}

/// Why a batch of changes could not be passed on. The stream hands it over again.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// An image holds what this version cannot read, or the table does not answer.
    #[error("cannot read a change of the table, or what it calls for")]
    Read(#[from] StoreError),
    /// SQS did not take a message.
    #[error("cannot pass a change on")]
    Send(#[from] QueueError),
    /// A webhook's body cannot be written.
    #[error("cannot write a webhook's body")]
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
        })
    }

    async fn handle(&self, records: Vec<EventRecord>) -> Result<(), RelayError> {
        let mut work = Work::default();
        for record in records {
            self.plan(record, &mut work)?;
        }
        let webhooks = self.webhooks(&work.occurrences).await?;
        let again = self.again(work.deliveries).await?;
        self.dispatch.send_all(&work.dispatch).await?;
        self.ingest.send_all(&work.ingest).await?;
        self.deliver.send_all(&webhooks).await?;
        self.deliver.send_all(&again).await?;
        self.reconcile.send_all(&work.reconcile).await?;
        self.early.send_all(&work.early).await?;
        Ok(())
    }
}

impl Relay {
    fn plan(&self, record: EventRecord, work: &mut Work) -> Result<(), RelayError> {
        let old = store::stream::entity(record.change.old_image)?;
        // A removal, by time to live, has no new image and makes no work.
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

    /// The webhooks that tell of `occurrences`. Each owner's endpoints are read once, and only
    /// now, so that whoever made one before something was saved is told of it.
    async fn webhooks(&self, occurrences: &[Occurrence]) -> Result<Messages, RelayError> {
        let mut endpoints = HashMap::new();
        let mut messages = Vec::new();
        for occurrence in occurrences {
            let owner = &occurrence.owner;
            if !endpoints.contains_key(owner) {
                endpoints.insert(owner, self.store.endpoints(owner).await?);
            }
            let receivers = endpoints.get(owner).map_or(&[][..], Vec::as_slice);
            messages
                .extend(occurrence.messages(receivers).map(|message| (message, Duration::ZERO)));
        }
        Ok(messages)
    }

    /// The messages that have `deliveries` sent. The body of one that tells of a job's end is
    /// not kept, and made again from the job.
    async fn again(&self, deliveries: Vec<Delivery>) -> Result<Messages, RelayError> {
        let mut messages = Vec::new();
        for mut delivery in deliveries {
            let body = match (delivery.body.take(), &delivery.job_id) {
                (Some(body), _) => Some(body),
                (None, None) => None,
                (None, Some(job)) => match self.store.job(job).await? {
                    Some(job) => Some(self.planner.end_body(delivery.event, &job)?),
                    None => None,
                },
            };
            if let Some(body) = body {
                messages.push((occurrence::resent(delivery, body), Duration::ZERO));
            } else {
                tracing::warn!(message_id = %delivery.id, "what it told of is no longer kept");
            }
        }
        Ok(messages)
    }
}
