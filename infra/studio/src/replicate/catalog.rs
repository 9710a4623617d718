//! Models, their versions and deployments.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{InvalidField, Timestamp};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::ReplicateSettings;
use super::problem::Problem;
use crate::fields::Fields;
use crate::state::StudioState;

/// A version of a model: one of these says which code a task runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// The model, as `owner/name`.
    pub model: String,
    /// 64 hex digits.
    pub id: String,
}

#[derive(Debug)]
struct Model {
    /// `owner/name`
    name: String,
    created: Timestamp,
    /// The oldest first. A model that waits for its first training has none.
    versions: Vec<(String, Timestamp)>,
}

/// All models.
#[derive(Debug)]
pub(super) struct Catalog {
    account: String,
    models: Mutex<Vec<Model>>,
}

impl Catalog {
    /// The models of the settings, each with one version.
    pub fn new(settings: &ReplicateSettings) -> Self {
        let created = settings.clock.now();
        let model = |name: &String| Model {
            name: name.clone(),
            created,
            versions: vec![(version_id(name), created)],
        };
        let models = Mutex::new(settings.models.iter().map(model).collect());
        Self { account: settings.account.clone(), models }
    }

    /// The version that a request names: by its id, `owner/name:id`, or `owner/name` of an official
    /// model.
    pub fn version(&self, reference: &str) -> Option<Version> {
        if !reference.contains('/') {
            let models = self.lock();
            let model = models.iter().find(|model| model.has(reference))?;
            return Some(Version { model: model.name.clone(), id: reference.to_owned() });
        }
        match reference.split_once(':') {
            Some((name, id)) => self.version(id).filter(|version| version.model == name),
            None => self.official(reference),
        }
    }

    /// The newest version of an official model.
    pub fn official(&self, name: &str) -> Option<Version> {
        if self.is_own(name) { None } else { self.newest(name) }
    }

    /// The version that a deployment runs: each of the account's models has one of its name.
    pub fn deployed(&self, name: &str) -> Option<Version> {
        if self.is_own(name) { self.newest(name) } else { None }
    }

    /// Whether a training may push to the model.
    pub fn is_destination(&self, name: &str) -> bool {
        self.is_own(name) && self.lock().iter().any(|model| model.name == name)
    }

    /// Adds the version that a training has made.
    pub fn add_version(&self, name: &str, id: String, now: Timestamp) {
        if let Some(model) = self.lock().iter_mut().find(|model| model.name == name) {
            model.versions.push((id, now));
        }
    }

    fn newest(&self, name: &str) -> Option<Version> {
        let models = self.lock();
        let (id, _) = models.iter().find(|model| model.name == name)?.versions.last()?;
        Some(Version { model: name.to_owned(), id: id.clone() })
    }

    fn is_own(&self, name: &str) -> bool {
        name.split_once('/').is_some_and(|(owner, _)| owner == self.account)
    }

    fn read(&self, name: &str, read: impl FnOnce(&Model) -> Value) -> Result<Json<Value>, Problem> {
        let models = self.lock();
        let model =
            models.iter().find(|model| model.name == name).ok_or_else(Problem::not_found)?;
        Ok(Json(read(model)))
    }

    /// Adds a model without a version.
    fn create(&self, name: &str, created: Timestamp) -> Result<(), InvalidField> {
        let mut models = self.lock();
        if models.iter().any(|model| model.name == name) {
            return Err(InvalidField::new(
                "name",
                "A model with that name and owner already exists",
            ));
        }
        models.push(Model { name: name.to_owned(), created, versions: Vec::new() });
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Model>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model {
    fn has(&self, version: &str) -> bool {
        self.versions.iter().any(|(id, _)| id == version)
    }

    fn body(&self, account: &str) -> Value {
        let (owner, name) = self.name.split_once('/').unwrap_or_default();
        let visibility = if owner == account { "private" } else { "public" };
        json!({
            "url": format!("https://replicate.com/{}", self.name),
            "owner": owner,
            "name": name,
            "description": "A simulated model",
            "visibility": visibility,
            "github_url": null,
            "paper_url": null,
            "license_url": null,
            "run_count": 0,
            "cover_image_url": null,
            "default_example": null,
            "created_at": self.created.to_string(),
            "is_official": owner != account,
            "latest_version": self.versions.last().map(version_body),
        })
    }
}

fn version_body((id, created): &(String, Timestamp)) -> Value {
    let schema = json!({
        "Input": { "type": "object", "title": "Input", "properties": {
            "prompt": { "type": "string", "title": "Prompt", "x-order": 0 },
        } },
        "Output": { "title": "Output" },
    });
    json!({
        "id": id,
        "created_at": created.to_string(),
        "cog_version": "0.16.8",
        "openapi_schema": { "openapi": "3.0.2", "components": { "schemas": schema } },
    })
}

/// A version's id that follows from `seed`.
pub(super) fn version_id(seed: &str) -> String {
    hex::encode(Sha256::digest(seed))
}

type Studio = State<Arc<StudioState>>;
type Answer = Result<Json<Value>, Problem>;

/// `GET /v1/models/{owner}/{name}`
pub(super) async fn model(State(studio): Studio, Path(path): Path<(String, String)>) -> Answer {
    let catalog = &studio.replicate.catalog;
    catalog.read(&joined(&path), |model| model.body(&catalog.account))
}

/// `POST /v1/models`
pub(super) async fn create_model(
    State(studio): Studio,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let members = object(&body)?;
    let fields = Fields::of(&members);
    let path = (fields.require_text("owner")?, fields.require_text("name")?);
    let (name, catalog) = (joined(&path), &studio.replicate.catalog);
    if !catalog.is_own(&name) {
        return Err(fields.wrong("owner", "must be your account").into());
    }
    catalog.create(&name, studio.settings.replicate.clock.now())?;
    let body = catalog.read(&name, |model| model.body(&catalog.account))?;
    Ok((StatusCode::CREATED, body))
}

/// `GET /v1/models/{owner}/{name}/versions`
pub(super) async fn versions(State(studio): Studio, Path(path): Path<(String, String)>) -> Answer {
    studio.replicate.catalog.read(&joined(&path), |model| {
        let newest_first: Vec<_> = model.versions.iter().rev().map(version_body).collect();
        json!({ "previous": null, "next": null, "results": newest_first })
    })
}

/// `GET /v1/models/{owner}/{name}/versions/{version}`
pub(super) async fn version(
    State(studio): Studio,
    Path((owner, name, id)): Path<(String, String, String)>,
) -> Answer {
    let found = studio.replicate.catalog.read(&joined(&(owner, name)), |model| {
        let version = model.versions.iter().find(|(known, _)| *known == id);
        version.map_or(Value::Null, version_body)
    })?;
    if found.is_null() { Err(Problem::not_found()) } else { Ok(found) }
}

/// `GET /v1/deployments/{owner}/{name}`
pub(super) async fn deployment(
    State(studio): Studio,
    Path(path): Path<(String, String)>,
) -> Answer {
    let name = joined(&path);
    let catalog = &studio.replicate.catalog;
    let version = catalog.deployed(&name).ok_or_else(Problem::not_found)?;
    catalog.read(&name, |model| {
        json!({
            "owner": path.0,
            "name": path.1,
            "current_release": {
                "number": 1,
                "model": version.model,
                "version": version.id,
                "created_at": model.created.to_string(),
                "created_by": account_body(&catalog.account),
                "configuration": {
                    "hardware": "gpu-t4", "min_instances": 0, "max_instances": 1,
                },
            },
        })
    })
}

/// `GET /v1/account`
pub(super) async fn account(State(studio): Studio) -> Json<Value> {
    Json(account_body(&studio.settings.replicate.account))
}

/// `GET /v1/webhooks/default/secret`
pub(super) async fn webhook_secret(State(studio): Studio) -> Json<Value> {
    Json(json!({ "key": studio.replicate.webhook_secret.expose() }))
}

fn account_body(username: &str) -> Value {
    json!({ "type": "organization", "username": username, "name": username, "github_url": null })
}

/// `owner/name`
pub(super) fn joined((owner, name): &(String, String)) -> String {
    format!("{owner}/{name}")
}

/// The members of a request's body.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let detail = format!("The request's body is not a JSON object: {error}");
        Problem::new(StatusCode::BAD_REQUEST, "Bad request", &detail)
    })
}
