//! Creating a job.

use aws_sdk_dynamodb::types::TransactWriteItem;
use domain::job::Work;
use domain::{Job, JobId, Model, limits};
use serde::Serialize;

use crate::expressions::Expressions;
use crate::item::{attribute, expiry, item, number, read, text, time};
use crate::keys::{self, Attributes, ENTITY, EXPIRES_AT, OWNER_PK, OWNER_SK};
use crate::model::end::TRAINING;
use crate::{Created, Result, Store, StoreError, listing};

const OPERATION: &str = "create a job";
/// How many trainings an item of a model lists at most, 15 KB, since an item has no more than 400 KB.
const MOST_TRAININGS: u32 = 300;
/// How many of them are kept then: more than are [shown](limits::TRAININGS). An update cannot cut a
/// list that it appends to, so this costs a second write, once in so many trainings.
const KEPT_TRAININGS: usize = 100;
/// How often that is tried.
const TRIES: u32 = 5;

impl Store {
    /// Saves a new job, unless one with its id is there. A short request lies within the job;
    /// a long one beside it, saved by the same call, so that later changes of the job do not
    /// pay for its size. For a training, see [`create_training`](Self::create_training).
    pub async fn create_job(&self, mut job: Job) -> Result<Created<Job>> {
        let beside = long_request(&mut job)?;
        let item = new_item(&job)?;
        match beside {
            None => self.create(OPERATION, item).await,
            Some(beside) => self.create_all(OPERATION, item, [beside]).await,
        }
    }

    /// Saves the job of a training in the same way. By the same call it is its model's latest
    /// training from then on. Apart from the other jobs, since no other function may write models.
    pub async fn create_training(&self, mut job: Job) -> Result<Created<Job>> {
        let Some(training) = job.work.as_training() else { return self.create_job(job).await };
        let mut model = Model::new(&job, training);
        let beside = long_request(&mut job)?;
        let mut stored = None;
        for _ in 0..TRIES {
            let update = self.model_item(&model, stored.as_ref())?;
            let item = new_item(&job)?;
            let created = self.create_with(OPERATION, item, beside.clone(), Some(update)).await?;
            let found = match created {
                Ok(created) => return Ok(created),
                Err(found) => read::<Model>(found)?,
            };
            let kept = found.trainings.iter().rev().take(KEPT_TRAININGS - 1).rev();
            model.trainings = kept.chain([&job.id]).cloned().collect();
            stored = Some(found);
        }
        Err(StoreError::call(OPERATION)("other trainings of the model are created all the time"))
    }

    /// The write that makes the job of the last of `model`'s trainings its latest. Its condition fails
    /// if the model has as many as it may have. Then `stored`, as it was found, gets the list that
    /// `model` has instead.
    fn model_item(&self, model: &Model, stored: Option<&Model>) -> Result<TransactWriteItem> {
        let mut update = Expressions::default();
        update.set(ENTITY, text("model"));
        update.set("id", text(model.id.as_str()));
        update.set("owner", text(model.owner.as_str()));
        update.set("name", text(model.name.as_str()));
        update.set_once("created_at", time(model.created_at));
        update.set_once(OWNER_PK, keys::models(&model.owner));
        update.set_once(OWNER_SK, text(listing::place(model.created_at, &model.id)));
        update.set("latest", text(model.latest.as_str()));
        update.set("status", text(TRAINING));
        update.set("updated_at", time(model.updated_at));
        update.remove("error");
        // An id is made of its owner, so a stored model is this owner's unless a MAC came twice.
        let owner = update.name("owner");
        let own = update.value(text(model.owner.as_str()));
        let trainings = attribute(&model.trainings)?;
        let condition = if let Some(stored) = stored {
            update.set("trainings", trainings);
            let (latest, id) = (update.name("latest"), update.value(text(stored.latest.as_str())));
            format!("{owner} = {own} AND {latest} = {id}")
        } else {
            update.append("trainings", trainings);
            let (list, most) = (update.name("trainings"), update.value(number(MOST_TRAININGS)));
            format!("attribute_not_exists(PK) OR ({owner} = {own} AND size({list}) < {most})")
        };
        self.update_item(keys::model(&model.id), update, condition)
    }
}

/// The item of the job's request, taken out of it if it is too long to lie within the job.
fn long_request(job: &mut Job) -> Result<Option<Attributes>> {
    let item = match &mut job.work {
        Work::Speech(speech) => beside(&job.id, &mut speech.request)?,
        Work::Training(training) => beside(&job.id, &mut training.request)?,
        Work::Prediction(prediction) => beside(&job.id, &mut prediction.request)?,
        Work::Clipping(clipping) => beside(&job.id, &mut clipping.request)?,
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
