//! Stored items are shown as before, to the same API keys.

use domain::Scope;
use serde_json::json;

use super::{holds, sample, stored};

async fn assert_answered_as_before(name: &str) {
    let world = stored(name).await;
    let sample = sample(name);
    assert!(!sample.answers().is_empty());
    for expected in sample.answers() {
        let client = world.client_of(expected["owner"].as_str().unwrap(), &Scope::ALL).await;
        let path = expected["path"].as_str().unwrap();
        let answer = client.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let (found, expected) = (answer.json(), &expected["body"]);
        assert!(holds(&found, expected), "{path}:\n{found:#}\nwas\n{expected:#}");
    }
}

#[tokio::test]
async fn stored_jobs_are_answered_as_before() {
    assert_answered_as_before("jobs").await;
}

#[tokio::test]
async fn stored_deliveries_and_endpoints_are_answered_as_before() {
    assert_answered_as_before("deliveries").await;
}

#[tokio::test]
async fn stored_projects_are_answered_as_before() {
    assert_answered_as_before("projects").await;
}

#[tokio::test]
async fn a_stored_api_key_may_do_what_it_could() {
    let world = stored("jobs").await;
    let reader = world.client.with_key(Some("hr_stored-by-627885f"));
    assert_eq!(reader.get("/v1/jobs").await.status, 200);
    let answer = reader.post("/v1/tts/async", &json!({ "text": "Akkam", "language": "om" })).await;
    assert_eq!(answer.status, 403, "{answer:?}");
}
