//! `/v1/projects…`, the client's side: bodies, errors, idempotency, tenancy, lists, ends and new
//! beginnings. Nothing happens here but what is asked for; the steps are taken by hand.

use std::time::Duration;

use domain::Scope;
use serde_json::{Value, json};
use tests::seed_projects::{self, Head};
use tests::sent::Sent;
use tests::{Answer, Client, World};

use crate::functions::permissions;

const PROJECTS: &str = "/v1/projects";

fn scenes(count: usize) -> Value {
    json!({ "scenes": vec![json!({ "prompt": "A red kite over a green hill" }); count] })
}

async fn create(client: &Client, body: &Value) -> String {
    let answer = client.post(PROJECTS, body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["project_id"].as_str().unwrap().to_owned()
}

async fn project(world: &World, id: &str) -> Value {
    let answer = world.client.get(&format!("{PROJECTS}/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn cancel(world: &World, id: &str) -> Answer {
    world.client.delete(&format!("{PROJECTS}/{id}")).await
}

async fn regenerate(world: &World, id: &str, scene: &str, headers: &[(&str, &str)]) -> Answer {
    let path = format!("{PROJECTS}/{id}/scenes/{scene}/regenerate");
    world.client.post_with(&path, headers, "").await
}

async fn resume(world: &World, id: &str) -> Answer {
    world.client.post_with(&format!("{PROJECTS}/{id}/resume"), &[], "").await
}

async fn events(world: &World, path: &str) -> Vec<String> {
    let answer = world.client.get(&format!("{path}/timeline")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let entries = answer.json()["data"].as_array().unwrap().clone();
    entries.iter().map(|entry| entry["event"].as_str().unwrap().to_owned()).collect()
}

/// A world with one of the sample projects.
async fn with_project(name: &str, done: usize, head: Head) -> World {
    let world = World::frozen().await;
    seed_projects::project(&world, name, "local", done, head).await;
    world
}

fn assert_conflict(answer: &Answer, code: &str) {
    assert_eq!(answer.status, 409, "{answer:?}");
    assert_eq!(answer.json()["code"], code);
}

#[tokio::test]
async fn a_project_is_one_write_and_shown_by_one_query() {
    let world = World::frozen().await;
    Sent::begin(&world);
    let id = create(&world.client, &scenes(3)).await;
    let sent = Sent::so_far(&world).by("project-create");
    assert_eq!(sent.operations(), ["dynamodb TransactWriteItems"]);
    permissions::assert_allowed(&sent);
    Sent::begin(&world);
    let shown = project(&world, &id).await;
    assert_eq!(Sent::so_far(&world).by("project-get").operations(), ["dynamodb Query"]);
    assert_eq!((&shown["status"], &shown["progress_percent"]), (&json!("processing"), &json!(0)));
    let names: Vec<_> =
        shown["scenes"].as_array().unwrap().iter().map(|scene| &scene["scene_id"]).collect();
    assert_eq!(names, ["scene_001", "scene_002", "scene_003"]);
    let first = &shown["scenes"][0];
    assert_eq!((&first["duration"], &first["status"]), (&json!(5.0), &json!("pending")));
    let step = world.client.job(first["video_job_id"].as_str().unwrap()).await;
    assert_eq!((&step["project_id"], &step["scene_id"]), (&json!(id), &json!("scene_001")));
    assert_eq!(step["kind"], "scene_video");
    let jobs = world.client.get("/v1/jobs").await.json();
    assert_eq!(jobs["data"], json!([]), "steps are no jobs by themselves");
}

#[tokio::test]
async fn what_was_asked_for_comes_back() {
    let world = World::frozen().await;
    let mut body = scenes(1);
    let options = json!({ "huge": 1e300, "deep": [[[[[[[["a"]]]]]]]], "": null });
    body["scenes"][0]["options"] = options.clone();
    body["scenes"][0]["duration"] = json!(2.345);
    body["stitch"] = json!({ "transition": "none" });
    body["metadata"] = json!({ "order": 7 });
    let shown = project(&world, &create(&world.client, &body).await).await;
    assert_eq!(shown["scenes"][0]["options"], options);
    assert_eq!(shown["scenes"][0]["duration"], 2.345);
    assert_eq!(shown["stitch"]["transition"], "none");
    assert_eq!(shown["metadata"], body["metadata"]);
}

#[tokio::test]
async fn a_whole_number_may_be_written_with_a_fraction_of_nothing() {
    let world = World::frozen().await;
    let mut body = scenes(1);
    body["scenes"][0]["options"] = json!({ "weight": 1.0 });
    for number in ["6", "6.0", "6e0", "0.6e1"] {
        body["fps"] = serde_json::from_str(number).unwrap();
        let shown = project(&world, &create(&world.client, &body).await).await;
        let options = shown["scenes"][0]["options"].to_string();
        assert_eq!(options, r#"{"weight":1.0}"#, "what is passed on stays as it is");
    }
    let endpoint = json!({
        "url": "https://example.com/hook", "retry_schedule_seconds": [1.0, 2],
        "rate_limit_per_second": 5.0,
    });
    let made = world.client.post("/v1/endpoints", &endpoint).await.json();
    assert_eq!(made["retry_schedule_seconds"], json!([1, 2]));
    assert_eq!(made["rate_limit_per_second"].to_string(), "5");
}

#[tokio::test]
async fn an_error_names_the_field_at_fault() {
    let world = World::frozen().await;
    let scene = |scene: Value| json!({ "scenes": [{ "prompt": "A kite" }, scene] });
    let with = |name: &str, value: Value| {
        let mut body = scenes(2);
        body[name] = value;
        body
    };
    for (body, field) in [
        (json!({}), "scenes"),
        (json!({ "scenes": {} }), "scenes"),
        (scenes(0), "scenes"),
        (scenes(49), "scenes"),
        (scene(json!("A kite")), "scenes[1]"),
        (scene(json!({})), "scenes[1].prompt"),
        (scene(json!({ "prompt": "x".repeat(2001) })), "scenes[1].prompt"),
        (scene(json!({ "prompt": "A kite", "duration": "5" })), "scenes[1].duration"),
        (scene(json!({ "prompt": "A kite", "duration": 0.4 })), "scenes[1].duration"),
        (scene(json!({ "prompt": "A kite", "options": [] })), "scenes[1].options"),
        (with("stitch", json!({ "transition": "Fade!" })), "stitch.transition"),
        (with("stitch", json!({ "transition": 7 })), "stitch.transition"),
        (with("stitch", json!({ "transition_duration": 3 })), "stitch.transition_duration"),
        (with("width", json!(321)), "width"),
        (with("height", json!("720")), "height"),
        (with("fps", json!(0)), "fps"),
        (with("fps", json!(6.5)), "fps"),
        (with("fps", json!("6.0")), "fps"),
        (with("webhook_url", json!("http://example.com/hook")), "webhook_url"),
        (with("metadata", json!([])), "metadata"),
    ] {
        let answer = world.client.post(PROJECTS, &body).await;
        assert_eq!(answer.status, 422, "{field}: {answer:?}");
        assert_eq!(answer.json()["field"], field);
    }
    let largest = json!({ "prompt": "🪁".repeat(2000), "options": { "a": "x".repeat(4000) } });
    let answer = world.client.post(PROJECTS, &json!({ "scenes": vec![largest; 48] })).await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("scenes")));
    assert_eq!(world.client.get(PROJECTS).await.json()["data"], json!([]), "nothing was saved");
}

#[tokio::test]
async fn the_largest_project_is_taken() {
    let world = World::frozen().await;
    let largest = json!({ "prompt": "🪁".repeat(700), "options": { "a": "x".repeat(3900) } });
    let id = create(&world.client, &json!({ "scenes": vec![largest; 48] })).await;
    assert_eq!(project(&world, &id).await["scenes"].as_array().unwrap().len(), 48);
}

#[tokio::test]
async fn a_key_stands_for_one_project_for_a_day() {
    let world = World::frozen().await;
    let post = async |body: &Value| {
        let headers = [("idempotency-key", "film-7")];
        world.client.post_with(PROJECTS, &headers, body.to_string()).await
    };
    let first = post(&scenes(2)).await;
    let again = post(&scenes(2)).await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(first.json(), again.json());
    assert_conflict(&post(&scenes(3)).await, "idempotency_key_reused");
    world.pass(Duration::from_hours(24));
    let anew = post(&scenes(3)).await;
    assert_eq!(anew.status, 202, "{anew:?}");
    assert_ne!(anew.json()["project_id"], first.json()["project_id"]);
    let listed = world.client.get(PROJECTS).await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn anothers_project_is_not_there() {
    let world = with_project("proj_x", 1, Head::Failed).await;
    let stranger = world.client_of("stranger", &[Scope::JobsRead, Scope::JobsWrite]).await;
    let path = format!("{PROJECTS}/proj_x");
    let answers = [
        stranger.get(&path).await,
        stranger.delete(&path).await,
        stranger.get(&format!("{path}/timeline")).await,
        stranger.post_with(&format!("{path}/resume"), &[], "").await,
        stranger.post_with(&format!("{path}/scenes/scene_001/regenerate"), &[], "").await,
        stranger.get("/v1/jobs/proj_x-scene_001-video").await,
        stranger.get("/v1/jobs/proj_x-scene_001-video/timeline").await,
        stranger.delete("/v1/jobs/proj_x-scene_001-video").await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    assert_eq!(stranger.get(PROJECTS).await.json()["data"], json!([]));
    assert_eq!(project(&world, "proj_x").await["status"], "failed", "it is as it was");
}

#[tokio::test]
async fn the_list_is_newest_first_and_comes_in_pages() {
    let world = World::frozen().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(create(&world.client, &scenes(1)).await);
        world.pass(Duration::from_millis(1));
    }
    cancel(&world, &ids[1]).await;
    ids.reverse();
    let listed = async |query: &str| {
        let page = world.client.get(&format!("{PROJECTS}?{query}")).await.json();
        let entries = page["data"].as_array().unwrap().iter();
        let found: Vec<_> =
            entries.map(|entry| entry["project_id"].as_str().unwrap().to_owned()).collect();
        (found, page["next_cursor"].clone())
    };
    let (first, next) = listed("limit=2").await;
    assert_eq!(first, ids[..2]);
    let (rest, end) = listed(&format!("limit=2&cursor={}", next.as_str().unwrap())).await;
    assert_eq!((rest.as_slice(), end), (&ids[2..], Value::Null));
    assert_eq!(listed("status=cancelled").await.0, ids[1..2]);
    assert_eq!(world.client.get(&format!("{PROJECTS}?status=pending")).await.status, 422);
}

#[tokio::test]
async fn a_project_ends_at_once_and_says_what_was_done() {
    let world = with_project("proj_x", 2, Head::Running).await;
    Sent::begin(&world);
    let answer = cancel(&world, "proj_x").await;
    let sent = Sent::so_far(&world).by("project-change");
    assert_eq!(
        sent.operations(),
        ["dynamodb Query", "dynamodb TransactWriteItems", "dynamodb Query"]
    );
    permissions::assert_allowed(&sent);
    assert_eq!(answer.status, 200, "{answer:?}");
    let shown = answer.json();
    assert_eq!(shown["status"], "cancelled");
    let done = ["proj_x-scene_001-video", "proj_x-scene_001-last_frame"];
    assert_eq!(shown["steps_done"], json!(done));
    let statuses: Vec<_> =
        shown["scenes"].as_array().unwrap().iter().map(|scene| &scene["status"]).collect();
    assert_eq!(statuses, ["completed", "cancelled"]);
    assert_eq!(world.client.job("proj_x-scene_002-video").await["cancel_requested"], true);
    assert_eq!(cancel(&world, "proj_x").await.status, 200, "asking once more does no harm");
    assert_conflict(&regenerate(&world, "proj_x", "scene_001", &[]).await, "project_cancelled");
    assert_conflict(&resume(&world, "proj_x").await, "not_failed");
}

#[tokio::test]
async fn what_waits_to_be_dispatched_is_ended_too() {
    let world = with_project("proj_x", 0, Head::Queued).await;
    assert_eq!(cancel(&world, "proj_x").await.status, 200);
    assert_eq!(world.client.job("proj_x-scene_001-video").await["status"], "cancelled");
}

#[tokio::test]
async fn a_film_that_is_made_is_not_thrown_away() {
    for (done, head) in [(4, Head::Storing), (5, Head::Queued), (1, Head::Failed)] {
        let world = with_project("proj_x", done, head).await;
        assert_conflict(&cancel(&world, "proj_x").await, "too_late_to_cancel");
    }
}

#[tokio::test]
async fn a_step_is_not_ended_by_itself() {
    let world = with_project("proj_x", 2, Head::Running).await;
    let answer = world.client.delete("/v1/jobs/proj_x-scene_002-video").await;
    assert_conflict(&answer, "belongs_to_project");
    assert_eq!(project(&world, "proj_x").await["status"], "processing");
}

#[tokio::test]
async fn a_scene_is_made_anew_with_what_depends_on_it() {
    let world = with_project("proj_x", 5, Head::Queued).await;
    world.pass(Duration::from_secs(1));
    let path = format!("{PROJECTS}/proj_x/scenes/scene_002/regenerate");
    let answer = world.client.post(&path, &json!({ "prompt": "A blue kite" })).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let shown = answer.json();
    assert_eq!((&shown["status"], &shown["revision"]), (&json!("processing"), &json!(1)));
    let [first, second] = &shown["scenes"].as_array().unwrap()[..] else { panic!("two scenes") };
    assert_eq!((&first["status"], &first["superseded_outputs"]), (&json!("completed"), &json!(0)));
    assert_eq!((&second["status"], &second["superseded_outputs"]), (&json!("pending"), &json!(2)));
    assert_eq!((&second["prompt"], &second["duration"]), (&json!("A blue kite"), &json!(1.5)));
    assert_eq!((&second["video_url"], &shown["final_video_url"]), (&Value::Null, &Value::Null));
    let timeline = events(&world, &format!("{PROJECTS}/proj_x")).await;
    let count = |event: &str| timeline.iter().filter(|one| *one == event).count();
    assert_eq!((count("regenerated"), count("attempt_ended"), count("stored")), (1, 3, 5));
}

#[tokio::test]
async fn a_key_makes_a_scene_anew_once() {
    let world = with_project("proj_x", 5, Head::Queued).await;
    let headers = [("idempotency-key", "again-1")];
    let first = regenerate(&world, "proj_x", "scene_001", &headers).await;
    world.pass(Duration::from_secs(1));
    let again = regenerate(&world, "proj_x", "scene_001", &headers).await;
    assert_eq!((first.status, again.status), (202, 202), "{again:?}");
    assert_eq!(again.json()["revision"], 1);
    let other = regenerate(&world, "proj_x", "scene_002", &headers).await;
    assert_conflict(&other, "idempotency_key_reused");
    world.pass(Duration::from_hours(24));
    assert_eq!(regenerate(&world, "proj_x", "scene_001", &headers).await.json()["revision"], 2);
}

#[tokio::test]
async fn wishes_at_one_time_are_done_one_after_the_other() {
    let world = with_project("proj_x", 5, Head::Queued).await;
    let headers = [("idempotency-key", "again-1")];
    let wishes = (0..4).map(|_| regenerate(&world, "proj_x", "scene_001", &headers));
    for answer in futures::future::join_all(wishes).await {
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    assert_eq!(project(&world, "proj_x").await["revision"], 1);
}

#[tokio::test]
async fn only_what_has_begun_is_made_anew() {
    let world = with_project("proj_x", 0, Head::Running).await;
    assert_conflict(&regenerate(&world, "proj_x", "scene_002", &[]).await, "scene_not_begun");
    for scene in ["scene_003", "scene_1", "the-second"] {
        assert_eq!(regenerate(&world, "proj_x", scene, &[]).await.status, 404, "{scene}");
    }
    let path = format!("{PROJECTS}/proj_x/scenes/scene_001/regenerate");
    let answer = world.client.post(&path, &json!({ "duration": 61 })).await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("duration")));
}

#[tokio::test]
async fn a_failed_project_goes_on_from_where_it_stopped() {
    let world = with_project("proj_x", 1, Head::Failed).await;
    let failed = project(&world, "proj_x").await;
    assert_eq!(failed["failed_job_id"], "proj_x-scene_001-last_frame");
    assert_eq!(failed["error"]["code"], "provider_failed");
    let answer = resume(&world, "proj_x").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let shown = answer.json();
    assert_eq!((&shown["status"], &shown["error"]), (&json!("processing"), &Value::Null));
    let step = world.client.job("proj_x-scene_001-last_frame").await;
    assert_eq!((&step["status"], &step["error"]), (&json!("pending"), &Value::Null));
    assert_conflict(&resume(&world, "proj_x").await, "not_failed");
    let timeline = events(&world, "/v1/jobs/proj_x-scene_001-last_frame").await;
    assert!(timeline.contains(&"failed".to_owned()), "{timeline:?}");
}

#[tokio::test]
async fn a_timeline_is_read_with_few_calls() {
    let world = with_project("proj_x", 2, Head::Running).await;
    Sent::begin(&world);
    let timeline = events(&world, &format!("{PROJECTS}/proj_x")).await;
    let sent = Sent::so_far(&world).by("timeline");
    // The project, its three steps' webhooks, the endpoints, the deliveries.
    assert_eq!((sent.reads(), sent.writes(), sent.sends()), (6, 0, 0), "{}", sent.report());
    permissions::assert_allowed(&sent);
    assert_eq!(timeline[0], "created");
    let count = |event: &str| timeline.iter().filter(|one| *one == event).count();
    assert_eq!((count("released"), count("accepted"), count("completed")), (3, 3, 2));
}
