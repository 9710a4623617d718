//! `POST /v1/endpoints`.

use domain::endpoint::Endpoint;
use domain::endpoint_resource::EndpointResource;
use domain::{EndpointId, OwnerId, Timestamp, limits};
use http::StatusCode;
use runtime::http::{Request, Response, json};
use runtime::{Problem, random};
use serde::Serialize;
use store::EndpointCreated;

use crate::secret::ShownSecret;
use crate::{Endpoints, body};

/// The answer: the endpoint, and what its receiver verifies with.
#[derive(Serialize)]
struct Created<'a> {
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
        let endpoint = match request.idempotency_key()? {
            Some(key) => {
                let sha256 = request.body_sha256();
                self.create_once(Endpoint { request_sha256: Some(sha256), ..wanted }, key, &there)
                    .await?
            }
            None => self.save(wanted, &there).await?,
        };
        let secret = self.shown(&endpoint, endpoint.secrets.current)?;
        let created = Created { endpoint: (&endpoint).into(), secret };
        json(StatusCode::CREATED, &created)
    }

    /// The id follows from the idempotency key, so no record of keys is kept.
    async fn create_once(
        &self,
        wanted: Endpoint,
        key: &str,
        there: &[Endpoint],
    ) -> Result<Endpoint, Problem> {
        let (now, sha256) = (wanted.created_at, wanted.request_sha256.clone());
        for generation in 0.. {
            let id = EndpointId::for_idempotency_key(&wanted.owner, key, generation);
            let saved = self.save(Endpoint { id, ..wanted.clone() }, there).await?;
            if !ran_out(&saved, now) {
                let same = saved.request_sha256 == sha256;
                return if same { Ok(saved) } else { Err(Problem::key_reused()) };
            }
        }
        Err(Problem::unavailable("an idempotency key has no generation left"))
    }

    /// Saves the endpoint; if one with its id is there, that one is the answer.
    async fn save(&self, wanted: Endpoint, there: &[Endpoint]) -> Result<Endpoint, Problem> {
        if let Some(known) = there.iter().find(|known| known.id == wanted.id) {
            return Ok(known.clone());
        }
        if there.len() >= limits::ENDPOINTS {
            let detail = format!("There can be at most {} endpoints.", limits::ENDPOINTS);
            return Err(Problem::conflict("too_many_endpoints", detail));
        }
        match self.store.create_endpoint(&wanted).await.map_err(Problem::unavailable)? {
            EndpointCreated::New => Ok(wanted),
            EndpointCreated::Exists(known) => Ok(*known),
        }
    }
}

fn ran_out(known: &Endpoint, now: Timestamp) -> bool {
    now.since(known.created_at) >= limits::IDEMPOTENCY_WINDOW
}
