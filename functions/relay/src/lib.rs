//! Follows the table's stream: every saved change that makes work becomes messages on the
//! queues. Nobody else sends what a change calls for, and the stream hands over each change
//! until this has worked, so nothing saved is ever left undone.

mod plan;

use std::time::Duration;

use aws_lambda_events::dynamodb::EventRecord;
use domain::links::Links;
use queues::message::{Check, Deliver, Dispatch, Ingest};
use queues::{Queue, QueueError};
use runtime::stream::StreamFunction;
use runtime::{Context, StartError};
use signing::token::TokenKey;
use store::StoreError;

use crate::plan::{Planner, Work};

/// The function.
#[derive(Debug)]
pub struct Relay {
    planner: Planner,
    dispatch: Queue<Dispatch>,
    ingest: Queue<Ingest>,
    deliver: Queue<Deliver>,
    check: Queue<Check>,
}

/// Why a batch of changes could not be passed on. The stream hands it over again.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// An image holds no job that this version can read.
    #[error("cannot read a change of the table")]
    Image(#[from] StoreError),
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
            planner: Planner {
                links: Links::new(environment.required("API_BASE_URL")?),
                tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
                confirmation_timeout: environment
                    .seconds("DOWNLOAD_CONFIRMATION_TIMEOUT", Duration::from_mins(1))?,
            },
            dispatch: Queue::new(aws, environment.required("DISPATCH_QUEUE_URL")?),
            ingest: Queue::new(aws, environment.required("INGEST_QUEUE_URL")?),
            deliver: Queue::new(aws, environment.required("DELIVER_QUEUE_URL")?),
            check: Queue::new(aws, environment.required("CHECK_QUEUE_URL")?),
        })
    }

    async fn handle(&self, records: Vec<EventRecord>) -> Result<(), RelayError> {
        let mut work = Work::default();
        for record in records {
            self.plan(record, &mut work)?;
        }
        self.dispatch.send_all(&work.dispatch).await?;
        self.ingest.send_all(&work.ingest).await?;
        self.deliver.send_all(&work.deliver).await?;
        self.check.send_all(&work.check).await?;
        Ok(())
    }
}

impl Relay {
    fn plan(&self, record: EventRecord, work: &mut Work) -> Result<(), RelayError> {
        let change = record.change;
        // A removal, by time to live, has no new image and makes no work.
        if change.new_image.is_empty() {
            return Ok(());
        }
        let new = store::stream::job(change.new_image)?;
        let old = if change.old_image.is_empty() {
            None
        } else {
            Some(store::stream::job(change.old_image)?)
        };
        Ok(self.planner.plan(old.as_ref(), &new, work)?)
    }
}
