//! Lists of tasks: 100 a page, the newest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use domain::{InvalidField, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::body::body;
use super::problem::Problem;
use super::task::ReplicateTask;
use crate::state::StudioState;

const PAGE: usize = 100;

/// The parameters of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Parameters {
    created_after: Option<String>,
    created_before: Option<String>,
    cursor: Option<String>,
}

/// Where a page begins: `o` and an ordinal for the older tasks, `n` for the newer ones.
#[derive(Debug, Clone, Copy)]
enum Cursor {
    Older(u64),
    Newer(u64),
}

/// `GET /v1/predictions`
pub(super) async fn predictions(
    State(studio): State<Arc<StudioState>>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Value>, Problem> {
    let time = |text: &Option<String>, name: &str| {
        let parse = |text: &String| text.parse::<Timestamp>();
        let wrong = |_| InvalidField::new(name, "must be a time in ISO 8601");
        text.as_ref().map(parse).transpose().map_err(wrong)
    };
    let after = time(&parameters.created_after, "created_after")?;
    let before = time(&parameters.created_before, "created_before")?;
    page(&studio, "predictions", &parameters, |task| {
        task.submission.destination.is_none()
            && after.is_none_or(|after| task.created >= after)
            && before.is_none_or(|before| task.created < before)
    })
}

/// `GET /v1/trainings`, which has no filter.
pub(super) async fn trainings(
    State(studio): State<Arc<StudioState>>,
    Query(parameters): Query<Parameters>,
) -> Result<Json<Value>, Problem> {
    page(&studio, "trainings", &parameters, |task| task.submission.destination.is_some())
}

fn page(
    studio: &StudioState,
    name: &str,
    parameters: &Parameters,
    is_listed: impl Fn(&ReplicateTask) -> bool,
) -> Result<Json<Value>, Problem> {
    let cursor = parameters.cursor.as_deref().map(Cursor::parse).transpose()?;
    let listed = studio
        .replicate
        .tasks
        .select(|task| is_listed(task).then(|| (task.ordinal, body(task, &studio.base_url))));
    let ordinals: Vec<u64> = listed.iter().rev().map(|(ordinal, _)| *ordinal).collect();
    let first = match cursor {
        None => 0,
        Some(Cursor::Older(than)) => ordinals.partition_point(|ordinal| *ordinal >= than),
        Some(Cursor::Newer(than)) => {
            ordinals.partition_point(|ordinal| *ordinal > than).saturating_sub(PAGE)
        }
    };
    let end = ordinals.len().min(first + PAGE);
    let link = |cursor: Cursor| parameters.link(&studio.base_url, name, cursor);
    let next = (end < ordinals.len()).then(|| link(Cursor::Older(ordinals[end - 1])));
    let previous = (first > 0).then(|| link(Cursor::Newer(ordinals[first])));
    let results: Vec<Value> =
        listed.into_iter().rev().skip(first).take(PAGE).map(|(_, body)| body).collect();
    Ok(Json(json!({ "previous": previous, "next": next, "results": results })))
}

impl Cursor {
    fn parse(text: &str) -> Result<Self, InvalidField> {
        let number = |text: &str| text.parse().ok();
        let parsed = match text.split_at_checked(1) {
            Some(("o", ordinal)) => number(ordinal).map(Self::Older),
            Some(("n", ordinal)) => number(ordinal).map(Self::Newer),
            _ => None,
        };
        parsed.ok_or_else(|| InvalidField::new("cursor", "is not one of a list"))
    }
}

impl Parameters {
    /// The address of the page at `cursor`, with the same filter.
    fn link(&self, base_url: &str, name: &str, cursor: Cursor) -> Option<String> {
        let mut url = Url::parse(&format!("{base_url}/v1/{name}")).ok()?;
        let cursor = match cursor {
            Cursor::Older(ordinal) => format!("o{ordinal}"),
            Cursor::Newer(ordinal) => format!("n{ordinal}"),
        };
        let filters =
            [("created_after", &self.created_after), ("created_before", &self.created_before)];
        let filters = filters.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        url.query_pairs_mut().extend_pairs(filters).append_pair("cursor", &cursor);
        Some(url.into())
    }
}
