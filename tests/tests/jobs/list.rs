//! `GET /v1/jobs`: newest first, page by page, one's own alone.

use std::time::Duration;

use domain::{Job, JobState, Scope};
use serde_json::Value;
use tests::world::START;
use tests::{Client, World, seed};

/// Jobs `job_00` to `job_NN` of `owner`, each a second younger than the one before, in states
/// that go round.
async fn fill(world: &World, owner: &str, count: u32) -> Vec<Job> {
    let mut jobs = Vec::new();
    for number in 0..count {
        let state = JobState::ALL[number as usize % JobState::ALL.len()];
        let mut job = seed::job(&format!("{owner}_{number:02}"), owner, state, 1);
        job.created_at = START + Duration::from_secs(number.into());
        seed::put(world, job.clone()).await;
        jobs.push(job);
    }
    jobs.reverse();
    jobs
}

/// The ids on all pages, in order, and how many pages there were.
async fn pages(client: &Client, query: &str) -> (Vec<String>, usize) {
    let (mut ids, mut count, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let answer = client.get(&format!("/v1/jobs?{query}{cursor}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let page = answer.json();
        count += 1;
        let jobs = page["data"].as_array().unwrap();
        ids.extend(jobs.iter().map(|job| job["job_id"].as_str().unwrap().to_owned()));
        match &page["next_cursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            end => {
                assert!(end.is_null(), "{page}");
                return (ids, count);
            }
        }
    }
}

fn ids(jobs: &[Job]) -> Vec<String> {
    jobs.iter().map(|job| job.id.to_string()).collect()
}

#[tokio::test]
async fn newest_first_and_everything_once() {
    let world = World::frozen().await;
    let jobs = fill(&world, seed::OWNER, 45).await;
    for limit in [1, 7, 20, 45, 100] {
        let (found, count) = pages(&world.client, &format!("limit={limit}")).await;
        assert_eq!(found, ids(&jobs), "limit {limit}");
        assert!(count <= 45 / limit + 1, "limit {limit}: {count} pages");
    }
    let first = world.client.get("/v1/jobs").await.json();
    assert_eq!(first["data"].as_array().unwrap().len(), 20, "a page holds 20 by default");
    let shown = &first["data"][0];
    assert_eq!(*shown, world.client.job(jobs[0].id.as_str()).await, "the whole job is shown");
}

#[tokio::test]
async fn by_status_and_kind() {
    let world = World::frozen().await;
    let jobs = fill(&world, seed::OWNER, 30).await;
    for status in ["pending", "processing", "completed", "failed", "cancelled"] {
        let fitting = jobs.iter().filter(|job| job.state.status().as_str() == status).cloned();
        let fitting: Vec<_> = fitting.collect();
        assert!(!fitting.is_empty());
        for limit in [2, 100] {
            let query = format!("limit={limit}&kind=tts&status={status}");
            assert_eq!(pages(&world.client, &query).await.0, ids(&fitting), "{query}");
        }
    }
}

#[tokio::test]
async fn owners_see_their_own() {
    let world = World::frozen().await;
    let ours = fill(&world, seed::OWNER, 5).await;
    let theirs = fill(&world, "somebody-else", 5).await;
    let other = world.client_of("somebody-else", &[Scope::JobsRead]).await;
    assert_eq!(pages(&world.client, "limit=3").await.0, ids(&ours));
    assert_eq!(pages(&other, "limit=3").await.0, ids(&theirs));
    // A cursor is a place in one's own list, whoever it was given to.
    let page = world.client.get("/v1/jobs?limit=3").await.json();
    let path = format!("/v1/jobs?cursor={}", page["next_cursor"].as_str().unwrap());
    let seen = other.get(&path).await.json();
    for job in seen["data"].as_array().unwrap() {
        assert!(ids(&theirs).contains(&job["job_id"].as_str().unwrap().to_owned()), "{job}");
    }
}

#[tokio::test]
async fn an_idempotency_key_does_not_put_a_job_out_of_order() {
    let world = World::frozen().await;
    let mut made = Vec::new();
    for number in 0..6 {
        let key = format!("order {number}");
        let headers =
            if number % 2 == 0 { vec![("idempotency-key", key.as_str())] } else { vec![] };
        let body = r#"{"text":"Akkam","language":"om"}"#;
        let answer = world.client.post_with("/v1/tts/async", &headers, body).await;
        made.push(answer.json()["job_id"].as_str().unwrap().to_owned());
        world.pass(Duration::from_millis(1));
    }
    made.reverse();
    assert_eq!(pages(&world.client, "limit=2").await.0, made);
}
