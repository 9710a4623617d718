//! `POST /v1/endpoints`.

use domain::endpoint::Endpoint;
use domain::endpoint_resource::EndpointResource;
use domain::{EndpointId, OwnerId, limits};
use http::StatusCode;
use runtime::http::{Request, Response, Result, json};
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
    pub(crate) async fn create(&self, owner: &OwnerId, request: &Request) -> Result<Response> {
        let now = self.clock.now();
        let id = EndpointId::new(now, random::bytes());
        let wanted = body::new(request, &self.guard, owner, id, now)?;
        let there = self.store.endpoints(owner).await.map_err(Problem::unavailable)?;
        let key = request.idempotency_key()?;
        let wanted = Endpoint { request_sha256: key.map(|_| request.body_sha256()), ..wanted };
        let create = async |generation| {
            let keyed = |key| self.ids.endpoint(owner, key, generation);
            let id = key.map_or_else(|| wanted.id.clone(), keyed);
            let saved = self.save(Endpoint { id, ..wanted.clone() }, &there).await?;
            let first = saved.keyed();
            Ok((saved, Some(first)))
        };
        let request = request.keyed(now)?;
        let before = async |generation| {
            let Some(key) = key else { return Ok(None) };
            let id = EndpointId::unkeyed(owner, key, generation);
            let first = self.known(owner, &id, &there).await?;
            Ok(first.map(|first| (first.clone(), first.keyed())))
        };
        let endpoint = match idempotency::made_before(&request, before).await? {
            Some(made) => made,
            None => idempotency::create_once(&request, create).await?,
        };
        let secret = self.shown(&endpoint, endpoint.secrets.current)?;
        let created = Created { endpoint: (&endpoint).into(), secret };
        json(StatusCode::CREATED, &created)
    }

    /// Saves the endpoint; if one with its id is there, that one is the answer.
    async fn save(&self, wanted: Endpoint, there: &[Endpoint]) -> Result<Endpoint> {
        if wanted.request_sha256.is_some()
            && let Some(known) = self.known(&wanted.owner, &wanted.id, there).await?
        {
            return Ok(known);
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

    /// The endpoint `id`, one of those that are `there`. It may have been deleted since the same
    /// request created it.
    async fn known(
        &self,
        owner: &OwnerId,
        id: &EndpointId,
        there: &[Endpoint],
    ) -> Result<Option<Endpoint>> {
        match there.iter().find(|known| known.id == *id) {
            Some(known) => Ok(Some(known.clone())),
            None => self.store.deleted_endpoint(owner, id).await.map_err(Problem::unavailable),
        }
    }
}
