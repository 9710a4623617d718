//! Every route of the template, asked without a key, with each scope, by another owner and by its
//! own: who may, and what is shown to whom.

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::Scope;
use http::Method;
use serde_json::{Value, json};
use tests::world::START;
use tests::{Answer, Client, World, seed, seed_models, templates};

/// Routes that need no API key: they are public, or authenticate in another way.
const WITHOUT_KEY: [&str; 4] = ["/v1/health", "/openapi.json", "/api/", "$default"];
/// Routes at which everybody creates something of their own.
const CREATING: [&str; 7] = [
    "/v1/tts/async",
    "/v1/clipping/async",
    "/ai-clipping-agent/jobs",
    "/v1/trainings",
    "/v1/predictions",
    "/v1/projects",
    "/v1/endpoints",
];

struct Route {
    method: Method,
    path: String,
}

/// The routes that need an API key, those that read first and those that delete last. HEAD is answered
/// like GET, without a body to look at.
fn routes() -> Vec<Route> {
    let functions = &templates::resolved().functions;
    let all = functions.iter().flat_map(|function| &function.routes);
    let mut routes: Vec<_> = all
        .filter(|route| {
            let is_public = WITHOUT_KEY.iter().any(|public| route.path.starts_with(public));
            let has_authorizer = route.authorizer.is_some();
            assert!(is_public || has_authorizer, "{} {} is open", route.method, route.path);
            has_authorizer && route.method != "HEAD"
        })
        .map(|route| Route { method: route.method.parse().unwrap(), path: route.path.clone() })
        .collect();
    let order = [Method::GET, Method::PATCH, Method::POST, Method::DELETE];
    routes.sort_by_key(|route| order.iter().position(|method| *method == route.method));
    assert!(routes.len() > 25, "{} routes", routes.len());
    routes
}

/// What the owner `local` has, by the names of the routes' parameters.
async fn belongings(world: &World) -> BTreeMap<&'static str, String> {
    let client = &world.client;
    let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await.to_string();
    let job = client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.run_until_job(&job, "completed").await;
    let order = json!({ "scenes": [{ "prompt": "a secret product", "duration": 1 }] });
    let project = world.create_project(&order).await;
    world.run_until_project(&project, "completed").await;
    seed::put(world, seed_models::training("job_training", "mdl_ours", seed::OWNER, START)).await;
    let first = async |list: &str| {
        let list = client.get(list).await.json();
        list["data"][0]["id"].as_str().unwrap_or_else(|| panic!("{list}")).to_owned()
    };
    BTreeMap::from([
        ("inbound_id", first(&format!("/v1/inbound?project_id={project}")).await),
        ("delivery_id", first("/v1/deliveries").await),
        ("endpoint_id", endpoint),
        ("job_id", job),
        ("model_id", "mdl_ours".to_owned()),
        ("project_id", project),
        ("scene_id", "scene_001".to_owned()),
    ])
}

fn path(route: &Route, belongings: &BTreeMap<&'static str, String>) -> String {
    belongings
        .iter()
        .fold(route.path.clone(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id))
}

async fn request(client: &Client, method: &Method, path: &str) -> Answer {
    let body = match path {
        _ if *method == Method::GET => Bytes::new(),
        path if path.ends_with("/recover") => br#"{ "since": "2026-01-01T00:00:00Z" }"#[..].into(),
        _ => b"{}"[..].into(),
    };
    client.try_send(method.clone(), path, &[], body).await.unwrap()
}

/// The lists, with everything by which another owner's items could be named.
fn lists(belongings: &BTreeMap<&'static str, String>, cursors: &[String]) -> Vec<String> {
    let [job, project, endpoint, inbound, delivery] =
        ["job_id", "project_id", "endpoint_id", "inbound_id", "delivery_id"]
            .map(|name| &belongings[name]);
    let mut queries = vec![String::new()];
    queries.extend([
        format!("job_id={job}"),
        format!("job_id={project}-stitch"),
        format!("job_id={project}-scene_001-video"),
        format!("project_id={project}"),
        format!("project_id={project}&limit=1"),
        format!("project_id={project}&cursor=.{inbound}"),
        format!("job_id={job}&cursor=.{inbound}"),
        format!("endpoint={endpoint}"),
        format!("cursor=.{inbound}"),
        format!("cursor={delivery}"),
    ]);
    queries.extend(cursors.iter().map(|cursor| format!("cursor={cursor}")));
    let lists = ["jobs", "projects", "models", "endpoints", "deliveries", "inbound"];
    let path = |list: &str, query: &String| format!("/v1/{list}?{query}");
    lists.iter().flat_map(|list| queries.iter().map(move |query| path(list, query))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_route_serves_its_scope_and_its_owner_alone() {
    let world = World::with_studio().await;
    let belongings = belongings(&world).await;
    let own = &world.client;
    let nobody = own.with_key(None);
    let mut foreign = Vec::new();
    for scope in Scope::ALL {
        foreign.push((scope, world.client_of("mallory", &[scope]).await));
    }
    let shown = async || {
        let mut shown = Vec::new();
        for (name, path) in [
            ("job_id", "/v1/jobs/"),
            ("project_id", "/v1/projects/"),
            ("model_id", "/v1/models/"),
            ("endpoint_id", "/v1/endpoints/"),
            ("delivery_id", "/v1/deliveries/"),
        ] {
            shown.push(own.get(&format!("{path}{}", belongings[name])).await.json());
        }
        shown
    };
    let before = shown().await;
    for route in &routes() {
        let (path, name) = (path(route, &belongings), format!("{} {}", route.method, route.path));
        assert_eq!(request(&nobody, &route.method, &path).await.status, 401, "{name} with no key");
        let mut allowed = 0;
        for (scope, client) in &foreign {
            let answer = request(client, &route.method, &path).await;
            if answer.status == 403 {
                continue;
            }
            allowed += 1;
            let what = format!("{name} by another owner with {scope:?}: {answer:?}");
            if route.path.contains('{') {
                assert_eq!(answer.status, 404, "{what}");
            } else if route.method == Method::GET {
                let list = answer.json();
                assert!(list.get("data").is_none_or(|data| *data == json!([])), "{what}");
            } else {
                let creates = CREATING.contains(&route.path.as_str());
                let is_own = ["/v1/webhook-secret", "/v1/live/tickets"]
                    .iter()
                    .any(|own| route.path.starts_with(own));
                assert!(creates && answer.status == 422 || is_own, "{what}");
            }
        }
        assert_eq!(allowed, 1, "{name} serves one scope");
    }
    assert_eq!(shown().await, before, "another owner has changed something");
    let [secret, other] = [own, &foreign[2].1].map(|client| client.get("/v1/webhook-secret"));
    assert_ne!(secret.await.json()["secret"], other.await.json()["secret"]);

    for route in &routes() {
        let (path, name) = (path(route, &belongings), format!("{} {}", route.method, route.path));
        let answer = request(own, &route.method, &path).await;
        let is_served = !matches!(answer.status, 401 | 403 | 404 | 405 | 500..);
        assert!(is_served, "{name} by its owner: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_list_shows_what_another_owner_has() {
    let world = World::with_studio().await;
    let belongings = belongings(&world).await;
    let mut cursors = Vec::new();
    for list in ["jobs", "projects", "models", "deliveries", "inbound"] {
        let page = world.client.get(&format!("/v1/{list}?limit=1")).await.json();
        cursors.extend(page["next_cursor"].as_str().map(str::to_owned));
    }
    assert!(!cursors.is_empty());
    let other = world.client_of("mallory", &Scope::ALL).await;
    for list in lists(&belongings, &cursors) {
        let answer = other.get(&list).await;
        assert!(matches!(answer.status, 200 | 404 | 422), "{list}: {answer:?}");
        if answer.status == 200 {
            assert_eq!(answer.json()["data"], Value::Array(Vec::new()), "{list}");
        }
        // The owner's own requests of the same form are no fault of the server either.
        assert!(world.client.get(&list).await.status < 500, "{list}");
    }
}
