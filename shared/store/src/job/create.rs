//! Creating a job.

use domain::job::Work;
use domain::tts::TtsRequest;
use domain::{Job, limits};

use crate::item::{expiry, item, text};
use crate::keys::{self, Attributes, EXPIRES_AT, OWNER_PK, OWNER_SK};
use crate::{Created, Store, StoreError, listing};

const OPERATION: &str = "create a job";

impl Store {
    /// Saves a new job, unless one with its id is there. A short request lies within the job;
    /// a long one beside it, saved by the same call, so that later changes of the job do not
    /// pay for its size.
    pub async fn create_job(&self, mut job: Job) -> Result<Created<Job>, StoreError> {
        let Some(request) = take_long_request(&mut job.work) else {
            return self.create(OPERATION, new_item(&job)?).await;
        };
        let mut beside = item(keys::request(&job.id), "request", &request)?;
        beside.extend(job.expires_at.map(|at| (EXPIRES_AT.to_owned(), expiry(at))));
        self.create_all(OPERATION, new_item(&job)?, [beside]).await
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
    Ok(item)
}
