//! `GET /v1/download/{job_id}`: a fresh way to the file, for its owner and whoever has the link.

use std::time::Duration;

use bytes::Bytes;
use domain::Scope;
use http::Method;
use serde_json::Value;
use tests::{Answer, World, wav};

/// A completed job, as the API shows it.
async fn completed(world: &World) -> (String, Value) {
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    let body = world.provider.file_ready(&id);
    world.client.post(&world.provider.callback(), &body).await;
    let job = world.run_until_job(&id, "completed").await;
    (id, job)
}

fn code(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json()["code"].clone())
}

#[tokio::test]
async fn the_owner_is_led_to_the_bytes() {
    let world = World::new().await;
    let (id, _) = completed(&world).await;
    let path = format!("/v1/download/{id}");
    for path in [path.clone(), format!("{path}?output=audio")] {
        let answer = world.client.get(&path).await;
        assert_eq!(answer.status, 302, "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store");
        let file = world.client.with_key(None).get(answer.header("location")).await;
        assert_eq!((file.status, &file.bytes[..]), (200, &wav::sample()[..]));
        let saved_as = format!("attachment; filename=\"{id}-audio.wav\"");
        assert_eq!(file.header("content-disposition"), saved_as);
    }
    let answer = world.client.get(&format!("{path}?output=video")).await;
    assert_eq!(code(&answer), (404, "not_found".into()));
}

#[tokio::test]
async fn who_asks_for_json_gets_json() {
    let world = World::new().await;
    let (id, _) = completed(&world).await;
    let path = format!("/v1/download/{id}");
    let answer = world.client.get_with(&path, ("accept", "application/json")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let link = answer.json();
    let expires_at = world.clock.now() + Duration::from_mins(15);
    assert_eq!(link["expires_at"], expires_at.to_string());
    let file = world.client.with_key(None).get(link["url"].as_str().unwrap()).await;
    assert_eq!((file.status, &file.bytes[..]), (200, &wav::sample()[..]));
}

#[tokio::test]
async fn a_link_opens_without_a_key_and_does_not_go_stale() {
    let world = World::new().await;
    let (_, job) = completed(&world).await;
    let link = job["audio_url"].as_str().unwrap().to_owned();
    assert_eq!(job["links"]["download"], link.as_str());
    assert_eq!(job["outputs"][0]["url"], link.as_str());
    let anyone = world.client.with_key(None);
    world.pass(Duration::from_hours(24 * 29));
    let answer = anyone.get(&link).await;
    assert_eq!(answer.status, 302, "{answer:?}");
    assert_eq!(anyone.get(answer.header("location")).await.status, 200);
}

#[tokio::test]
async fn a_token_opens_its_own_job_alone() {
    let world = World::new().await;
    let (first, job) = completed(&world).await;
    let (second, _) = completed(&world).await;
    let link = job["audio_url"].as_str().unwrap();
    let anyone = world.client.with_key(None);
    let refused = (401, "unauthorized".into());
    assert_eq!(code(&anyone.get(&link.replace(&first, &second)).await), refused);
    assert_eq!(code(&anyone.get(&format!("{link}x")).await), refused);
    assert_eq!(code(&anyone.get(&format!("/v1/download/{first}?token=1")).await), refused);
    assert_eq!(code(&anyone.get(&format!("/v1/download/{first}")).await), refused);
    // A wrong token is refused even with a key, so that a bad link is not taken for a good one.
    let answer = world.client.get(&format!("/v1/download/{first}?token=1")).await;
    assert_eq!(code(&answer), refused);
    let other = world.client_of("somebody-else", &Scope::ALL).await;
    let answer = other.get(&format!("/v1/download/{first}")).await;
    assert_eq!(code(&answer), (404, "not_found".into()));
}

#[tokio::test]
async fn a_presigned_url_cannot_be_bent() {
    let world = World::new().await;
    let (first, _) = completed(&world).await;
    let (second, _) = completed(&world).await;
    let answer = world.client.get(&format!("/v1/download/{first}")).await;
    let url = answer.header("location").replace(&first, &second);
    assert_eq!(world.client.with_key(None).get(&url).await.status, 403);
}

#[tokio::test]
async fn before_there_is_a_file() {
    let world = World::new().await;
    world.provider.answer_runs(503);
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    let path = format!("/v1/download/{id}");
    assert_eq!(code(&world.client.get(&path).await), (409, "not_ready".into()));
    world.quiet().await;
    assert_eq!(world.client.delete(&format!("/v1/jobs/{id}")).await.status, 200);
    assert_eq!(code(&world.client.get(&path).await), (409, "no_output".into()));
}

#[tokio::test]
async fn head_is_redirected_as_get_is_and_then_describes_the_file() {
    let world = World::new().await;
    let (_, job) = completed(&world).await;
    let link = job["audio_url"].as_str().unwrap();
    let anyone = world.client.with_key(None);
    let head =
        async |url: &str| anyone.try_send(Method::HEAD, url, &[], Bytes::new()).await.unwrap();
    let first = head(link).await;
    assert_eq!((first.status, first.bytes.len()), (302, 0));
    let base = link.split('?').next().unwrap();
    let described = format!("{base}{}", first.header("location"));
    let second = head(&described).await;
    assert_eq!((second.status, second.header("content-type")), (200, "audio/wav"));
    assert_eq!(second.header("content-length"), wav::sample().len().to_string());
    // Some clients follow with a GET.
    let followed = anyone.get(&described).await;
    let file = anyone.get(followed.header("location")).await;
    assert_eq!((file.status, &file.bytes[..]), (200, &wav::sample()[..]));
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_a_link_and_its_file() {
    let world = World::new().await;
    let (_, job) = completed(&world).await;
    let anyone = world.client.with_key(None);
    let origin = ("origin", "https://app.example");
    let link = anyone.get_with(job["audio_url"].as_str().unwrap(), origin).await;
    let file = anyone.get_with(link.header("location"), origin).await;
    for answer in [&link, &file] {
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{answer:?}");
    }
    assert!(file.header("access-control-expose-headers").contains("Content-Range"));
    let asked = [origin, ("access-control-request-method", "POST")];
    for url in ["/v1/tts/async", link.header("location")] {
        let preflight = anyone.try_send(Method::OPTIONS, url, &asked, Bytes::new()).await.unwrap();
        assert_eq!(preflight.status, 204, "{preflight:?}");
        assert!(preflight.header("access-control-allow-methods").contains("GET"));
    }
    assert_eq!(anyone.get("/v1/health").await.header("access-control-allow-origin"), "");
}
