//! The members that requests for jobs and for projects have in common.

use domain::json_object::JsonObject;
use domain::model::ModelName;
use domain::retention::{RetentionDays, RetentionPolicy};
use domain::{InvalidField, limits};
use outbound::{Guard, Ports};
use runtime::fields::Fields;
use runtime::{Environment, StartError};

/// What a deployment accepts in them.
#[derive(Debug)]
pub struct Rules {
    guard: Guard,
    retention: RetentionPolicy,
}

/// Their values.
#[derive(Debug, Clone)]
pub struct Members {
    /// Where the events go.
    pub webhook_url: Option<String>,
    /// What is returned as it was sent.
    pub metadata: Option<JsonObject>,
    /// How long it is all kept.
    pub retention: RetentionDays,
}

impl Rules {
    /// Reads the settings `OUTBOUND_…`, `RETENTION_DAYS` and `MAX_RETENTION_DAYS`.
    pub fn read(environment: &Environment) -> Result<Self, StartError> {
        Ok(Self {
            guard: Guard {
                allow_loopback: environment.parsed("OUTBOUND_ALLOW_LOOPBACK", false)?,
                refused_ports: environment.parsed("OUTBOUND_REFUSED_PORTS", Ports::default())?,
                allowed_hosts: None,
                private_hosts: Vec::new(),
            },
            retention: RetentionPolicy {
                default: environment.parsed("RETENTION_DAYS", RetentionDays::default())?,
                maximum: environment.parsed("MAX_RETENTION_DAYS", RetentionDays::default())?,
            },
        })
    }

    /// Checks the URL of what a provider works on.
    pub(crate) fn source_url(&self, url: String, field: &str) -> Result<String, InvalidField> {
        self.guard.check_source_field(url, field)
    }
}

impl Members {
    /// Reads them.
    pub fn read(fields: &mut Fields<'_>, rules: &Rules) -> Result<Self, InvalidField> {
        let webhook_url = fields.optional_text("webhook_url")?;
        let metadata = fields.optional_raw("metadata")?;
        let days = fields.optional("retention_days", "must be a whole number of days")?;
        let check = |url| rules.guard.check_field(url, "webhook_url");
        Ok(Self {
            webhook_url: webhook_url.map(check).transpose()?,
            metadata: metadata.as_deref().map(JsonObject::metadata).transpose()?,
            retention: rules.retention.of(days)?,
        })
    }
}

/// Reads the member `name`, a deadline of a job.
pub(crate) fn deadline(fields: &mut Fields<'_>, name: &str) -> Result<Option<u32>, InvalidField> {
    let (least, most) = limits::DEADLINE_SECONDS.into_inner();
    let message = format!("must be a whole number of seconds from {least} to {most}");
    let seconds: Option<u32> = fields.optional(name, &message)?;
    match seconds {
        Some(seconds) if !limits::DEADLINE_SECONDS.contains(&seconds) => {
            Err(InvalidField::new(name, message))
        }
        seconds => Ok(seconds),
    }
}

/// Reads the member `input` of a request for a model.
pub fn input(fields: &mut Fields<'_>) -> Result<JsonObject, InvalidField> {
    let input = fields.optional_raw("input")?;
    let input = input.ok_or_else(|| InvalidField::new("input", "is required"))?;
    JsonObject::input(&input)
}

/// Reads `text`, the member `field`, which names a model or a deployment.
pub fn name(field: &str, text: &str) -> Result<ModelName, InvalidField> {
    text.parse().map_err(|invalid| InvalidField { field: field.to_owned(), ..invalid })
}
