//! `POST /v1/endpoints`.

use domain::endpoint::Endpoint;
use domain::endpoint_resource::EndpointResource;
use domain::idempotency::KeyedRequest;
use domain::{EndpointId, OwnerId, limits};
use http::StatusCode;
use runtime::http::{Request, Response, json};
use runtime::{Problem, ProblemCode, idempotency, random};
use serde::Serialize;
use store::Created as Saved;

use crate::secret::ShownSecret;
use crate::{Endpoints, body};

/// The endpoint that was created, and the secret or key that its receiver verifies with.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "CreatedEndpoint"))]
pub struct Created<'a> {
    #[serde(flatten)]
    endpoint: EndpointResource<'a>,
    #[serde(flatten)]
    secret: ShownSecret,
}

impl Endpoints {
    pub(crate) async fn create(
        &self,
        owner: &OwnerId,
        request: &Request,
    ) -> Result<Response, Problem> {
        let now = self.clock.now();
        let id = EndpointId::new(now, random::bytes());
        let wanted = body::new(request, &self.guard, owner, id, now)?;
        let there = self.store.endpoints(owner).await.map_err(Problem::unavailable)?;
        let key = request.idempotency_key()?;
        let wanted = Endpoint { request_sha256: key.map(|_| request.body_sha256()), ..wanted };
        let create = async |generation| {
            let keyed = |key| EndpointId::for_idempotency_key(owner, key, generation);
            let id = key.map_or_else(|| wanted.id.clone(), keyed);
            let saved = self.save(Endpoint { id, ..wanted.clone() }, &there).await?;
            let first = request_for(&saved);
            Ok((saved, Some(first)))
        };
        let endpoint = idempotency::create_once(&request.keyed(now)?, create).await?;
        let secret = self.shown(&endpoint, endpoint.secrets.current)?;
        let created = Created { endpoint: (&endpoint).into(), secret };
        json(StatusCode::CREATED, &created)
    }

    /// Saves the endpoint; if one with its id is there, that one is the answer.
    async fn save(&self, wanted: Endpoint, there: &[Endpoint]) -> Result<Endpoint, Problem> {
        if let Some(known) = there.iter().find(|known| known.id == wanted.id) {
            return Ok(known.clone());
        }
        // It may have been deleted since the same request created it.
        if wanted.request_sha256.is_some() {
            let deleted = self.store.deleted_endpoint(&wanted.owner, &wanted.id).await;
            if let Some(deleted) = deleted.map_err(Problem::unavailable)? {
                return Ok(deleted);
            }
        }
        if there.len() >= limits::ENDPOINTS {
            let detail = format!("There can be at most {} endpoints.", limits::ENDPOINTS);
            return Err(Problem::conflict(ProblemCode::TooManyEndpoints, detail));
        }
        match self.store.create_endpoint(&wanted).await.map_err(Problem::unavailable)? {
            Saved::New => Ok(wanted),
            Saved::Exists(known) => Ok(*known),
        }
    }
}

fn request_for(endpoint: &Endpoint) -> KeyedRequest {
    KeyedRequest { sha256: endpoint.request_sha256.clone(), as_sent: None, at: endpoint.created_at }
}
