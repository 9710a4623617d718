//! The languages and voices of speech jobs: the deployment's list, in `GET /v1/voices` and in what is
//! accepted.

use domain::Scope;
use serde_json::{Value, json};
use tests::World;
use tests::world::Plan;

async fn world() -> World {
    let environment = vec![
        ("SPEECH_LANGUAGES", "oromo=om, somali=so".to_owned()),
        ("SPEECH_VOICES", "bontu=oromo, neutral".to_owned()),
    ];
    World::start(Plan { environment, ..Plan::default() }).await
}

async fn create(world: &World, language: &str, voice: Value) -> (u16, Value) {
    let body = json!({ "text": "Akkam?", "language": language, "voice": voice });
    let answer = world.client.post("/v1/tts/async", &body).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn the_list_of_the_deployment_is_shown_to_readers_of_jobs() {
    let world = world().await;
    let expected = json!({
        "languages": [{ "name": "oromo", "code": "om" }, { "name": "somali", "code": "so" }],
        "voices": [{ "name": "bontu", "language": "oromo" }, { "name": "neutral", "language": null }],
    });
    assert_eq!(world.client.get("/v1/voices").await.json(), expected);
    let writer = world.client_of("local", &[Scope::JobsWrite]).await;
    assert_eq!(writer.get("/v1/voices").await.status, 403);
}

#[tokio::test]
async fn what_is_listed_is_accepted_and_the_worker_is_given_the_names() {
    let world = world().await;
    for (language, voice) in [("SO", json!("neutral")), ("oromo", json!("bontu"))] {
        let (status, answer) = create(&world, language, voice).await;
        assert_eq!(status, 202, "{answer}");
    }
    world.quiet().await;
    let runs = world.provider.runs();
    let mut said: Vec<_> = runs.iter().map(|run| &run["input"]).collect();
    said.sort_by_key(|input| input["language"].to_string());
    assert_eq!((&said[0]["language"], &said[0]["voice"]), (&json!("oromo"), &json!("bontu")));
    assert_eq!((&said[1]["language"], &said[1]["voice"]), (&json!("somali"), &json!("neutral")));
}

#[tokio::test]
async fn what_is_not_listed_is_refused_with_what_is() {
    let world = world().await;
    for (language, voice, field, known) in [
        ("english", Value::Null, "language", "oromo, somali"),
        ("somali", json!("bontu"), "voice", "neutral"),
        ("oromo", json!("Bontu"), "voice", "bontu, neutral"),
    ] {
        let (status, answer) = create(&world, language, voice).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{answer}");
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.ends_with(&format!("use one of {known}.")), "{detail}");
    }
    assert!(world.provider.runs().is_empty());
}

#[tokio::test]
async fn a_deployment_that_lists_no_voices_passes_any_to_its_worker() {
    let world = World::new().await;
    assert_eq!(world.client.get("/v1/voices").await.json()["voices"], Value::Null);
    assert_eq!(create(&world, "oromo", json!("anyone")).await.0, 202);
    world.quiet().await;
    assert_eq!(world.provider.runs()[0]["input"]["voice"], "anyone");
}
