//! The route at which a service reports: who may, how often, and what it is answered.

use domain::links::Links;
use domain::{InboundId, InvalidField, Secret, Step, Timestamp, limits};
use http::{Method, StatusCode};
use providers::ProviderNews;
use providers::scenes::Service;
use providers::scenes::webhook::{self, Report};
use runtime::http::{Request, Response, json};
use runtime::{Clock, Problem, random};
use serde_json::json as object;
use signing::{TokenKey, hex_hmac};
use store::{Inbound, InboundOutcome, Store};

use crate::answer::Answer;
use crate::rate_limit::{Admission, RateLimit};
use crate::{Intake, Reception};

/// Takes a service's webhooks.
#[derive(Debug)]
pub struct SceneWebhook {
    service: Service,
    name: &'static str,
    secret: Secret,
    rate_limit: RateLimit,
    intake: Intake,
    store: Store,
    film: Option<FilmLinks>,
    clock: Clock,
}

/// What the link to a film is made of.
#[derive(Debug)]
struct FilmLinks {
    links: Links,
    tokens: TokenKey,
}

impl SceneWebhook {
    /// Takes what `service` signs with `secret`; without one, nothing.
    #[must_use]
    pub fn new(service: Service, store: Store, secret: Option<Secret>, clock: Clock) -> Self {
        let (name, per_minute) = match service {
            Service::Video => ("video-complete", limits::SCENE_WEBHOOKS_PER_MINUTE),
            Service::LastFrame => ("last-frame-complete", limits::SCENE_WEBHOOKS_PER_MINUTE),
            Service::Stitch => ("stitch-complete", limits::STITCH_WEBHOOKS_PER_MINUTE),
        };
        Self {
            service,
            name,
            // Every signature by an empty secret is refused.
            secret: secret.unwrap_or(Secret::new("")),
            rate_limit: RateLimit::new(name, per_minute),
            intake: Intake::new(store.clone()),
            store,
            film: None,
            clock,
        }
    }

    /// Has the answers say where the film is.
    #[must_use]
    pub fn with_film_links(self, links: Links, tokens: TokenKey) -> Self {
        Self { film: Some(FilmLinks { links, tokens }), ..self }
    }

    /// Answers a request. Only what is signed counts against the limit, so that no stranger
    /// behind the service's address can use it up.
    pub async fn receive(&self, request: &Request) -> Result<Response, Problem> {
        if request.method() == Method::GET {
            return json(StatusCode::OK, &object!({ "status": "ok", "webhook": self.name }));
        }
        let body = request.body(limits::INBOUND_BODY_BYTES)?;
        self.verify(request, body)?;
        let now = self.clock.now();
        self.admit(request.source_address(), now).await?;
        let report = webhook::parse(self.service, body).map_err(Problem::bad_field)?;
        let step = step(self.service, &report).map_err(Problem::bad_field)?;
        let reception = self.intake.take_report(&step, &report, now).await;
        let reception = reception.map_err(Problem::unavailable)?;
        self.keep(&step, &report, reception.outcome, body, now).await?;
        self.answer(&step, &report, &reception)
    }

    fn verify(&self, request: &Request, body: &[u8]) -> Result<(), Problem> {
        let presented = request.header(hex_hmac::SIGNATURE_HEADER).unwrap_or_default();
        hex_hmac::verify(&self.secret, body, presented).map_err(|_| {
            Problem::unauthorized(
                "Sign the body: X-Webhook-Signature is the hex HMAC-SHA256 of its bytes.",
            )
        })
    }

    async fn admit(&self, address: &str, now: Timestamp) -> Result<(), Problem> {
        let admission = self.rate_limit.admit(&self.store, address, now).await;
        match admission.map_err(Problem::unavailable)? {
            Admission::Granted => Ok(()),
            Admission::Refused(wait) => {
                Err(Problem::too_many_requests(self.rate_limit.limit(), wait))
            }
        }
    }

    async fn keep(
        &self,
        step: &Step,
        report: &Report,
        outcome: InboundOutcome,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Problem> {
        let inbound = Inbound {
            id: InboundId::new(step.job_id(), now, random::bytes()),
            provider: self.service.name().to_owned(),
            attempt: None,
            task: Some(report.task.clone()),
            outcome,
            replayed_at: None,
            body: body.to_vec(),
        };
        self.store.keep_inbound(&inbound).await.map_err(Problem::unavailable)
    }

    fn answer(
        &self,
        step: &Step,
        report: &Report,
        reception: &Reception,
    ) -> Result<Response, Problem> {
        let is_early = reception.outcome == InboundOutcome::Early;
        let status = if is_early { StatusCode::ACCEPTED } else { StatusCode::OK };
        let has_film = reception.updated && matches!(report.news, ProviderNews::FileReady(_));
        let film = self.film.as_ref().filter(|_| has_film).map(|film| film.url(step));
        json(status, &Answer::new(self.service, &report.status, reception, film))
    }
}

impl FilmLinks {
    /// Where the film of `step` is to be had, which does not go stale as the service's own does.
    fn url(&self, step: &Step) -> String {
        let job_id = step.job_id();
        let name = step.kind().media().output_name();
        self.links.download(&job_id, name, &self.tokens.download_token(&job_id))
    }
}

/// The step that `report` speaks of.
fn step(service: Service, report: &Report) -> Result<Step, InvalidField> {
    let project = report.project_id.parse()?;
    let scene = || report.scene_id.as_deref().unwrap_or_default().parse();
    Ok(match service {
        Service::Video => Step::video(project, scene()?),
        Service::LastFrame => Step::last_frame(project, scene()?),
        Service::Stitch => Step::stitch(project),
    })
}
