//! Clips that cannot be had are named, and the others are kept.

use serde_json::{Value, json};
use tests::World;
use tests::world::Plan;

use super::{CLIP_MS, TASK, completed, names, send, submit, text};

fn missing(job: &Value) -> Vec<(&str, &str)> {
    let missing = job["missing"].as_array().unwrap().iter();
    missing.map(|one| (text(one, "name"), text(one, "reason"))).collect()
}

#[tokio::test]
async fn a_clip_that_is_gone_is_named_and_the_others_are_kept() {
    let world = World::new().await;
    world.provider.lose(&["clip_01.mp4", "plan.json"]);
    let id = submit(&world).await;
    send(&world, &completed(&world, &id, TASK, 3)).await;
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!(names(&job), ["clip_00", "clip_02", "transcript"]);
    let gone = "The file could not be had from its provider: the source answered 404 Not Found.";
    assert_eq!(missing(&job), [("clip_01", gone), ("plan", gone)]);
    assert_eq!((&job["partial"], &job["missing"][0]["index"]), (&json!(true), &json!(1)));
    assert_eq!((&job["clips_completed"], &job["total_clips"]), (&json!(2), &json!(3)));
    // Two clips of 45 s.
    assert_eq!(job["credits"], 2);
    let webhook = world.receiver.about(&id)[0].json();
    assert_eq!((&webhook["partial"], &webhook["credits"]), (&json!(true), &json!(2)));
    assert_eq!(webhook["data"]["missing"], job["missing"]);
    assert_eq!(world.provider.runs().len(), 1, "it is not made once more");
    let erased = world.client.delete(&format!("/v1/jobs/{id}/outputs")).await;
    assert_eq!(erased.status, 200, "{erased:?}");
    assert_eq!(world.client.job(&id).await["credits"], 2);
}

#[tokio::test]
async fn a_source_that_comes_back_makes_it_whole() {
    let world = World::new().await;
    world.provider.lose(&["clip_01.mp4"]);
    let id = submit(&world).await;
    send(&world, &completed(&world, &id, TASK, 2)).await;
    world.quiet().await;
    assert_eq!(world.client.job(&id).await["step"], "storing");
    world.provider.lose(&[]);
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!(names(&job), ["clip_00", "clip_01", "transcript", "plan"]);
    assert_eq!((&job["partial"], &job["missing"]), (&json!(false), &json!([])));
}

#[tokio::test]
async fn what_is_announced_and_not_described_is_missing_too() {
    let world = World::new().await;
    let id = submit(&world).await;
    let mut event = completed(&world, &id, TASK, 2);
    event["output"]["total_clips"] = json!(3);
    event["output"]["clips"][0]["s3_url"] = json!("https://10.0.0.1/clip_00.mp4");
    send(&world, &event).await;
    let job = world.run_until_job(&id, "completed").await;
    assert_eq!(names(&job), ["clip_01", "transcript", "plan"]);
    let missing = missing(&job);
    assert_eq!(missing.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["clip_00", "clip_02"]);
    assert!(missing[0].1.starts_with("The provider's address is refused"), "{missing:?}");
    let reason = "The provider announced the file and gave no address for it.";
    assert_eq!(missing[1].1, reason);
    assert_eq!(job["video_url"], job["outputs"][0]["url"]);
}

#[tokio::test]
async fn without_any_clip_there_is_another_attempt_and_then_a_failure() {
    let world = World::new().await;
    world.provider.lose(&["clip_00.mp4", "clip_01.mp4"]);
    let id = submit(&world).await;
    for attempt in 1..=3 {
        let task = format!("task-{attempt}");
        let is_running = async || {
            let job = world.client.job(&id).await;
            world.provider.runs().len() == attempt && job["step"] == "running"
        };
        world.run_until(&format!("attempt {attempt}"), is_running).await;
        send(&world, &completed(&world, &id, &task, 2)).await;
    }
    let job = world.run_until_job(&id, "failed").await;
    assert_eq!(job["error"]["code"], "file_lost", "{job}");
    assert_eq!((&job["credits"], &job["outputs"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn credits_follow_the_rule_of_the_deployment() {
    for (rule, seconds, credits) in [
        ("per_clip:4", Value::Null, 8),
        ("per_started_minute_of_clips:10", Value::Null, 20),
        ("per_started_minute_of_source:3", json!(600.5), 33),
        ("per_started_minute_of_source:3", Value::Null, 6),
    ] {
        let environment = vec![("CLIPPING_CREDITS", rule.to_owned())];
        let world = World::start(Plan { environment, ..Plan::default() }).await;
        let id = submit(&world).await;
        let mut event = completed(&world, &id, TASK, 2);
        event["output"]["source_duration_seconds"] = seconds;
        // Twice: they are counted once.
        send(&world, &event).await;
        send(&world, &event).await;
        let job = world.run_until_job(&id, "completed").await;
        assert_eq!(job["outputs"][0]["duration_ms"], CLIP_MS);
        assert_eq!(job["credits"], credits, "{rule}");
    }
}
