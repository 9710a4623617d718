//! Retries providers' webhooks that came before the job or task that they report on was saved. At
//! the end the last outcome is recorded and logged as an error; none ends in silence.

use domain::{InboundId, Step};
use intake::{Intake, ReplayError};
use queues::message::Early;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError};
use store::{Inbound, InboundOutcome, Store};

/// How often one is tried. The backoff grows from a second to a minute, so that the last try is
/// some five minutes after the webhook: an answer that names a task is saved by then, or its
/// attempt is lost.
const TRIES: u32 = 10;

/// The function.
#[derive(Debug)]
pub struct InboundRetry {
    store: Store,
    intake: Intake,
    clock: Clock,
}

/// Why a webhook stays in the queue.
#[derive(Debug, thiserror::Error)]
#[error("the job or task that {0} reports on is not known yet")]
struct StillEarly(InboundId);

impl QueueFunction for InboundRetry {
    const QUEUE: &'static str = "EARLY_QUEUE_URL";

    type Message = Early;

    fn new(context: &Context) -> Result<Self, StartError> {
        let store = Store::new(&context.aws, context.environment.required("TABLE_NAME")?);
        Ok(Self { intake: Intake::new(store.clone()), store, clock: context.clock.clone() })
    }

    async fn handle(&self, message: Early, receipt: Receipt) -> Result<(), WorkError> {
        let id = message.inbound_id;
        let kept = self.store.inbound(&id).await.map_err(failed("read an early webhook"))?;
        // A repeated message finds it settled, and a replay may have been quicker.
        let Some(kept) = kept.filter(|kept| kept.outcome == InboundOutcome::Early) else {
            return Ok(());
        };
        let again = self.intake.replay(&kept, self.clock.now()).await;
        let outcome = match again {
            Ok(InboundOutcome::Early) if receipt.receive_count < TRIES => {
                return Err(failed("find the job or task of an early webhook")(StillEarly(id)));
            }
            Ok(InboundOutcome::Early) => self.given_up(&kept).await?,
            Ok(outcome) => outcome,
            Err(error @ ReplayError::Unreadable(_)) => {
                tracing::error!(inbound_id = %id, %error, "early webhook unreadable");
                InboundOutcome::Unreadable
            }
            Err(ReplayError::Store(error)) => {
                return Err(failed("act on an early webhook")(error));
            }
        };
        let recorded = self.store.record_inbound(&id, outcome).await;
        recorded.map_err(failed("record the outcome of an early webhook"))
    }
}

impl InboundRetry {
    /// The outcome of a webhook whose retries are exhausted: it reports on no job, or on a task
    /// that its job never had.
    async fn given_up(&self, kept: &Inbound) -> Result<InboundOutcome, WorkError> {
        let job_id = &kept.id.job_id;
        let job = self.store.job(job_id).await.map_err(failed("read the job"))?;
        let step = Step::of(job_id);
        tracing::error!(
            inbound_id = %kept.id,
            provider = kept.provider,
            job_id = %job_id,
            project_id = step.as_ref().map(|step| step.project.as_str()),
            scene_id = step.as_ref().and_then(Step::scene).map(tracing::field::display),
            task_id = kept.task.as_ref().map(tracing::field::display),
            is_job_known = job.is_some(),
            "early webhook exhausted: no such job or task"
        );
        Ok(if job.is_some() { InboundOutcome::Superseded } else { InboundOutcome::UnknownJob })
    }
}

fn failed<E>(what: &'static str) -> impl FnOnce(E) -> WorkError
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |cause| WorkError::new(what, cause)
}
