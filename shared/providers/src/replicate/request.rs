//! The calls to Replicate.

use std::net::IpAddr;

use domain::json_object::JsonObject;
use domain::model::{ModelName, ModelTarget};
use domain::{JobKind, TaskId};
use http::{HeaderMap, HeaderValue};
use serde_json::value::RawValue;

use crate::list::ListPart;
use crate::{Account, Call, Input, Order};

/// The variable that says whether Replicate is asked for webhooks: `always`, `never`, or by default
/// where our address is public and https, as Replicate requires.
pub(super) const WEBHOOKS: &str = "REPLICATE_WEBHOOKS";

/// The events asked for: the first one names a task whose submission's answer was lost.
const EVENTS: [&str; 2] = ["start", "completed"];

/// Creates a prediction or a training.
pub(super) fn create(account: &Account, order: &Order) -> Option<Call> {
    let mut body = Body::default();
    let (path, input) = match &order.input {
        Input::Prediction { target, input } => (body.target(target), input),
        Input::Training { model, version, destination, input } => {
            body.destination = Some(destination);
            (format!("/v1/models/{model}/versions/{version}/trainings"), input)
        }
        _ => return None,
    };
    body.input(input)?;
    if calls_back(account, &order.webhook_url) {
        body.webhook = Some(order.callback_url());
        body.webhook_events_filter = Some(EVENTS);
    }
    let json = serde_json::to_string(&body).ok()?;
    let mut call = Call::submission(account.url(&path), account.bearer(), &json);
    call.headers = HeaderMap::from_iter([(
        http::HeaderName::from_static("cancel-after"),
        HeaderValue::try_from(format!("{}s", order.deadlines.run.as_secs())).ok()?,
    )]);
    Some(call)
}

/// The body of a prediction or a training.
#[derive(Default, serde::Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<&'a ModelName>,
    input: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_events_filter: Option<[&'static str; 2]>,
}

impl<'a> Body<'a> {
    /// Names what runs, in the body or in the path.
    fn target(&mut self, target: &'a ModelTarget) -> String {
        match target {
            ModelTarget::Version(version) => {
                self.version = Some(version);
                "/v1/predictions".to_owned()
            }
            ModelTarget::Model(name) => format!("/v1/models/{name}/predictions"),
            ModelTarget::Deployment(name) => format!("/v1/deployments/{name}/predictions"),
        }
    }

    fn input(&mut self, input: &JsonObject) -> Option<()> {
        self.input = Some(RawValue::from_string(input.as_str().to_owned()).ok()?);
        Some(())
    }
}

/// Longest answer about a task, which has all that it was given and returned, or about a page of tasks.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;

fn get(url: String, account: &Account) -> Call {
    Call { answer_bytes: ANSWER_BYTES, ..Call::get(url, account.bearer()) }
}

/// Polls a task.
pub(super) fn status(account: &Account, kind: JobKind, task: &TaskId) -> Call {
    get(account.url(&format!("{}/{task}", collection(kind))), account)
}

/// Cancels a task.
pub(super) fn cancel(account: &Account, kind: JobKind, task: &TaskId) -> Call {
    let url = account.url(&format!("{}/{task}/cancel", collection(kind)));
    Call { method: http::Method::POST, ..get(url, account) }
}

/// Lists tasks of `kind`, the newest first. Only predictions can be listed by time. A further page
/// is followed only below our own address of the API, since our key goes along.
pub(super) fn list(account: &Account, kind: JobKind, part: &ListPart) -> Option<Call> {
    let path = collection(kind);
    let url = match part {
        ListPart::Between(from, to) if kind == JobKind::Prediction => {
            account.url(&format!("{path}?created_after={from}&created_before={to}"))
        }
        ListPart::Latest | ListPart::Between(..) => account.url(path),
        ListPart::After(next) => next.starts_with(&account.url("/")).then(|| next.clone())?,
    };
    Some(get(url, account))
}

const fn collection(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Training => "/v1/trainings",
        _ => "/v1/predictions",
    }
}

/// Whether Replicate is asked for webhooks to `url`.
pub(super) fn calls_back(account: &Account, url: &str) -> bool {
    match account.value(WEBHOOKS) {
        "always" => true,
        "never" => false,
        _ => is_public(url),
    }
}

/// Whether Replicate can reach `url` and takes it.
fn is_public(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.starts_with('[') {
        return false;
    }
    let host = authority.split(':').next().unwrap_or_default().to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => !(address.is_loopback() || address.is_private()),
        Ok(IpAddr::V6(_)) => false,
        // A name outside the public DNS.
        Err(_) => {
            let zone = host.rsplit_once('.').map(|(_, zone)| zone);
            zone.is_some_and(|zone| !matches!(zone, "localhost" | "local" | "internal"))
        }
    }
}
