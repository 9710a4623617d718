//! A request as handlers read it: who asks, and what.

use std::str::FromStr;

use domain::{Caller, InvalidField, JobId, OwnerId, Scope};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;

use crate::fields::Fields;
use crate::{Problem, authorizer};

/// A request that API Gateway has passed on.
#[derive(Debug)]
pub struct Request(lambda_http::Request);

impl Request {
    pub(super) const fn new(request: lambda_http::Request) -> Self {
        Self(request)
    }

    /// API Gateway's id of the request, which is in its logs too.
    #[must_use]
    pub fn id(&self) -> &str {
        match self.0.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.request_id.as_deref().unwrap_or_default()
            }
            _ => "",
        }
    }

    /// Who asks, if the key used allows `scope`. This is the only way to an owner's name, so
    /// a handler that touches an owner's data cannot leave the check out.
    pub fn caller(&self, scope: Scope) -> Result<Caller, Problem> {
        let caller = self.authorized()?;
        if caller.may(scope) {
            return Ok(caller);
        }
        let detail = format!("This API key lacks the scope {}.", scope.as_str());
        Err(Problem::forbidden(detail))
    }

    fn authorized(&self) -> Result<Caller, Problem> {
        let refused = || {
            Problem::unauthorized(if self.header("authorization").is_some() {
                "This API key is not valid."
            } else {
                "Send an API key as \"Authorization: Bearer …\"."
            })
        };
        let Some(RequestContext::ApiGatewayV2(context)) = self.0.request_context_ref() else {
            return Err(refused());
        };
        let fields = &context.authorizer.as_ref().ok_or_else(refused)?.fields;
        let text = |name| fields.get(name).and_then(serde_json::Value::as_str);
        let owner = text(authorizer::OWNER).ok_or_else(refused)?;
        let scopes = text(authorizer::SCOPES).ok_or_else(refused)?;
        let scopes = scopes.split(' ').filter_map(|scope| scope.parse().ok()).collect();
        Ok(Caller { owner: OwnerId::new(owner), scopes })
    }

    /// The header `name`, if it is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &http::Method {
        self.0.method()
    }

    /// The job that the path names. What is no id is no job either.
    pub fn job_id(&self) -> Result<JobId, Problem> {
        let parameters = self.0.path_parameters_ref();
        let text = parameters.and_then(|parameters| parameters.first("job_id")).unwrap_or_default();
        text.parse().map_err(|_| Problem::not_found("There is no such job."))
    }

    /// The path, without the stage.
    #[must_use]
    pub fn path(&self) -> &str {
        self.0.uri().path()
    }

    /// The query parameter `name`, if it is there and not empty.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        let parameters = self.0.query_string_parameters_ref()?;
        parameters.first(name).filter(|value| !value.is_empty())
    }

    /// The query parameter `name` as a `T`.
    pub fn parsed_query<T>(&self, name: &str) -> Result<Option<T>, Problem>
    where
        T: FromStr<Err = InvalidField>,
    {
        Ok(self.query(name).map(str::parse).transpose()?)
    }

    /// The body's bytes, as they were sent, if there are at most `limit`.
    pub fn body(&self, limit: usize) -> Result<&[u8], Problem> {
        let body: &[u8] = self.0.body();
        if body.len() > limit { Err(Problem::too_large(limit)) } else { Ok(body) }
    }

    /// The body as a JSON object of at most `limit` bytes.
    pub fn fields(&self, limit: usize) -> Result<Fields, Problem> {
        Fields::parse(self.body(limit)?)
    }
}
