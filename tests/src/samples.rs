//! The sample events, the world that they speak of, and their outcomes as snapshots hold them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::stored::demand;
use crate::world::Plan;
use crate::{
    World, seed, seed_clips, seed_live, seed_models, seed_projects, seed_webhooks, templates,
};

/// Where the API is, for them.
pub const API: &str = "https://api.example.com";
/// What samples write for the provider.
pub const PROVIDER: &str = "http://127.0.0.1:8791";
/// What samples write for the receiver of webhooks.
pub const RECEIVER: &str = "http://127.0.0.1:8799";

/// The most items that one call may write.
const BATCH: usize = 25;

/// The items of a table with everything that the events speak of, in DynamoDB's JSON, with the
/// addresses that samples write. Each of them has gone its way change by change, which is too slow
/// to be repeated for every event.
static ITEMS: OnceCell<String> = OnceCell::const_new();

/// A world in which nothing happens by itself, with everything that the events speak of.
pub async fn world() -> World {
    world_with(API).await
}

/// The same, with that `ApiBaseUrl`.
pub async fn world_with(api_base_url: &str) -> World {
    let items = ITEMS.get_or_init(items).await;
    let world = frozen(api_base_url).await;
    let items = items.replace(PROVIDER, world.provider.url());
    let items = items.replace(RECEIVER, world.receiver.base_url());
    let items: Vec<Value> = serde_json::from_str(&items).unwrap();
    for batch in items.chunks(BATCH) {
        let puts: Vec<_> =
            batch.iter().map(|item| json!({ "PutRequest": { "Item": item } })).collect();
        let request = json!({ "RequestItems": { templates::table(): puts } });
        let answer = demand(world.cloud.aws(), "DynamoDB_20120810.BatchWriteItem", &request).await;
        assert_eq!(answer["UnprocessedItems"], json!({}), "all of them are written");
    }
    world
}

async fn items() -> String {
    let world = frozen(API).await;
    for job in seed::sample_jobs(world.provider.url()) {
        seed::put(&world, job).await;
    }
    seed_webhooks::put(&world).await;
    seed_projects::put(&world).await;
    seed_models::put(&world).await;
    seed_live::put(&world).await;
    seed_clips::put(&world).await;
    let request = json!({ "TableName": templates::table() });
    let answer = demand(world.cloud.aws(), "DynamoDB_20120810.Scan", &request).await;
    assert!(answer["LastEvaluatedKey"].is_null(), "one page has all of them");
    let items = answer["Items"].to_string().replace(world.provider.url(), PROVIDER);
    items.replace(world.receiver.base_url(), RECEIVER)
}

async fn frozen(api_base_url: &str) -> World {
    let environment = vec![("ApiBaseUrl", api_base_url.to_owned())];
    World::start(Plan { template: templates::frozen(), environment, ..Plan::default() }).await
}

/// The event in `case`, with the addresses that provider and receiver have in `world`.
#[must_use]
pub fn event(case: &Path, world: &World) -> Value {
    let text = std::fs::read_to_string(case).unwrap();
    let text = text.replace(PROVIDER, world.provider.url());
    let text = text.replace(RECEIVER, world.receiver.base_url());
    serde_json::from_str(&text).unwrap()
}

/// Every sample event, with the function that it is for.
#[must_use]
pub fn cases() -> Vec<(String, PathBuf)> {
    let events = templates::root().join("events");
    let mut cases = Vec::new();
    for function in templates::functions() {
        let files = files(&events.join(&function), "json");
        cases.extend(files.into_iter().map(|file| (function.clone(), file)));
    }
    cases
}

/// The files in `folder` of that extension, in order.
#[must_use]
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    files
}

/// A file's name without its extension.
#[must_use]
pub fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}

/// The body of an answer or a message as JSON, where it is; the API's description by its title.
#[must_use]
pub fn readable(mut answer: Value) -> Value {
    let body = answer["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    match body {
        Some(body) if body.get("openapi").is_some() => {
            answer["body"] = json!({ "info": body["info"]["title"] });
        }
        Some(mut body) => {
            // A new endpoint's is derived from a random salt.
            for name in ["secret", "public_key"] {
                if let Some(random) = body.get_mut(name).filter(|_| answer["statusCode"] == 201) {
                    *random = json!("[new]");
                }
            }
            answer["body"] = body;
        }
        None => {}
    }
    answer
}

/// Replaces random ids, and addresses with a port.
#[must_use]
pub fn redacted(value: Value, world: &World) -> Value {
    match value {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, redacted(value, world))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| redacted(item, world)).collect(),
        Value::String(text) => json!(redacted_text(&text, world)),
        other => other,
    }
}

fn redacted_text(text: &str, world: &World) -> String {
    if text.starts_with(world.cloud.aws_url()) {
        let (address, _) = text.split_once('?').unwrap_or((text, ""));
        return address.replace(world.cloud.aws_url(), "[bucket]") + "?[signature]";
    }
    let text = text.replace(world.provider.url(), "[provider]");
    let text = text.replace(world.receiver.base_url(), "[receiver]");
    without_ids(&without_ids(&text, "job_", "[job]"), "proj_", "[project]")
}

/// `text` with `name` for each id that begins with `prefix` and is no fixed one.
fn without_ids(text: &str, prefix: &str, name: &str) -> String {
    let mut parts = text.split(prefix);
    let mut redacted = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(part.len());
        redacted += if digits == 32 { name } else { prefix };
        redacted += if digits == 32 { &part[digits..] } else { part };
    }
    redacted
}
