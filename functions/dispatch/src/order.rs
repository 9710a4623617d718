//! What a provider is asked to do for a job, and what it is given to do it with.

use domain::job::{ErrorCode, ModelRequest, Speech, Training, Work};
use domain::json_object::JsonObject;
use domain::links::Links;
use domain::project::step::StepTask;
use domain::{Job, JobError, JobState, ProjectId, SceneId, Step};
use providers::{Input, Order, Provider};
use signing::TokenKey;
use store::{Store, StoreError};

/// Reads what a job's provider works on.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) store: Store,
    pub(crate) links: Links,
    pub(crate) tokens: TokenKey,
}

/// What a provider is asked to do.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// This.
    Ready {
        /// What to submit.
        order: Box<Order>,
        /// Whether it names the source of another provider's file, since our copy is not stored
        /// yet.
        upstream_source: bool,
    },
    /// Nothing now: what it would work on is being restarted.
    NotYet,
    /// Nothing ever.
    Impossible(JobError),
}

/// A file that a provider works on.
struct File {
    url: String,
    is_upstream: bool,
}

/// What there is to work on and whether it names an upstream source; or what to make of it that
/// there is nothing.
type Found<T> = Result<T, Prepared>;

impl Orders {
    /// What `provider` is asked to do for `job`.
    pub(crate) async fn of(
        &self,
        job: &Job,
        provider: &dyn Provider,
    ) -> Result<Prepared, StoreError> {
        let input = match &job.work {
            Work::Speech(speech) => self.speech(job, speech).await?,
            Work::SceneVideo(_) | Work::LastFrame(_) | Work::Stitch(_) => self.step(job).await?,
            Work::Training(training) => {
                let input = self.model_input(job, training.request.as_ref()).await?;
                input.map(|input| (train(training, input), false))
            }
            Work::Prediction(prediction) => {
                let input = self.model_input(job, prediction.request.as_ref()).await?;
                let target = prediction.target.clone();
                input.map(|input| (Input::Prediction { target, input }, false))
            }
            Work::Clipping(clipping) => {
                let request = self.store.request(&job.id, clipping.request.as_ref()).await?;
                let owner = job.owner.clone();
                let input = |request| (Input::Clipping { request, owner }, false);
                request.map(input).ok_or_else(no_request)
            }
        };
        let (input, upstream_source) = match input {
            Ok(input) => input,
            Err(instead) => return Ok(instead),
        };
        let order = Box::new(Order {
            job_id: job.id.clone(),
            attempt: job.attempt,
            webhook_url: self.links.route(provider.webhook_path()),
            token: self.tokens.callback_token(&job.id, job.attempt),
            deadlines: job.deadlines(),
            input,
        });
        Ok(Prepared::Ready { order, upstream_source })
    }

    async fn speech(&self, job: &Job, speech: &Speech) -> Result<Found<(Input, bool)>, StoreError> {
        let request = self.store.request(&job.id, speech.request.as_ref()).await?;
        let options = speech.options.clone();
        let input = |request| (Input::Speech { request, options }, false);
        Ok(request.map(input).ok_or_else(no_request))
    }

    async fn model_input(
        &self,
        job: &Job,
        within: Option<&ModelRequest>,
    ) -> Result<Found<JsonObject>, StoreError> {
        let request = self.store.request(&job.id, within).await?;
        Ok(request.map(|request| request.input).ok_or_else(no_request))
    }

    async fn step(&self, job: &Job) -> Result<Found<(Input, bool)>, StoreError> {
        let Some(Step { project, task }) = job.step() else { return Ok(Err(no_plan())) };
        match task {
            StepTask::Video(scene) => self.video(project, scene).await,
            StepTask::LastFrame(scene) => self.last_frame(project, scene).await,
            StepTask::Stitch => self.film(project).await,
        }
    }

    async fn video(
        &self,
        project: ProjectId,
        scene: SceneId,
    ) -> Result<Found<(Input, bool)>, StoreError> {
        let before = scene.previous().map(|scene| Step::last_frame(project.clone(), scene));
        let frame = async {
            match &before {
                Some(before) => self.store.job(&before.job_id()).await.map(Some),
                None => Ok(None),
            }
        };
        let (plan, frame) = tokio::try_join!(self.store.plan(&project), frame)?;
        let Some(plan) = plan.filter(|plan| plan.scene(scene).is_some()) else {
            return Ok(Err(no_plan()));
        };
        let frame = frame.map(|job| self.file(job.as_ref())).transpose();
        Ok(frame.map(|frame| {
            let is_upstream = frame.as_ref().is_some_and(|file| file.is_upstream);
            let first_frame_url = frame.map(|file| file.url);
            (Input::SceneVideo { project, scene, plan, first_frame_url }, is_upstream)
        }))
    }

    async fn last_frame(
        &self,
        project: ProjectId,
        scene: SceneId,
    ) -> Result<Found<(Input, bool)>, StoreError> {
        let video = self.store.job(&Step::video(project.clone(), scene).job_id()).await?;
        Ok(self.file(video.as_ref()).map(|File { url, is_upstream }| {
            (Input::LastFrame { project, scene, video_url: url }, is_upstream)
        }))
    }

    async fn film(&self, project: ProjectId) -> Result<Found<(Input, bool)>, StoreError> {
        let Some(whole) = self.store.project(&project).await? else { return Ok(Err(no_plan())) };
        let video = |scene| Step::video(project.clone(), scene).job_id();
        let videos = SceneId::all(whole.plan.count())
            .map(|scene| self.file(whole.jobs.get(&video(scene))))
            .collect::<Found<Vec<_>>>();
        Ok(videos.map(|videos| {
            let is_upstream = videos.iter().any(|file| file.is_upstream);
            let video_urls = videos.into_iter().map(|file| file.url).collect();
            (Input::Stitch { project, plan: whole.plan, video_urls }, is_upstream)
        }))
    }

    /// Where the file that `job` has made can be fetched: from us, if it is stored already.
    fn file(&self, job: Option<&Job>) -> Found<File> {
        let Some(job) = job else { return Err(lost("What it is made from is no longer kept.")) };
        match (job.state, job.source.as_ref().and_then(|source| source.main())) {
            (JobState::Completed, _) => {
                let token = self.tokens.download_token(&job.id);
                let output = job.kind().media().output_name();
                Ok(File { url: self.links.download(&job.id, output, &token), is_upstream: false })
            }
            (JobState::Storing, Some(file)) if !file.is_inline() => {
                Ok(File { url: file.url.clone(), is_upstream: true })
            }
            (JobState::Failed | JobState::Cancelled, _) => {
                Err(lost("What it is made from could not be kept."))
            }
            _ => Err(Prepared::NotYet),
        }
    }
}

fn train(training: &Training, input: JsonObject) -> Input {
    Input::Training {
        model: training.model.clone(),
        version: training.version.clone(),
        destination: training.destination.clone(),
        input,
    }
}

fn no_request() -> Prepared {
    let message = "The job's request is no longer kept.";
    Prepared::Impossible(JobError::new(ErrorCode::StartTimeout, message))
}

fn lost(message: &str) -> Prepared {
    Prepared::Impossible(JobError::new(ErrorCode::FileLost, message))
}

fn no_plan() -> Prepared {
    lost("The project's plan is no longer kept.")
}
