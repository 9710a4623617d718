//! `POST /v1/clipping/async`, and `POST /ai-clipping-agent/jobs` for clients of the AI clipping API:
//! creates a job that cuts a long video into clips, with one conditional write; the table's stream starts
//! the work.

use creation::{Accepted, Jobs};
use domain::job::{Clipping, ClippingRequest, Work};
use domain::{InvalidField, JobId, JobKind, limits};
use http::StatusCode;
use runtime::fields::Fields;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Context, Problem, StartError};
use serde::Serialize;
use store::Store;

/// The route of clients of the AI clipping API.
const AGENT_ROUTE: &str = "POST /ai-clipping-agent/jobs";

/// The function.
#[derive(Debug)]
pub struct ClippingCreate {
    store: Store,
    jobs: Jobs,
}

/// The answer on that route, which has the job's id under the name that its clients read too.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "AcceptedAgentJob"))]
pub struct AgentJob {
    id: JobId,
    #[serde(flatten)]
    accepted: Accepted,
}

/// The names that a request's own members have.
struct Names {
    video_url: &'static [&'static str],
    max_clips: &'static [&'static str],
}

const OWN: Names = Names { video_url: &["video_url"], max_clips: &["max_clips"] };
const AGENT: Names = Names {
    video_url: &["youtubeUrl", "video_url"],
    max_clips: &["requestedClipCount", "max_clips"],
};

impl HttpFunction for ClippingCreate {
    fn new(context: &Context) -> Result<Self, StartError> {
        Ok(Self {
            store: Store::new(&context.aws, context.environment.required("TABLE_NAME")?),
            jobs: Jobs::new(context, JobKind::Clipping)?,
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let is_agent = request.route() == AGENT_ROUTE;
        let new = self.jobs.read(&request, |fields, _| {
            if is_agent {
                fields.pass_over_unknown();
            }
            let names = if is_agent { AGENT } else { OWN };
            let request = Some(self.clipping(fields, &names)?);
            Ok(Work::Clipping(Clipping { request }))
        })?;
        let job = self.jobs.create(&new, |job| self.store.create_job(job)).await?;
        let id = job.id.clone();
        let accepted = new.accepted(job);
        if is_agent {
            return json(StatusCode::ACCEPTED, &AgentJob { id, accepted });
        }
        json(StatusCode::ACCEPTED, &accepted)
    }
}

impl ClippingCreate {
    fn clipping(
        &self,
        fields: &mut Fields<'_>,
        names: &Names,
    ) -> Result<ClippingRequest, InvalidField> {
        let (name, video_url) = first(names.video_url, |name| fields.optional_text(name))?;
        let video_url = video_url.ok_or_else(|| InvalidField::new(name, "is required"))?;
        let video_url = self.jobs.source_url(video_url, name)?;
        let (least, most) = limits::CLIPS.into_inner();
        let message = format!("must be a whole number from {least} to {most}");
        let (name, max_clips) = first(names.max_clips, |name| fields.optional(name, &message))?;
        if max_clips.is_some_and(|clips| !limits::CLIPS.contains(&clips)) {
            return Err(InvalidField::new(name, message));
        }
        Ok(ClippingRequest { video_url, max_clips })
    }
}

/// The first of these members that has a value, and its name; the first name if none has one. All of them
/// are read.
fn first<T>(
    names: &[&'static str],
    mut read: impl FnMut(&str) -> Result<Option<T>, InvalidField>,
) -> Result<(&'static str, Option<T>), InvalidField> {
    let mut found = (names.first().copied().unwrap_or_default(), None);
    for name in names.iter().copied() {
        let value = read(name)?;
        if found.1.is_none() && value.is_some() {
            found = (name, value);
        }
    }
    Ok(found)
}
