//! Replicate's routes, and those for one task.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;

use super::body::body;
use super::problem::Problem;
use super::task::ReplicateTask;
use super::{ReplicateStatus, auth, catalog, create, page};
use crate::state::StudioState;

/// The routes under `/v1`.
pub(crate) fn router(studio: &Arc<StudioState>) -> Router {
    let routes = Router::new()
        .route("/predictions", get(page::predictions).post(create::prediction))
        .route("/predictions/{id}", get(show))
        .route("/predictions/{id}/cancel", post(cancel))
        .route("/trainings", get(page::trainings))
        .route("/trainings/{id}", get(show_training))
        .route("/trainings/{id}/cancel", post(cancel_training))
        .route("/models", post(catalog::create_model))
        .route("/models/{owner}/{name}", get(catalog::model))
        .route("/models/{owner}/{name}/predictions", post(create::official_prediction))
        .route("/models/{owner}/{name}/versions", get(catalog::versions))
        .route("/models/{owner}/{name}/versions/{id}", get(catalog::version))
        .route("/models/{owner}/{name}/versions/{id}/trainings", post(create::training))
        .route("/deployments/{owner}/{name}", get(catalog::deployment))
        .route("/deployments/{owner}/{name}/predictions", post(create::deployed_prediction))
        .route("/account", get(catalog::account))
        .route("/webhooks/default/secret", get(catalog::webhook_secret))
        .fallback(async || Problem::not_found())
        .layer(from_fn_with_state(Arc::clone(studio), auth::authorize));
    Router::new().nest("/v1", routes).with_state(Arc::clone(studio))
}

type Studio = State<Arc<StudioState>>;
type Answer = Result<Json<Value>, Problem>;

/// A training is shown here, too: its own `urls.get` leads here.
async fn show(State(studio): Studio, Path(id): Path<String>) -> Answer {
    object(&studio, &id, |_| true)
}

async fn show_training(State(studio): Studio, Path(id): Path<String>) -> Answer {
    object(&studio, &id, is_training)
}

async fn cancel(State(studio): Studio, Path(id): Path<String>) -> Answer {
    end(&studio, &id, |_| true)
}

async fn cancel_training(State(studio): Studio, Path(id): Path<String>) -> Answer {
    end(&studio, &id, is_training)
}

fn is_training(task: &ReplicateTask) -> bool {
    task.submission.destination.is_some()
}

/// Cancels task `id`, unless it has ended, and shows it.
fn end(studio: &StudioState, id: &str, is_shown: impl Fn(&ReplicateTask) -> bool) -> Answer {
    let now = studio.settings.replicate.clock.now();
    studio.replicate.tasks.change(id, |task| {
        if is_shown(task) {
            task.end(ReplicateStatus::Canceled, now);
        }
    });
    object(studio, id, is_shown)
}

fn object(studio: &StudioState, id: &str, is_shown: impl Fn(&ReplicateTask) -> bool) -> Answer {
    let shown = |task: &ReplicateTask| is_shown(task).then(|| body(task, &studio.base_url));
    let body = studio.replicate.tasks.read(id, shown).flatten();
    body.map(Json).ok_or_else(Problem::not_found)
}
