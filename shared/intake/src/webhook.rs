//! The routes at which providers report: who may, how often, and what they are answered.

use std::collections::BTreeMap;

use domain::links::Links;
use domain::{InboundId, InvalidField, JobId, Secret, Step, TaskId, Timestamp, limits};
use http::{Method, StatusCode};
use providers::webhook::{Facts, WebhookKeys};
use providers::{Provider, Sender, WebhookReport, WebhookRequest, registry};
use runtime::http::{ApiLinks, Request, Response, json};
use runtime::{Clock, Problem, random};
use serde_json::json as object;
use serde_json::value::RawValue;
use signing::TokenKey;
use store::{Inbound, InboundOutcome, Store};

use crate::apply::{Subject, is_erased};
use crate::rate_limit::{Admission, RateLimit};
use crate::replay::SHORTENED;
use crate::{Intake, Reception};

/// How many webhooks a minute of one job an instance accepts without a permit. A task reports a
/// handful of times, and a permit costs a write.
const FREE_OF_A_JOB: u32 = 10;

/// The status in answers to webhooks that cannot be read, where others repeat the sender's own.
const UNREADABLE: &str = "unreadable";

/// Receives the webhooks of every provider.
#[derive(Debug)]
pub struct ProviderWebhooks {
    routes: Vec<Route>,
    intake: Intake,
    store: Store,
    links: ApiLinks,
    tokens: TokenKey,
    clock: Clock,
}

/// The webhook of one provider.
struct Route {
    provider: &'static dyn Provider,
    keys: WebhookKeys,
    rate_limit: RateLimit,
}

impl ProviderWebhooks {
    /// Receives what providers sign with the secrets that `secret` gives for the names of their
    /// variables. Without one, no signature of that provider is valid.
    pub fn new(
        store: Store,
        links: ApiLinks,
        tokens: TokenKey,
        secret: impl Fn(&'static str) -> Option<Secret>,
        clock: Clock,
    ) -> Self {
        let route = |provider: &&'static dyn Provider| Route {
            provider: *provider,
            keys: WebhookKeys {
                secret: secret(provider.settings().webhook_secret).unwrap_or(Secret::new("")),
                tokens: tokens.clone(),
            },
            rate_limit: RateLimit::new(provider.webhook_name(), provider.webhooks_per_minute()),
        };
        let routes = registry::PROVIDERS.iter().map(route).collect();
        Self { routes, intake: Intake::new(store.clone()), store, links, tokens, clock }
    }

    /// Answers a request. Only authenticated ones count against the rate limit, so that nobody
    /// else behind the provider's address can use it up.
    pub async fn receive(&self, request: &Request) -> Result<Response, Problem> {
        let path = request.path();
        let route = self.routes.iter().find(|route| route.provider.webhook_path() == path);
        let route = route.ok_or_else(|| Problem::not_found("There is no such route."))?;
        let provider = route.provider;
        if request.method() == Method::GET {
            let health = object!({ "status": "ok", "webhook": provider.webhook_name() });
            return json(StatusCode::OK, &health);
        }
        let links = self.links.of(request)?;
        let body = request.body(limits::CALLBACK_BODY_BYTES)?;
        let now = self.clock.now();
        let sender = route.authenticate(request, body, now);
        if !matches!(sender, Ok(Sender::Attempt { .. })) {
            request.body(limits::INBOUND_BODY_BYTES)?;
        }
        let sender = sender?;
        self.admit(&route.rate_limit, &sender, request.source_address(), now).await?;
        let report = match provider.report(body) {
            Ok(report) => report,
            Err(invalid) => {
                return self.unreadable(provider, sender, body, invalid, &links, now).await;
            }
        };
        let subject = subject(sender, &report).map_err(|invalid| malformed(provider, invalid))?;
        let reception = self.intake.apply(provider, &subject, &report, now).await;
        let reception = reception.map_err(Problem::unavailable)?;
        if !reception.erased {
            self.keep(provider, &subject, report.task.clone(), reception.outcome, body, now)
                .await?;
        }
        self.answer(provider, subject.job_id, report, &reception, &links)
    }

    /// A sender that has proved no more than a callback URL counts for the job of that URL: all
    /// workers of a provider may share one address, and the first few webhooks of a job are free.
    async fn admit(
        &self,
        rate_limit: &RateLimit,
        sender: &Sender,
        address: &str,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let (from, free) = match sender {
            Sender::Attempt { job_id, .. } => (job_id.as_str(), FREE_OF_A_JOB),
            Sender::Provider { .. } => (address, 0),
        };
        let admission = rate_limit.admit(&self.store, from, free, now).await;
        match admission.map_err(Problem::unavailable)? {
            Admission::Granted => Ok(()),
            Admission::Refused(wait) => Err(Problem::too_many_requests(rate_limit.limit(), wait)),
        }
    }

    /// Keeps a webhook that cannot be read with the job of its callback URL, or the one that its
    /// body names all the same. Then it is accepted: the same bytes again would say no more, and a
    /// sender that is refused repeats them, or gives us up. The task goes on being polled.
    async fn unreadable(
        &self,
        provider: &dyn Provider,
        sender: Sender,
        body: &[u8],
        invalid: InvalidField,
        links: &Links,
        now: Timestamp,
    ) -> Result<Response, Problem> {
        let subject = match sender {
            Sender::Attempt { job_id, attempt }
            | Sender::Provider { attempt: Some((job_id, attempt)) } => {
                Some(Subject { job_id, attempt: Some(attempt) })
            }
            Sender::Provider { attempt: None } => {
                provider.named_job(body).map(|job_id| Subject { job_id, attempt: None })
            }
        };
        let Some(subject) = subject else { return Err(malformed(provider, invalid)) };
        let job = self.store.job(&subject.job_id).await.map_err(Problem::unavailable)?;
        let job = job.filter(|job| provider.kinds().contains(&job.kind()));
        let Some(job) = job else { return Err(malformed(provider, invalid)) };
        tracing::warn!(job_id = %job.id, provider = provider.name(), cause = %invalid,
            "webhook unreadable");
        if !is_erased(&job) {
            self.keep(provider, &subject, None, InboundOutcome::Unreadable, body, now).await?;
        }
        let mut answer = provider.acknowledgement(&Facts {
            updated: false,
            released: None,
            notified: false,
            download_url: links.job(&job.id),
            has_file: false,
            word: UNREADABLE.to_owned(),
            job_id: job.id,
        });
        answer["error"] = invalid.to_string().into();
        json(StatusCode::OK, &answer)
    }

    async fn keep(
        &self,
        provider: &dyn Provider,
        subject: &Subject,
        task: Option<TaskId>,
        outcome: InboundOutcome,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Problem> {
        let inbound = Inbound {
            id: InboundId::new(subject.job_id.clone(), now, random::bytes()),
            provider: provider.name().to_owned(),
            attempt: subject.attempt,
            task,
            outcome,
            replayed_at: None,
            body: kept(body),
        };
        self.store.keep_inbound(&inbound).await.map_err(Problem::unavailable)
    }

    fn answer(
        &self,
        provider: &dyn Provider,
        job_id: JobId,
        report: WebhookReport,
        reception: &Reception,
        links: &Links,
    ) -> Result<Response, Problem> {
        let Reception { outcome, updated, released, notified, .. } = reception;
        let output = provider.kinds().first().map_or("", |kind| kind.media().output_name());
        // A link to another provider's job is none of the sender's business, and one to a job that is
        // not there yet would be valid once it is, whoever's that is.
        let download_url = match outcome {
            InboundOutcome::UnknownJob | InboundOutcome::Early => links.job(&job_id),
            _ => links.download(&job_id, output, &self.tokens.download_token(&job_id)),
        };
        let facts = Facts {
            updated: *updated,
            released: released.as_ref().map(Step::kind),
            notified: *notified,
            download_url,
            has_file: *updated && report.is_success(),
            word: report.word,
            job_id,
        };
        // A job that is not known yet may be one whose saving is under way: it is retried.
        let is_early = *outcome == InboundOutcome::Early;
        let status = if is_early { StatusCode::ACCEPTED } else { StatusCode::OK };
        json(status, &provider.acknowledgement(&facts))
    }
}

impl Route {
    fn authenticate(
        &self,
        request: &Request,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Sender, Problem> {
        let request = WebhookRequest {
            header: &|name| request.header(name),
            query: &|name| request.query(name),
            body,
            now,
        };
        let sender = self.provider.authenticate(&request, &self.keys);
        sender.map_err(|_| Problem::unauthorized(self.provider.authentication_hint()))
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Route").field(&self.provider.webhook_path()).finish()
    }
}

/// The job that is reported on: that of the callback URL, which the body may repeat, or the one
/// that a signed body names.
fn subject(sender: Sender, report: &WebhookReport) -> Result<Subject, InvalidField> {
    let other = || InvalidField::new("job_id", "must be the job of the callback URL");
    match (sender, &report.job) {
        (Sender::Attempt { job_id, .. }, Some(named)) if *named != job_id => Err(other()),
        (Sender::Attempt { job_id, attempt }, _) => Ok(Subject { job_id, attempt: Some(attempt) }),
        (Sender::Provider { attempt: Some((job_id, _)) }, Some(named)) if *named != job_id => {
            Err(other())
        }
        (Sender::Provider { attempt: Some((job_id, attempt)) }, _) => {
            Ok(Subject { job_id, attempt: Some(attempt) })
        }
        (Sender::Provider { attempt: None }, Some(named)) => {
            Ok(Subject { job_id: named.clone(), attempt: report.attempt })
        }
        (Sender::Provider { attempt: None }, None) => Err(other()),
    }
}

/// The body as it is kept. One that is too large keeps the names of its members and the small
/// ones, so that it can be read once more, and is marked; if it is no JSON object, its start.
fn kept(body: &[u8]) -> Vec<u8> {
    const MEMBER_BYTES: usize = 16 * 1024;
    if body.len() <= limits::INBOUND_BODY_BYTES {
        return body.to_vec();
    }
    let mut short = body.to_vec();
    // Each member as its text, since a value takes up to thirty times as much memory.
    if let Ok(mut members) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(body) {
        for member in members.values_mut().filter(|member| member.get().len() > MEMBER_BYTES) {
            *member = RawValue::NULL;
        }
        members.insert(SHORTENED.to_owned(), RawValue::TRUE);
        short = serde_json::to_vec(&members).unwrap_or(short);
    }
    short.truncate(limits::INBOUND_BODY_BYTES);
    short
}

fn malformed(provider: &dyn Provider, invalid: InvalidField) -> Problem {
    match provider.malformed_status() {
        StatusCode::BAD_REQUEST => Problem::bad_field(invalid),
        _ => Problem::from(invalid),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn a_large_body_keeps_what_says_what_it_is() {
        let small = br#"{"id": "a"}"#;
        assert_eq!(kept(small), small);
        let large = object!({
            "id": "a", "status": "COMPLETED", "input": { "text": "x".repeat(600_000) },
        });
        let short = object!({ "id": "a", "status": "COMPLETED", "input": null,
            "hookreel_shortened": true });
        assert_eq!(kept(large.to_string().as_bytes()), short.to_string().into_bytes());
        let many: Map<_, _> = (0..300_000).map(|n| (n.to_string(), object!(n))).collect();
        assert_eq!(kept(object!(many).to_string().as_bytes()).len(), limits::INBOUND_BODY_BYTES);
        let start = "x".repeat(limits::INBOUND_BODY_BYTES);
        assert_eq!(kept("x".repeat(600_000).as_bytes()), start.into_bytes());
    }
}
