//! A request as handlers read it: its caller, path, query, headers and body.

use std::str::FromStr;

use domain::idempotency::KeyedRequest;
use domain::retention::Erasure;
use domain::{Caller, InvalidField, JobId, OwnerId, Scope, Timestamp, limits};
use http::Method;
use lambda_http::RequestExt;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
use lambda_http::request::RequestContext;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::canonical::canonical;
use crate::fields::{Fields, without_mark};
use crate::{Problem, authorizer};

/// A request from API Gateway. HEAD is read as GET, whose answer is then sent without its body.
#[derive(Debug)]
pub struct Request {
    request: lambda_http::Request,
    is_head: bool,
}

impl Request {
    pub(super) fn new(mut request: lambda_http::Request) -> Self {
        let is_head = request.method() == Method::HEAD;
        if is_head {
            *request.method_mut() = Method::GET;
            let context = request.extensions_mut().get_mut::<RequestContext>();
            if let Some(RequestContext::ApiGatewayV2(context)) = context {
                let route = context.route_key.take();
                context.route_key = route.map(|route| route.replacen("HEAD ", "GET ", 1));
            }
        }
        Self { request, is_head }
    }

    /// Whether it was a HEAD.
    pub const fn is_head(&self) -> bool {
        self.is_head
    }

    /// API Gateway's own data about the request.
    fn context(&self) -> Option<&ApiGatewayV2httpRequestContext> {
        match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => Some(context),
            _ => None,
        }
    }

    /// API Gateway's id of the request, which its access log has too.
    pub fn id(&self) -> &str {
        self.context().and_then(|context| context.request_id.as_deref()).unwrap_or_default()
    }

    /// The domain and the stage by which API Gateway has found the API.
    pub(super) fn address(&self) -> Option<(&str, &str)> {
        let context = self.context()?;
        Some((context.domain_name.as_deref()?, context.stage.as_deref()?))
    }

    /// The client's address as API Gateway saw it. No header is read: the sender controls those.
    pub fn source_address(&self) -> &str {
        self.context().and_then(|context| context.http.source_ip.as_deref()).unwrap_or_default()
    }

    /// The caller, if the API key allows `scope`. No other method gives an owner, so a handler
    /// that touches an owner's data cannot leave the check out.
    pub fn caller(&self, scope: Scope) -> Result<Caller, Problem> {
        let caller = self.authorized()?;
        if caller.may(scope) {
            return Ok(caller);
        }
        let scope = scope.as_str();
        let detail = format!("This API key lacks the scope {scope}. Use a key that has it.");
        Err(Problem::forbidden(detail))
    }

    fn authorized(&self) -> Result<Caller, Problem> {
        let refused = || {
            Problem::unauthorized(if self.header("authorization").is_some() {
                "The API key is not valid. Send a valid one as \"Authorization: Bearer …\"."
            } else {
                "The API key is missing. Send one as \"Authorization: Bearer …\"."
            })
        };
        let authorizer = self.context().and_then(|context| context.authorizer.as_ref());
        let fields = &authorizer.ok_or_else(refused)?.fields;
        let text = |name| fields.get(name).and_then(Value::as_str);
        let owner = text(authorizer::OWNER).ok_or_else(refused)?;
        let scopes = text(authorizer::SCOPES).ok_or_else(refused)?;
        let scopes = scopes.split(' ').filter_map(|scope| scope.parse().ok()).collect();
        Ok(Caller { owner: OwnerId::new(owner), scopes })
    }

    /// The header `name`, if it is there and readable as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name)?.to_str().ok()
    }

    /// The method.
    pub fn method(&self) -> &Method {
        self.request.method()
    }

    /// The job id in the path. A malformed one is answered with 404, like an unknown one.
    pub fn job_id(&self) -> Result<JobId, Problem> {
        self.path_id("job_id", "job")
    }

    /// The id of a `kind` in the path parameter `parameter`; 404 if it is malformed.
    pub fn path_id<I: FromStr>(&self, parameter: &str, kind: &str) -> Result<I, Problem> {
        let parameters = self.request.path_parameters_ref();
        let text = parameters.and_then(|parameters| parameters.first(parameter));
        let id = text.and_then(|text| text.parse().ok());
        id.ok_or_else(|| Problem::not_found(format!("There is no such {kind}.")))
    }

    /// The route that API Gateway matched, such as `GET /v1/jobs/{job_id}`.
    pub fn route(&self) -> &str {
        self.context().and_then(|context| context.route_key.as_deref()).unwrap_or_default()
    }

    /// The idempotency key, if the request has one.
    pub fn idempotency_key(&self) -> Result<Option<&str>, InvalidField> {
        let Some(key) = self.request.headers().get("idempotency-key") else { return Ok(None) };
        let longest = limits::IDEMPOTENCY_KEY_BYTES;
        let key = key.to_str().ok().filter(|key| (1..=longest).contains(&key.len()));
        key.map(Some).ok_or_else(|| {
            let message = format!("must be 1 to {longest} ASCII characters");
            InvalidField::new("Idempotency-Key", message)
        })
    }

    /// SHA-256 of the idempotency key in hex, if the request has one. It is stored instead of the
    /// key, which may hold anything.
    pub fn mark(&self) -> Result<Option<String>, InvalidField> {
        Ok(self.idempotency_key()?.map(|key| hex::encode(Sha256::digest(key))))
    }

    /// SHA-256 of what the body says, in hex: the same JSON in other bytes has the same.
    pub fn body_sha256(&self) -> String {
        match canonical(without_mark(self.bytes())) {
            Some(json) => hex::encode(Sha256::digest(json)),
            None => hex::encode(Sha256::digest(self.bytes())),
        }
    }

    /// This request, made `at`, as it is compared with an earlier one under its idempotency key;
    /// with no hash if it has no key.
    pub fn keyed(&self, at: Timestamp) -> Result<KeyedRequest, InvalidField> {
        let is_keyed = self.idempotency_key()?.is_some();
        Ok(KeyedRequest {
            sha256: is_keyed.then(|| self.body_sha256()),
            as_sent: is_keyed.then(|| hex::encode(Sha256::digest(self.bytes()))),
            at,
        })
    }

    /// The page size of a list.
    pub fn page_limit(&self) -> Result<usize, InvalidField> {
        let Some(text) = self.query("limit") else { return Ok(limits::PAGE_DEFAULT) };
        let limit = text.parse().ok().filter(|limit| (1..=limits::PAGE_MAXIMUM).contains(limit));
        limit.ok_or_else(|| {
            let message = format!("must be a number from 1 to {}", limits::PAGE_MAXIMUM);
            InvalidField::new("limit", message)
        })
    }

    /// The path, without the stage.
    pub fn path(&self) -> &str {
        self.request.uri().path()
    }

    /// The query parameter `name`, if it is there and not empty.
    pub fn query(&self, name: &str) -> Option<&str> {
        let parameters = self.request.query_string_parameters_ref()?;
        parameters.first(name).filter(|value| !value.is_empty())
    }

    /// The query parameter `name` as a `T`; 422 if it is none.
    pub fn parsed_query<T>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T: FromStr<Err = InvalidField>,
    {
        Ok(self.query(name).map(str::parse).transpose()?)
    }

    /// What a DELETE erases: the files at the route `outputs`, everything with `?purge=true`;
    /// `None` if it only cancels.
    pub fn erasure(&self, outputs: &str) -> Result<Option<Erasure>, InvalidField> {
        match self.query("purge") {
            _ if self.route() == outputs => Ok(Some(Erasure::Outputs)),
            None | Some("false") => Ok(None),
            Some("true") => Ok(Some(Erasure::All)),
            Some(_) => Err(InvalidField::new("purge", "must be true or false")),
        }
    }

    fn bytes(&self) -> &[u8] {
        self.request.body()
    }

    /// The body's bytes as they were sent; 413 if there are more than `limit`.
    pub fn body(&self, limit: usize) -> Result<&[u8], Problem> {
        let body = self.bytes();
        if body.len() > limit { Err(Problem::too_large(limit)) } else { Ok(body) }
    }

    /// The body as a JSON object of at most `limit` bytes.
    pub fn fields(&self, limit: usize) -> Result<Fields<'_>, Problem> {
        Fields::parse(self.body(limit)?)
    }

    /// The same, with an absent body as an empty object.
    pub fn optional_fields(&self, limit: usize) -> Result<Fields<'_>, Problem> {
        let body = self.body(limit)?;
        Fields::parse(if body.is_empty() { b"{}" } else { body })
    }
}
