//! A worker that refuses its input: the job fails within seconds, with an error of its own, and no
//! other GPU is rented.

use std::time::Duration;

use serde_json::{Value, json};
use tests::World;
use tests::world::Plan;

const TEXT: &str = "Akkam jirta?";

/// Fails, says what is wrong with the input, and is not submitted again.
async fn assert_refused(world: &World, id: &str) -> Value {
    let start = world.clock.now();
    let job = world.run_until_job(id, "failed").await;
    assert!(world.clock.now().since(start) < Duration::from_secs(10), "{job}");
    assert_eq!(job["error"]["code"], "invalid_input", "{job}");
    let [webhook] = &world.receiver.about(id)[..] else { panic!("not one webhook") };
    assert_eq!(webhook.json()["data"]["error"], job["error"]);
    world.pass(Duration::from_hours(3));
    world.quiet().await;
    assert!(world.provider.runs().len() <= 1, "{:?}", world.provider.runs());
    job["error"].clone()
}

#[tokio::test]
async fn the_first_poll_finds_it() {
    let world = World::new().await;
    let error = ["speed should be <class \'float\'> type, not <class \'str\'>."];
    world.provider.tell("task-1", json!({ "id": "task-1", "status": "FAILED", "error": error }));
    let id = world.client.speak(TEXT, &world.receiver.url()).await;
    let error = assert_refused(&world, &id).await;
    assert!(error["message"].as_str().unwrap().contains("speed should be"), "{error}");
}

#[tokio::test]
async fn a_report_of_the_provider_itself_is_followed_at_once() {
    let world = World::new().await;
    let id = world.client.speak(TEXT, &world.receiver.url()).await;
    world.quiet().await;
    let told = json!({ "id": "task-1", "status": "FAILED", "error": "text is a required input." });
    world.provider.tell("task-1", told.clone());
    let answer = world.client.with_key(None).post(&world.provider.callback(), &told).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world.quiet().await;
    assert_eq!(world.client.job(&id).await["error"]["code"], "invalid_input");
}

#[tokio::test]
async fn the_studio_refuses_a_language_that_it_does_not_speak() {
    let environment = vec![("SPEECH_LANGUAGES", "klingon=tlh".to_owned())];
    let studio = Some(hookreel_studio::Faults::default());
    let world = World::start(Plan { environment, studio, ..Plan::default() }).await;
    let body = json!({ "text": TEXT, "language": "tlh", "webhook_url": world.receiver.url() });
    let id = world.client.post("/v1/tts/async", &body).await.json()["job_id"].clone();
    let error = assert_refused(&world, id.as_str().unwrap()).await;
    assert!(error["message"].as_str().unwrap().contains("language"), "{error}");
    assert_eq!(world.studio.as_ref().unwrap().tasks().len(), 1);
}
