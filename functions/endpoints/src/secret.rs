//! The secrets and public keys that receivers verify with: showing and rotating them.

use std::time::Duration;

use domain::endpoint::{Endpoint, RotationMark, SigningScheme};
use domain::secret_versions::SecretVersions;
use domain::time::Rfc3339;
use domain::{EndpointId, InvalidField, OwnerId, limits};
use http::StatusCode;
use runtime::http::{Request, Response, Result, json};
use runtime::{Problem, ProblemCode, random};
use serde::Serialize;
use signing::webhook_secret::{endpoint_key, endpoint_secret, webhook_secret};

use crate::{Endpoints, named_id, unknown};

/// How often to retry a rotation when another one comes between.
const TRIES: usize = 5;

/// What a receiver verifies with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShownSecret {
    Secret(String),
    PublicKey(String),
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ShownSecret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ShownSecret".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "properties": {
                "secret": { "type": "string", "description": "whsec_ and base64" },
                "public_key": {
                    "type": "string",
                    "description": "whpk_ and base64, where Ed25519 signs",
                },
            },
        })
    }
}

/// The present secret, and those that still sign for a while.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Secrets {
    #[serde(flatten)]
    current: ShownSecret,
    /// Earlier ones that sign along.
    previous: Vec<Previous>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "PreviousSecret"))]
struct Previous {
    #[serde(flatten)]
    secret: ShownSecret,
    valid_until: Rfc3339,
}

/// Whose secret it is.
enum SecretOf<'a> {
    Owner(&'a OwnerId),
    Endpoint(&'a OwnerId, EndpointId),
}

impl Endpoints {
    pub(crate) async fn owner_secret(&self, owner: &OwnerId) -> Result<Response> {
        let signing = self.store.owner_signing(owner).await.map_err(Problem::unavailable)?;
        self.owner_answer(owner, &signing.secrets)
    }

    pub(crate) async fn rotate_owner_secret(
        &self,
        owner: &OwnerId,
        request: &Request,
    ) -> Result<Response> {
        let (secrets, _) = self.rotate(&SecretOf::Owner(owner), request).await?;
        self.owner_answer(owner, &secrets)
    }

    pub(crate) async fn secret(&self, owner: &OwnerId, request: &Request) -> Result<Response> {
        let endpoint = self.named(owner, request).await?;
        self.answer(&endpoint.secrets, |version| self.shown(&endpoint, version))
    }

    pub(crate) async fn rotate_secret(
        &self,
        owner: &OwnerId,
        request: &Request,
    ) -> Result<Response> {
        let of = SecretOf::Endpoint(owner, named_id(request)?);
        let (secrets, endpoint) = self.rotate(&of, request).await?;
        let endpoint = endpoint.ok_or_else(unknown)?;
        self.answer(&secrets, |version| self.shown(&endpoint, version))
    }

    /// The `version`th secret of an endpoint, in the form in which its receiver needs it.
    pub(crate) fn shown(&self, endpoint: &Endpoint, version: u32) -> Result<ShownSecret> {
        let shown = match endpoint.signing {
            SigningScheme::V1 => endpoint_secret(&self.master, endpoint, version)
                .map(|secret| ShownSecret::Secret(secret.expose().to_owned())),
            SigningScheme::V1a => endpoint_key(&self.master, endpoint, version)
                .map(|key| ShownSecret::PublicKey(key.public_key().to_string())),
        };
        shown.map_err(Problem::unavailable)
    }

    fn owner_answer(&self, owner: &OwnerId, secrets: &SecretVersions) -> Result<Response> {
        self.answer(secrets, |version| {
            let secret = webhook_secret(&self.master, owner, version);
            let secret = secret.map_err(Problem::unavailable)?;
            Ok(ShownSecret::Secret(secret.expose().to_owned()))
        })
    }

    fn answer(
        &self,
        secrets: &SecretVersions,
        shown: impl Fn(u32) -> Result<ShownSecret>,
    ) -> Result<Response> {
        let now = self.clock.now();
        let valid = secrets.previous.iter().filter(|previous| previous.valid_until > now);
        let previous = valid.map(|previous| {
            let valid_until = previous.valid_until.into();
            Ok(Previous { secret: shown(previous.version)?, valid_until })
        });
        let previous = previous.collect::<Result<_>>()?;
        json(StatusCode::OK, &Secrets { current: shown(secrets.current)?, previous })
    }

    /// Makes the next version, unless the same request has made it before.
    async fn rotate(
        &self,
        of: &SecretOf<'_>,
        request: &Request,
    ) -> Result<(SecretVersions, Option<Endpoint>)> {
        let now = self.clock.now();
        let (overlap, keyed) = (overlap(request)?, request.keyed(now)?);
        let mark = RotationMark {
            request: request.mark()?.unwrap_or_else(random::hex::<16>),
            body_sha256: request.body_sha256(),
            at: now,
        };
        for _ in 0..TRIES {
            let (secrets, mut marks, endpoint) = self.versions(of).await?;
            let same = marks.iter().find(|earlier| earlier.request == mark.request);
            if same.map_or(Ok(false), |same| keyed.repeats(&same.keyed()))? {
                return Ok((secrets, endpoint));
            }
            marks.retain(|earlier| now.since(earlier.at) < limits::IDEMPOTENCY_WINDOW);
            if marks.len() >= limits::ROTATIONS {
                return Err(too_many_rotations());
            }
            marks.insert(0, mark.clone());
            if secrets.valid_at(now).count() >= limits::SECRETS {
                return Err(too_many());
            }
            let next = secrets.rotated(now, overlap);
            if self.save_rotation(of, &next, &marks).await? {
                return Ok((next, endpoint));
            }
        }
        Err(Problem::unavailable("a secret keeps being rotated by others"))
    }

    async fn versions(
        &self,
        of: &SecretOf<'_>,
    ) -> Result<(SecretVersions, Vec<RotationMark>, Option<Endpoint>)> {
        match of {
            SecretOf::Owner(owner) => {
                let signing = self.store.owner_signing(owner).await;
                let signing = signing.map_err(Problem::unavailable)?;
                Ok((signing.secrets, marks(signing.rotation, signing.earlier_rotations), None))
            }
            SecretOf::Endpoint(owner, id) => {
                let endpoint = self.store.endpoint(owner, id).await;
                let endpoint = endpoint.map_err(Problem::unavailable)?.ok_or_else(unknown)?;
                let marks = marks(endpoint.rotation.clone(), endpoint.earlier_rotations.clone());
                Ok((endpoint.secrets.clone(), marks, Some(endpoint)))
            }
        }
    }

    async fn save_rotation(
        &self,
        of: &SecretOf<'_>,
        secrets: &SecretVersions,
        marks: &[RotationMark],
    ) -> Result<bool> {
        let saved = match of {
            SecretOf::Owner(owner) => self.store.rotate_owner_secret(owner, secrets, marks).await,
            SecretOf::Endpoint(owner, id) => {
                self.store.rotate_endpoint_secret(owner, id, secrets, marks).await
            }
        };
        saved.map_err(Problem::unavailable)
    }
}

fn overlap(request: &Request) -> Result<Duration> {
    let longest = limits::OVERLAP_MAXIMUM.as_secs();
    let must = "must be a whole number of seconds from 0 to 604800";
    let mut fields = request.optional_fields(limits::SETTINGS_BODY_BYTES)?;
    let seconds: Option<u64> = fields.optional("overlap_seconds", must)?;
    fields.finish()?;
    match seconds {
        None => Ok(limits::OVERLAP_DEFAULT),
        Some(seconds) if seconds <= longest => Ok(Duration::from_secs(seconds)),
        Some(_) => Err(InvalidField::new("overlap_seconds", must).into()),
    }
}

/// All requests that are remembered, the last one first.
fn marks(last: Option<RotationMark>, earlier: Vec<RotationMark>) -> Vec<RotationMark> {
    last.into_iter().chain(earlier).collect()
}

fn too_many_rotations() -> Problem {
    let detail =
        format!("A secret can be rotated at most {} times in 24 hours.", limits::ROTATIONS);
    Problem::conflict(ProblemCode::TooManyRotations, detail)
}

fn too_many() -> Problem {
    let detail = format!(
        "{} secrets sign already. Wait until one of them ends, or rotate with less overlap.",
        limits::SECRETS
    );
    Problem::conflict(ProblemCode::TooManySecrets, detail)
}
