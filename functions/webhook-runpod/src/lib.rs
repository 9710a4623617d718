//! `POST /api/runpod-webhook`: RunPod, or the worker of seed 000 on it, says how a task went.
//! Two writes: the job's change, and the body as it came with what became of it.

use domain::links::Links;
use domain::{InboundId, InvalidField, JobId, Secret, limits};
use http::{Method, StatusCode};
use intake::Intake;
use providers::runpod::sender::{self, Presented, Sender};
use providers::runpod::webhook::{self, Callback};
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError, random};
use serde::Serialize;
use serde_json::json as object;
use signing::TokenKey;
use store::{Inbound, InboundOutcome, Store};

/// The function.
#[derive(Debug)]
pub struct WebhookRunpod {
    store: Store,
    intake: Intake,
    links: Links,
    tokens: TokenKey,
    secret: Secret,
    clock: Clock,
}

/// The answer (seed 000).
#[derive(Debug, Serialize)]
struct Received {
    success: bool,
    job_id: JobId,
    #[serde(rename = "audioUrl")]
    audio_url: String,
}

impl HttpFunction for WebhookRunpod {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        let store = Store::new(&context.aws, environment.required("TABLE_NAME")?);
        Ok(Self {
            intake: Intake::new(store.clone()),
            store,
            links: Links::new(environment.required("API_BASE_URL")?),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
            // Without a secret every signature is refused, and tokens alone count.
            secret: environment.secret("RUNPOD_WEBHOOK_SECRET").unwrap_or(Secret::new("")),
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        if request.method() == Method::GET {
            return json(StatusCode::OK, &object!({ "status": "ok", "webhook": "runpod" }));
        }
        let body = request.body(limits::INBOUND_BODY_BYTES)?;
        let sender = self.sender(&request, body)?;
        let callback = webhook::parse(body)?;
        let job_id = subject(&sender, &callback)?;
        let now = self.clock.now();
        let attempt = match sender {
            Sender::Attempt { attempt, .. } => Some(attempt),
            Sender::Worker => None,
        };
        let taken = self.intake.take_callback(&job_id, attempt, &callback, now).await;
        let outcome = taken.map_err(Problem::unavailable)?;
        let inbound = Inbound {
            id: InboundId::new(job_id.clone(), now, random::bytes()),
            provider: "runpod".to_owned(),
            attempt,
            task: None,
            outcome,
            replayed_at: None,
            body: body.to_vec(),
        };
        self.store.keep_inbound(&inbound).await.map_err(Problem::unavailable)?;
        self.answer(job_id, outcome)
    }
}

impl WebhookRunpod {
    fn sender(&self, request: &Request, body: &[u8]) -> Result<Sender, Problem> {
        let presented = Presented {
            job: request.query("job"),
            token: request.query("token"),
            signature: request.header(signing::hex_hmac::SIGNATURE_HEADER),
        };
        sender::verify(&presented, body, &self.secret, &self.tokens).map_err(|_| {
            Problem::unauthorized(
                "Sign the body with X-Webhook-Signature, or use the callback URL as it was given.",
            )
        })
    }

    fn answer(&self, job_id: JobId, outcome: InboundOutcome) -> Result<Response, Problem> {
        let token = self.tokens.download_token(&job_id);
        let received = Received {
            success: matches!(outcome, InboundOutcome::Applied | InboundOutcome::Duplicate),
            audio_url: self.links.download(&job_id, "audio", &token),
            job_id,
        };
        // A job that is not known may be one whose saving is under way; this is tried again.
        let is_early = outcome == InboundOutcome::Early;
        json(if is_early { StatusCode::ACCEPTED } else { StatusCode::OK }, &received)
    }
}

/// The job that is spoken of. RunPod's own body names only its task; the callback URL that we
/// made for it names the job. A worker's body names the job itself, which must be the same.
fn subject(sender: &Sender, callback: &Callback) -> Result<JobId, InvalidField> {
    let named = match callback {
        Callback::FileReady { job_id, .. } => Some(job_id),
        Callback::Reported { .. } => None,
    };
    match (named, sender) {
        (Some(named), sender) if sender.may_speak_of(named) => Ok(named.clone()),
        (None, Sender::Attempt { job_id, .. }) => Ok(job_id.clone()),
        _ => Err(InvalidField::new("job_id", "must be the job of the callback URL")),
    }
}
