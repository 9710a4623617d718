//! What an owner sends about an endpoint, checked field by field.

use std::collections::BTreeMap;

use domain::endpoint::{DisabledReason, Endpoint, EndpointStatus, SigningScheme};
use domain::secret_versions::SecretVersions;
use domain::{EndpointId, InvalidField, OwnerId, Timestamp, endpoint_rules, limits};
use outbound::Guard;
use runtime::fields::Fields;
use runtime::http::{Request, Result};
use runtime::random;
use store::EndpointChange;

const LIST_OF_EVENTS: &str = "must be a list of event names";
const LIST_OF_SECONDS: &str = "must be a list of whole seconds";
const NUMBER: &str = "must be a whole number";
const HEADERS: &str = "must be an object of texts";

/// Reads what a new endpoint is to be like.
pub(crate) fn new(
    request: &Request,
    guard: &Guard,
    owner: &OwnerId,
    id: EndpointId,
    now: Timestamp,
) -> Result<Endpoint> {
    let mut fields = request.fields(limits::SETTINGS_BODY_BYTES)?;
    let settings = settings(&mut fields, guard, now)?;
    let url = settings.url.ok_or_else(|| InvalidField::new("url", "is required"))?;
    let signing = signing(&mut fields)?.unwrap_or_default();
    fields.finish()?;
    Ok(Endpoint {
        id,
        owner: owner.clone(),
        url,
        description: settings.description.flatten(),
        events: settings.events.unwrap_or_default(),
        status: settings.status.unwrap_or(EndpointStatus::Enabled),
        retry_schedule_seconds: settings.retry_schedule_seconds.flatten(),
        rate_limit_per_second: settings.rate_limit_per_second.flatten(),
        headers: settings.headers.unwrap_or_default(),
        signing,
        salt: Some(random::hex::<16>()),
        secrets: SecretVersions::default(),
        rotation: None,
        earlier_rotations: Vec::new(),
        request_sha256: None,
        created_at: now,
        updated_at: now,
    })
}

/// Reads what is to change of an endpoint.
pub(crate) fn change(request: &Request, guard: &Guard, now: Timestamp) -> Result<EndpointChange> {
    let mut fields = request.fields(limits::SETTINGS_BODY_BYTES)?;
    if signing(&mut fields)?.is_some() {
        let message = "cannot be changed, since receivers rely on it; make another endpoint";
        return Err(InvalidField::new("signing", message).into());
    }
    let change = settings(&mut fields, guard, now)?;
    fields.finish()?;
    Ok(change)
}

/// What a new endpoint and a change have in common.
fn settings(
    fields: &mut Fields<'_>,
    guard: &Guard,
    now: Timestamp,
) -> Result<EndpointChange, InvalidField> {
    let events: Option<Option<Vec<String>>> = fields.nullable("events", LIST_OF_EVENTS)?;
    let headers: Option<Option<BTreeMap<String, String>>> = fields.nullable("headers", HEADERS)?;
    Ok(EndpointChange {
        url: url(fields, guard)?,
        description: checked(
            fields.nullable("description", "must be text")?,
            endpoint_rules::description,
        )?,
        events: events
            .map(|names| endpoint_rules::events(&names.unwrap_or_default()))
            .transpose()?,
        status: status(fields, now)?,
        retry_schedule_seconds: checked(
            fields.nullable("retry_schedule_seconds", LIST_OF_SECONDS)?,
            endpoint_rules::retry_schedule,
        )?,
        rate_limit_per_second: checked(
            fields.nullable("rate_limit_per_second", NUMBER)?,
            endpoint_rules::rate_limit,
        )?,
        headers: headers
            .map(|headers| endpoint_rules::headers(&headers.unwrap_or_default()))
            .transpose()?,
    })
}

fn url(fields: &mut Fields<'_>, guard: &Guard) -> Result<Option<String>, InvalidField> {
    fields.optional_text("url")?.map(|url| guard.check_field(url, "url")).transpose()
}

fn status(fields: &mut Fields<'_>, now: Timestamp) -> Result<Option<EndpointStatus>, InvalidField> {
    match fields.optional_text("status")?.as_deref() {
        None => Ok(None),
        Some("enabled") => Ok(Some(EndpointStatus::Enabled)),
        Some("disabled") => {
            Ok(Some(EndpointStatus::Disabled { reason: DisabledReason::Owner, at: now }))
        }
        Some(_) => Err(InvalidField::new("status", "must be enabled or disabled")),
    }
}

fn signing(fields: &mut Fields<'_>) -> Result<Option<SigningScheme>, InvalidField> {
    fields.optional("signing", "must be v1 or v1a")
}

/// Checks what is there and not null.
#[allow(clippy::option_option, reason = "absent, null and a value say three things")]
fn checked<T, U>(
    value: Option<Option<T>>,
    check: impl Fn(T) -> Result<U, InvalidField>,
) -> Result<Option<Option<U>>, InvalidField> {
    value.map(|value| value.map(check).transpose()).transpose()
}
