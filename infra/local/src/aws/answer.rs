//! Answers one request, in process or over HTTP: counts it, injects faults, and forwards it to its
//! service.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use hookreel_studio::own_host;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use s3s::Body;

use super::Aws;
use super::calls::{Access, Answer, CallRecord, Fault};
use super::dynamodb::{self, Units, ask_for_units};
use super::json::JsonAnswer;
use super::target::{Service, Target};
use super::{execute_api, s3, sigv4, sqs};
use crate::cors;
use crate::lineage::HEADER;
use crate::template::Cors;

/// Largest body of a JSON request, in bytes. `BatchWriteItem` takes 16 MB, the most of all.
const MAX_JSON: usize = 17 * 1024 * 1024;
/// Why a request has no answer. The client sees a broken connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// A test injected it.
    #[error("injected: the connection broke")]
    Injected,
    /// The request's body broke off, or is too large.
    #[error("the request's body cannot be read")]
    Request(#[source] s3s::StdError),
    /// The object store broke off.
    #[error("the object store broke off")]
    Objects(#[source] s3s::StdError),
}

impl Aws {
    /// Answers a request that came over HTTP.
    pub(super) async fn answer_http(
        &self,
        caller: &Arc<str>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        let (parts, body) = request.into_parts();
        let service = Target::of(&parts).service;
        let cors = self.cors.get().filter(|_| service == Service::S3);
        if own_host::check(&parts, None, |origin| may_change(cors, &parts.method, origin)).is_err()
        {
            return Ok(refusal(403, "AccessDenied", "This host or origin is not served here."));
        }
        if service == Service::S3 {
            if is_signed_twice(&parts) {
                return Ok(s3_refusal());
            }
            let origin = cors::origin(&parts.headers);
            let mut answer = match cors::preflight(cors, &parts.method, &parts.headers) {
                Some(preflight) => preflight,
                None => self.answer(caller, Request::from_parts(parts, body)).await?,
            };
            cors::allow(cors, origin.as_deref(), answer.headers_mut());
            return Ok(answer);
        }
        let body = read(body).await?;
        if let Err(unsigned) = sigv4::verify(service, &parts, &body, &self.keys, SystemTime::now())
        {
            let (kind, message) = unsigned.error();
            return Ok(match service {
                Service::ExecuteApi => execute_api::refusal(403, kind, message),
                Service::Sqs => refusal(403, kind, message),
                _ => refusal(400, kind, message),
            });
        }
        self.answer(caller, Request::from_parts(parts, Body::from(body))).await
    }

    /// Answers a request of `caller`.
    pub(super) async fn answer(
        &self,
        caller: &Arc<str>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Failure> {
        let (parts, body) = request.into_parts();
        let target = Target::of(&parts);
        let Some((call, fault)) = self.calls.begin(caller, &target, &parts.headers) else {
            return self.forward(&target, parts, body, false).await.0;
        };
        let is_recording = self.calls.is_recording();
        let (body, accesses) =
            if is_recording { accesses(&target, &parts, body).await? } else { (body, Vec::new()) };
        let (outcome, units) = match fault {
            Some(Fault::BeforeEffect) => (Err(Failure::Injected), Units::default()),
            _ => self.forward(&target, parts, body, is_recording).await,
        };
        let (answer, outcome) = match (outcome, fault) {
            (Err(Failure::Injected) | Ok(_), Some(fault)) => {
                (Answer::Fault(fault), Err(Failure::Injected))
            }
            (Ok(response), None) => (Answer::Status(response.status().as_u16()), Ok(response)),
            (Err(failure), _) => (Answer::Broken, Err(failure)),
        };
        let Units { write: write_units, read: read_units } = units;
        self.calls.end(CallRecord { call, answer, write_units, read_units, accesses });
        outcome
    }

    /// The service's answer and, if `with_units`, the capacity that it consumed.
    async fn forward(
        &self,
        target: &Target,
        parts: Parts,
        body: Body,
        with_units: bool,
    ) -> (Result<Response<Body>, Failure>, Units) {
        if target.service == Service::S3 {
            let answer = self.buckets.service().call(Request::from_parts(parts, body)).await;
            return (answer.map_err(|error| Failure::Objects(error.into())), Units::default());
        }
        let body = match read(body).await {
            Ok(body) => body,
            Err(failure) => return (Err(failure), Units::default()),
        };
        if target.service == Service::ExecuteApi {
            let answer = execute_api::answer(&self.connections, &parts, body);
            return (Ok(answer), Units::default());
        }
        let trace = parts.headers.get(HEADER).and_then(|header| header.to_str().ok());
        let (answer, units) = self.answer_json(target, &body, trace, with_units).await;
        (Ok(answer.into_response()), units)
    }

    pub(super) async fn answer_json(
        &self,
        target: &Target,
        body: &Bytes,
        trace: Option<&str>,
        with_units: bool,
    ) -> (JsonAnswer, Units) {
        let operation = target.operation.as_str();
        match target.service {
            Service::Sqs => (self.queues.answer(operation, body, trace).await, Units::default()),
            Service::DynamoDb if with_units => {
                let answer = self.tables.answer(operation, &ask_for_units(body)).await;
                let units = Units::of(operation, &answer);
                (answer, units)
            }
            _ => (self.tables.answer(operation, body).await, Units::default()),
        }
    }
}

/// What IAM is asked about a request, and the request's body.
async fn accesses(
    target: &Target,
    head: &Parts,
    body: Body,
) -> Result<(Body, Vec<Access>), Failure> {
    let of_json = match target.service {
        Service::S3 => return Ok((body, s3::accesses(&target.operation, &head.uri))),
        Service::ExecuteApi => {
            return Ok((body, execute_api::accesses(head.method.as_str(), &head.uri)));
        }
        Service::Sqs => sqs::accesses,
        Service::DynamoDb => dynamodb::accesses,
        Service::DynamoDbStreams => return Ok((body, Vec::new())),
    };
    let body = read(body).await?;
    let accesses = of_json(&target.operation, &body);
    Ok((Body::from(body), accesses))
}

/// The body of a JSON request.
async fn read(body: Body) -> Result<Bytes, Failure> {
    let body = Limited::new(body, MAX_JSON).collect().await.map_err(Failure::Request)?;
    Ok(body.to_bytes())
}

/// Whether pages of `origin` may call the bucket by `method`.
fn may_change(cors: Option<&Cors>, method: &Method, origin: &str) -> bool {
    let by_method = |cors: &&Cors| cors.methods.iter().any(|one| one == method.as_str());
    cors.filter(by_method).is_some_and(|cors| cors.allowed(origin).is_some())
}

/// Whether a request to S3 has a signature both in its header and in its query.
fn is_signed_twice(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    parts.headers.contains_key(AUTHORIZATION) && query.contains("X-Amz-Algorithm=")
}

fn refusal(status: u16, kind: &str, message: &str) -> Response<Body> {
    JsonAnswer::error(status, kind, message).into_response()
}

/// S3's answer to a request that is signed twice: a client that sends its own bearer token along
/// with a presigned URL must be seen here, too.
fn s3_refusal() -> Response<Body> {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>InvalidArgument</Code><Message>\
                Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query \
                string parameter or the Authorization header should be specified</Message></Error>";
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}
