//! `/openapi.json` says what is there: the routes of the template, and what the code accepts and
//! answers.

use std::collections::BTreeSet;

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

#[tokio::test]
async fn what_is_served_is_made_of_the_types_that_answer() {
    let served = World::frozen().await.client.get("/openapi.json").await.json();
    let made = hookreel_openapi::description().unwrap();
    assert!(
        served == made,
        "functions/docs/src/openapi.json is old: `make openapi` writes it anew"
    );
}

#[test]
fn every_operation_has_a_tag_and_examples() {
    let description = description();
    let tags: Vec<_> = members(&description["tags"]).map(|(_, tag)| &tag["name"]).collect();
    let operations = members(&description["paths"]).flat_map(|(path, methods)| {
        members(methods).map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    for (name, operation) in operations {
        assert!(tags.contains(&&operation["tags"][0]), "{name}");
        let answers = members(&operation["responses"]).map(|(_, answer)| answer);
        let first = answers.map(|answer| &answer["content"]).find(|content| !content.is_null());
        let bodies = first.into_iter().chain([&operation["requestBody"]["content"]]);
        for body in bodies.filter(|content| !content.is_null()) {
            let media = &body["application/json"];
            let is_any = media["schema"] == json!({ "type": "object" });
            assert!(is_any || media["example"].is_object(), "{name} has no example");
        }
    }
}

/// The members of an object or a list.
fn members(value: &Value) -> Box<dyn Iterator<Item = (String, &Value)> + '_> {
    match value {
        Value::Array(list) => {
            Box::new(list.iter().enumerate().map(|(index, value)| (index.to_string(), value)))
        }
        Value::Object(object) => Box::new(object.iter().map(|(name, value)| (name.clone(), value))),
        other => panic!("{other} has no members"),
    }
}

#[test]
fn free_members_may_hold_anything() {
    let schemas = &description()["components"]["schemas"];
    for (schema, member) in [
        ("SpeechRequest", "metadata"),
        ("SpeechRequest", "options"),
        ("ProjectRequest", "metadata"),
        ("SceneRequest", "options"),
        ("Job", "metadata"),
        ("Job", "options"),
        ("Project", "metadata"),
        ("Scene", "options"),
    ] {
        let free = &schemas[schema]["properties"][member]["additionalProperties"];
        assert_eq!(free, &json!(true), "{schema}.{member}");
    }
}

#[test]
fn names_that_options_may_not_have_are_described() {
    let schemas = &description()["components"]["schemas"];
    let options = &schemas["SpeechRequest"]["properties"]["options"];
    let reserved = providers::registry::reserved_options(domain::JobKind::Tts);
    assert_eq!(options["propertyNames"]["not"]["enum"], json!(reserved));
}

#[tokio::test]
async fn the_languages_of_the_default_list_are_described() {
    let spoken = World::frozen().await.client.get("/v1/voices").await.json();
    let names: Vec<_> = members(&spoken["languages"]).map(|(_, one)| one["name"].clone()).collect();
    let described = &description()["components"]["schemas"]["Language"]["anyOf"][0]["enum"];
    assert_eq!(described, &json!(names));
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
