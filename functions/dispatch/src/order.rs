//! What a provider is asked to do for a job, and what it is given to do it with.

use domain::job::ErrorCode;
use domain::links::Links;
use domain::project::step::StepTask;
use domain::{Job, JobError, JobState, ProjectId, SceneId, Step};
use providers::runpod::request::run_body;
use providers::scenes::request::{last_frame_body, stitch_body, video_body};
use serde_json::Value;
use signing::TokenKey;
use store::{Store, StoreError};

/// Reads what a job's provider has to know.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) store: Store,
    pub(crate) links: Links,
    pub(crate) tokens: TokenKey,
    pub(crate) native_webhook: bool,
}

/// What a provider is asked to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// This.
    Ready {
        /// The request's body.
        body: Value,
        /// Whether it names another provider's file, since our copy is not there yet.
        borrowed: bool,
    },
    /// Nothing now: what it would work on is being made anew.
    NotYet,
    /// Nothing ever.
    Impossible(JobError),
}

/// A file that a provider works on.
struct Input {
    url: String,
    borrowed: bool,
}

/// What there is to work on, or what to make of it that there is nothing.
type Given<T> = Result<T, Order>;

impl Orders {
    /// What the provider of `job` is asked to do.
    pub(crate) async fn of(&self, job: &Job) -> Result<Order, StoreError> {
        let Some(step) = Step::of(&job.id) else { return self.speech(job).await };
        let Some(webhook) = self.links.step_webhook(step.kind()) else {
            return Ok(gone("No service does steps of this kind."));
        };
        let project = &step.project;
        let order = match step.task {
            StepTask::Video(scene) => self.video(project, scene, &webhook).await?,
            StepTask::LastFrame(scene) => self.last_frame(project, scene, &webhook).await?,
            StepTask::Stitch => self.film(project, &webhook).await?,
        };
        Ok(order.unwrap_or_else(|instead| instead))
    }

    async fn speech(&self, job: &Job) -> Result<Order, StoreError> {
        let Some(request) = self.store.request(job).await? else {
            let message = "The job's request is no longer kept.";
            return Ok(Order::Impossible(JobError::new(ErrorCode::StartTimeout, message)));
        };
        let token = self.tokens.callback_token(&job.id, job.attempt);
        let callback = self.links.runpod_callback(&job.id, &token);
        let body = run_body(&job.id, &request, &callback, self.native_webhook);
        Ok(Order::Ready { body, borrowed: false })
    }

    async fn video(
        &self,
        project: &ProjectId,
        id: SceneId,
        webhook: &str,
    ) -> Result<Given<Order>, StoreError> {
        let before = id.previous().map(|scene| Step::last_frame(project.clone(), scene).job_id());
        let frame = async {
            match &before {
                Some(before) => self.store.job(before).await.map(Some),
                None => Ok(None),
            }
        };
        let (plan, frame) = tokio::try_join!(self.store.plan(project), frame)?;
        let Some((plan, scene)) = plan.as_ref().and_then(|plan| Some((plan, plan.scene(id)?)))
        else {
            return Ok(Err(no_plan()));
        };
        let first_frame = match frame.map(|job| self.input(job.as_ref())).transpose() {
            Ok(first_frame) => first_frame,
            Err(instead) => return Ok(Err(instead)),
        };
        let url = first_frame.as_ref().map(|input| input.url.as_str());
        let body = video_body(project, (id, scene), plan, url, webhook);
        Ok(Ok(Order::Ready { body, borrowed: first_frame.is_some_and(|input| input.borrowed) }))
    }

    async fn last_frame(
        &self,
        project: &ProjectId,
        scene: SceneId,
        webhook: &str,
    ) -> Result<Given<Order>, StoreError> {
        let video = self.store.job(&Step::video(project.clone(), scene).job_id()).await?;
        Ok(self.input(video.as_ref()).map(|Input { url, borrowed }| {
            let body = last_frame_body(project, scene, &url, webhook);
            Order::Ready { body, borrowed }
        }))
    }

    async fn film(&self, project: &ProjectId, webhook: &str) -> Result<Given<Order>, StoreError> {
        let Some(whole) = self.store.project(project).await? else { return Ok(Err(no_plan())) };
        let video = |scene| Step::video(project.clone(), scene).job_id();
        let videos = SceneId::all(whole.plan.count())
            .map(|scene| self.input(whole.jobs.get(&video(scene))))
            .collect::<Given<Vec<_>>>();
        Ok(videos.map(|videos| {
            let borrowed = videos.iter().any(|input| input.borrowed);
            let urls: Vec<_> = videos.into_iter().map(|input| input.url).collect();
            Order::Ready { body: stitch_body(project, &whole.plan, &urls, webhook), borrowed }
        }))
    }

    /// Where the file that `job` has made is to be fetched: from us, if we have it already.
    fn input(&self, job: Option<&Job>) -> Given<Input> {
        let Some(job) = job else { return Err(gone("What it is made from is no longer kept.")) };
        match (job.state, &job.source) {
            (JobState::Completed, _) => {
                let token = self.tokens.download_token(&job.id);
                let output = job.kind.media().output_name();
                Ok(Input { url: self.links.download(&job.id, output, &token), borrowed: false })
            }
            (JobState::Storing, Some(source)) => {
                Ok(Input { url: source.download_url.clone(), borrowed: true })
            }
            (JobState::Failed | JobState::Cancelled, _) => {
                Err(gone("What it is made from could not be kept."))
            }
            _ => Err(Order::NotYet),
        }
    }
}

fn gone(message: &str) -> Order {
    Order::Impossible(JobError::new(ErrorCode::FileLost, message))
}

fn no_plan() -> Order {
    gone("The project's plan is no longer kept.")
}
