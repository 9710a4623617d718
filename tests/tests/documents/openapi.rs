//! `/openapi.json` says what is there: the routes of the template, and what the code accepts.

use std::collections::BTreeSet;

use domain::language::Language;
use http::Method;
use serde_json::{Value, json};
use tests::{World, templates};

fn description() -> Value {
    let file = templates::root().join("functions/docs/src/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let functions = templates::resolved().functions.iter();
    let routes: BTreeSet<_> = functions
        .flat_map(|function| &function.routes)
        // HEAD is wherever GET is, and described with it.
        .filter(|route| route.path != "$default" && route.method != "HEAD")
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let description = description();
    let paths = description["paths"].as_object().unwrap();
    let described: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, methods)| methods.as_object().unwrap().keys().map(move |m| (path, m)))
        .map(|(path, method)| format!("{} {path}", method.to_uppercase()))
        .collect();
    assert_eq!(described, routes);
}

#[test]
fn every_language_is_described() {
    let language =
        &description()["components"]["schemas"]["SpeechRequest"]["properties"]["language"];
    let names: Vec<_> = Language::all().map(Language::name).collect();
    let codes: Vec<_> = Language::all().map(Language::code).collect();
    let pattern = format!("^({})([-_].*)?$", codes.join("|"));
    assert_eq!(language["anyOf"], json!([{ "enum": names }, { "pattern": pattern }]));
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let world = World::frozen().await;
    for (method, path, allow) in [
        (Method::PUT, "/v1/jobs", "GET, HEAD"),
        (Method::OPTIONS, "/v1/jobs/job_1", "DELETE, GET, HEAD"),
        (Method::TRACE, "/v1/health", "GET, HEAD"),
        (Method::POST, "/openapi.json", "GET, HEAD"),
        (Method::GET, "/v1/projects/proj_1/scenes/scene_001/regenerate", "POST"),
        (Method::DELETE, "/api/runpod-webhook", "GET, POST, HEAD"),
    ] {
        let answer = world.client.try_send(method, path, &[], bytes::Bytes::new()).await.unwrap();
        assert_eq!((answer.status, answer.header("allow")), (405, allow), "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        assert_eq!(answer.json()["code"], "method_not_allowed", "{path}");
    }
    for path in ["/", "/v1", "/v1/jobs/", "/v1/jobs//timeline", "/v1/jobs/job_1/parts"] {
        let answer = world.client.get(path).await;
        assert_eq!((answer.status, answer.header("allow")), (404, ""), "{path}");
    }
    let head = world.client.try_send(Method::HEAD, "/v1/health", &[], bytes::Bytes::new()).await;
    assert_eq!(head.unwrap().status, 200, "as load balancers ask");
}
