//! Creating a job.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use domain::job::Work;
use domain::tts::TtsRequest;
use domain::{Job, limits};

use crate::item::{expiry, item, read, text};
use crate::keys::{self, Attributes, EXPIRES_AT, OWNER_PK, OWNER_SK};
use crate::{Store, StoreError, listing};

const UNLESS_THERE: &str = "attribute_not_exists(PK)";

/// What became of a new job.
#[derive(Debug)]
pub enum Created {
    /// It is saved.
    New,
    /// Its id is taken, by this job.
    Exists(Box<Job>),
}

impl Store {
    /// Saves a new job, unless one with its id is there. A short request lies within the job;
    /// a long one beside it, saved by the same call, so that later changes of the job do not
    /// pay for its size.
    pub async fn create_job(&self, mut job: Job) -> Result<Created, StoreError> {
        let Some(request) = take_long_request(&mut job.work) else {
            return self.put_job(new_item(&job)?).await;
        };
        let mut beside = item(keys::request(&job.id), "request", &request)?;
        beside.insert(EXPIRES_AT.to_owned(), expiry(job.created_at + limits::RETENTION));
        self.put_job_and_request(new_item(&job)?, beside).await
    }

    async fn put_job(&self, job: Attributes) -> Result<Created, StoreError> {
        let result = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(job))
            .condition_expression(UNLESS_THERE)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(Created::New),
            Err(PutItemError::ConditionalCheckFailedException(failed)) if failed.item.is_some() => {
                Ok(Created::Exists(Box::new(read(failed.item.unwrap_or_default())?)))
            }
            Err(error) => Err(StoreError::call("create a job")(error)),
        }
    }

    async fn put_job_and_request(
        &self,
        job: Attributes,
        request: Attributes,
    ) -> Result<Created, StoreError> {
        let job = Put::builder()
            .table_name(&self.table)
            .set_item(Some(job))
            .condition_expression(UNLESS_THERE)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let request = Put::builder().table_name(&self.table).set_item(Some(request));
        let put = |put: Put| TransactWriteItem::builder().put(put).build();
        let result = self
            .client
            .transact_write_items()
            .transact_items(put(job.build().map_err(StoreError::call("create a job"))?))
            .transact_items(put(request.build().map_err(StoreError::call("create a job"))?))
            .send()
            .await;
        match result.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(Created::New),
            Err(error) => existing(error),
        }
    }
}

/// The request of `work`, taken out of it if it is too long to lie within the job.
fn take_long_request(work: &mut Work) -> Option<TtsRequest> {
    let Work::Speech(speech) = work else { return None };
    let size = serde_json::to_string(&speech.request).map_or(usize::MAX, |json| json.len());
    if size > limits::INLINE_REQUEST_BYTES { speech.request.take() } else { None }
}

fn new_item(job: &Job) -> Result<Attributes, StoreError> {
    let mut item = item(keys::job(&job.id), "job", job)?;
    item.insert(OWNER_PK.to_owned(), keys::owner_partition(&job.owner));
    item.insert(OWNER_SK.to_owned(), text(listing::place(job.created_at, &job.id)));
    item.insert(EXPIRES_AT.to_owned(), expiry(job.created_at + limits::RETENTION));
    Ok(item)
}

/// The job that stood in the way of a transaction, if that is why it was cancelled.
fn existing(error: TransactWriteItemsError) -> Result<Created, StoreError> {
    if let TransactWriteItemsError::TransactionCanceledException(cancelled) = &error {
        let item = cancelled.cancellation_reasons().first().and_then(|reason| reason.item());
        if let Some(item) = item.filter(|item| !item.is_empty()) {
            return Ok(Created::Exists(Box::new(read(item.clone())?)));
        }
    }
    Err(StoreError::call("create a job")(error))
}
