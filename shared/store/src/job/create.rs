//! Creating a job.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::job::Work;
use domain::{Job, JobId, Model, limits};
use serde::Serialize;

use crate::expressions::Expressions;
use crate::item::{attribute, expiry, item, text, time};
use crate::keys::{self, Attributes, ENTITY, EXPIRES_AT, OWNER_PK, OWNER_SK};
use crate::model::end::TRAINING;
use crate::{Created, Result, Store, listing};

const OPERATION: &str = "create a job";

impl Store {
    /// Saves a new job, unless one with its id is there. A short request lies within the job;
    /// a long one beside it, saved by the same call, so that later changes of the job do not
    /// pay for its size. For a training, see [`create_training`](Self::create_training).
    pub async fn create_job(&self, mut job: Job) -> Result<Created<Job>> {
        let beside = long_request(&mut job)?;
        let item = new_item(&job)?;
        match beside {
            None => self.create(OPERATION, item).await,
            Some(beside) => self.create_all(OPERATION, item, [beside], None).await,
        }
    }

    /// Saves the job of a training in the same way. By the same call it is its model's latest
    /// training from then on. Apart from the other jobs, since no other function may write models.
    pub async fn create_training(&self, mut job: Job) -> Result<Created<Job>> {
        let beside = long_request(&mut job)?;
        let model = job.work.as_training().map(|training| Model::new(&job, training));
        let model = model.map(|model| self.model_item(&model)).transpose()?;
        self.create_all(OPERATION, new_item(&job)?, beside, model).await
    }

    /// The write that makes the job of `model`'s only training its latest.
    fn model_item(&self, model: &Model) -> Result<TransactWriteItem> {
        let mut update = Expressions::default();
        update.set(ENTITY, text("model"));
        update.set("id", text(model.id.as_str()));
        update.set("owner", text(model.owner.as_str()));
        update.set("name", text(model.name.as_str()));
        update.set_once("created_at", time(model.created_at));
        update.set_once(OWNER_PK, keys::models(&model.owner));
        update.set_once(OWNER_SK, text(listing::place(model.created_at, &model.id)));
        update.set("latest", text(model.latest.as_str()));
        update.append("trainings", attribute(&model.trainings)?);
        update.set("status", text(TRAINING));
        update.set("updated_at", time(model.updated_at));
        update.remove("error");
        // An id is made of its owner, so the condition holds unless a MAC came twice.
        let owner = update.name("owner");
        let own = update.value(text(model.owner.as_str()));
        let condition = format!("attribute_not_exists(PK) OR {owner} = {own}");
        self.update_item(keys::model(&model.id), update, condition)
    }
}

/// The item of the job's request, taken out of it if it is too long to lie within the job.
fn long_request(job: &mut Job) -> Result<Option<Attributes>> {
    let item = match &mut job.work {
        Work::Speech(speech) => beside(&job.id, &mut speech.request)?,
        Work::Training(training) => beside(&job.id, &mut training.request)?,
        Work::Prediction(prediction) => beside(&job.id, &mut prediction.request)?,
        Work::SceneVideo(_) | Work::LastFrame(_) | Work::Stitch(_) => None,
    };
    let expires_at = job.expires_at.map(|at| (EXPIRES_AT.to_owned(), expiry(at)));
    Ok(item.map(|item| item.into_iter().chain(expires_at).collect()))
}

fn beside<T: Serialize>(job: &JobId, request: &mut Option<T>) -> Result<Option<Attributes>> {
    let size = serde_json::to_string(request).map_or(usize::MAX, |json| json.len());
    let long = if size > limits::INLINE_REQUEST_BYTES { request.take() } else { None };
    long.map(|request| item(keys::request(job), "request", &request)).transpose()
}

fn new_item(job: &Job) -> Result<Attributes> {
    let mut item = item(keys::job(&job.id), "job", job)?;
    item.insert(OWNER_PK.to_owned(), keys::owner_partition(&job.owner));
    item.insert(OWNER_SK.to_owned(), text(listing::place(job.created_at, &job.id)));
    Ok(item)
}
