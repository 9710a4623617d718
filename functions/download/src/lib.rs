//! `GET /v1/download/{job_id}`: redirects to a file of a job. Links to this route do not expire:
//! each request gets a fresh presigned URL.

use domain::limits::DOWNLOAD_URL_LIFE;
use domain::time::Rfc3339;
use domain::{Job, JobId, JobState, Output, Scope};
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderValue, StatusCode};
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, ProblemCode, StartError};
use serde::Serialize;
use signing::token::TokenKey;
use store::Store;

/// The query parameter by which a HEAD asks what the file is.
const DESCRIBED: &str = "described";

/// The function.
#[derive(Debug)]
pub struct Download {
    store: Store,
    blobs: blobs::Blobs,
    tokens: TokenKey,
    clock: Clock,
}

/// The link, for clients that prefer JSON to the file.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "DownloadLink"))]
pub struct Link {
    /// Gives the file to anyone until it expires.
    url: String,
    expires_at: Rfc3339,
}

impl HttpFunction for Download {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            blobs: blobs::Blobs::new(&context.aws, environment.required("BUCKET_NAME")?),
            tokens: environment.secret_key("SIGNING_KEY", TokenKey::new)?,
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let id = request.job_id()?;
        let job = self.permitted_job(&request, &id).await?;
        let output = output(&job, request.query("output"))?;
        if request.is_head() {
            return match request.query(DESCRIBED) {
                Some(_) => described(output),
                None => redirect(&to_description(&request)),
            };
        }
        let extension = output.key.rsplit('.').next().unwrap_or_default();
        let filename = format!("{id}-{}.{extension}", output.name);
        let expires_at = (self.clock.now() + DOWNLOAD_URL_LIFE).into();
        let url = self.blobs.download_url(&output.key, &filename, DOWNLOAD_URL_LIFE).await;
        let link = Link { url: url.map_err(Problem::unavailable)?, expires_at };
        if request.header("accept").is_some_and(prefers_json) {
            json(StatusCode::OK, &link)
        } else {
            redirect(&link.url)
        }
    }
}

impl Download {
    /// The job, if the link's token or the API key authorizes access to it.
    async fn permitted_job(&self, request: &Request, id: &JobId) -> Result<Job, Problem> {
        let job = if let Some(token) = request.query("token") {
            self.tokens.verify_download_token(id, token).map_err(|_| wrong_token())?;
            self.store.job(id).await
        } else {
            let caller = request.caller(Scope::JobsRead)?;
            self.store.find_job(&caller.owner, id).await
        };
        job.map_err(Problem::unavailable)?
            .ok_or_else(|| Problem::not_found("There is no such job."))
    }
}

fn wrong_token() -> Problem {
    Problem::unauthorized("The link's token is not valid. Copy the whole link, or use an API key.")
}

/// The output named `name`; the first one without a name.
fn output<'a>(job: &'a Job, name: Option<&str>) -> Result<&'a Output, Problem> {
    let found = match name {
        Some(name) => job.outputs.iter().find(|output| output.name == name),
        None => job.outputs.first(),
    };
    if found.is_none() && job.erased.is_some() {
        return Err(Problem::gone("The job's files have been erased."));
    }
    found.ok_or_else(|| match job.state {
        JobState::Completed => Problem::not_found("The job has no output with that name."),
        JobState::Failed | JobState::Cancelled => Problem::conflict(
            ProblemCode::NoOutput,
            format!("The job is {} and has no files.", job.state.status()),
        ),
        JobState::Waiting
        | JobState::Queued
        | JobState::Dispatched
        | JobState::Uncertain
        | JobState::Running
        | JobState::Storing => Problem::conflict(
            ProblemCode::NotReady,
            "The job's files are not ready. Retry when its status is completed.",
        ),
    })
}

/// Whether `accept` asks for JSON rather than for the file. A client that takes anything, such as
/// one whose default lists JSON first and `*/*` last, gets the file.
fn prefers_json(accept: &str) -> bool {
    let (mut json, mut file, mut other) = (0.0_f32, 0.0_f32, 0.0_f32);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
        let kind = media.split('/').next().unwrap_or_default();
        match media.as_str() {
            "application/json" => json = json.max(weight),
            "application/octet-stream" => file = file.max(weight),
            _ if ["*", "audio", "video", "image"].contains(&kind) => file = file.max(weight),
            _ => other = other.max(weight),
        }
    }
    // Where the file would do, JSON must be what is wanted most.
    json > file && (file == 0.0 || json > other)
}

/// Where a HEAD is redirected, as a GET is: to this route again, which describes the file to a HEAD
/// and leads a GET to it. No presigned URL answers both, and clients follow with either.
fn to_description(request: &Request) -> String {
    let given = ["output", "token"].into_iter();
    let given = given.filter_map(|name| Some(format!("{name}={}&", escaped(request.query(name)?))));
    format!("?{}{DESCRIBED}=true", given.collect::<String>())
}

/// `text` as the value of a query parameter.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

/// What a GET leads to.
fn described(output: &Output) -> Result<Response, Problem> {
    let mut response = Response::default();
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_str(&output.content_type).map_err(Problem::unavailable)?;
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_LENGTH, output.bytes.into());
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn redirect(url: &str) -> Result<Response, Problem> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::FOUND;
    let location = HeaderValue::from_str(url).map_err(Problem::unavailable)?;
    response.headers_mut().insert(LOCATION, location);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_for_who_prefers_it() {
        for accept in ["application/json", "Application/JSON;q=0.5", "*/*;q=0.1, application/json"]
        {
            assert!(prefers_json(accept), "{accept}");
        }
        for accept in [
            "*/*",
            "",
            "application/json, text/plain, */*",
            "audio/*, application/json;q=0.1",
            "application/json,text/html,image/*;q=0.8,*/*;q=0.7",
            "application/json;q=0",
            "application/json;q=0.5, application/octet-stream",
            "text/html",
        ] {
            assert!(!prefers_json(accept), "{accept}");
        }
    }
}
