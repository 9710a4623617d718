//! How a project can go, with the services played by hand: to its end, ended by its owner,
//! failed and resumed, made anew in part.

use std::collections::BTreeSet;

use domain::{ProjectId, Step};
use http::Method;
use serde_json::{Value, json};
use tests::{World, film};

fn id_of(id: &str) -> ProjectId {
    id.parse().unwrap()
}

/// The jobs for which tasks were asked, in order.
fn asked(world: &World) -> Vec<String> {
    let count = world.provider.runs().len();
    (1..=count).map(|nth| world.job_of(nth).to_string()).collect()
}

fn names(id: &str, steps: &[&str]) -> Vec<String> {
    steps.iter().map(|step| format!("{id}-{step}")).collect()
}

async fn objects(world: &World) -> BTreeSet<String> {
    world.objects().await.into_iter().collect()
}

/// Lets everything come to its end; nothing may be left to do.
async fn run_out(world: &World) {
    world.run_out().await;
    assert_eq!(world.messages_left(), []);
}

const ALL: [&str; 5] = [
    "scene_001-video",
    "scene_001-last_frame",
    "scene_002-video",
    "scene_002-last_frame",
    "stitch",
];

#[tokio::test]
async fn a_project_goes_from_step_to_step() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    world.complete_from(1).await;
    let done = world.project(&id).await;
    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(asked(&world), names(&id, &ALL));
    assert_eq!(done["steps_done"], json!(names(&id, &ALL)));
    let runs = world.provider.runs();
    assert_eq!(
        (&runs[0]["prompt"], &runs[0]["first_frame_url"]),
        (&json!("Lakkoofsa 1"), &Value::Null)
    );
    assert!(runs[2]["first_frame_url"].is_string(), "{}", runs[2]);
    assert_eq!(runs[4]["scenes"].as_array().unwrap().len(), 2);
    let told = world.told_of(&id);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].json()["type"], "project.completed");
    // Videos and the film with a thumbnail each, and two last frames.
    assert_eq!(world.objects().await.len(), 8);
    run_out(&world).await;
    assert_eq!(world.told_of(&id).len(), 1);
}

#[tokio::test]
async fn a_cancelled_project_begins_nothing_more() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    world.quiet().await;
    world.complete(1).await;
    world.quiet().await;
    assert_eq!(asked(&world), names(&id, &ALL[..2]));
    let answer = world.client.delete(&format!("/v1/projects/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    world.quiet().await;
    assert_eq!(world.provider.cancelled(), ["task-2"], "the running task is asked back");
    // The service is late: it has gone on to the end.
    let late = world.complete(2).await;
    assert_eq!(late.json()["scene_updated"], false, "{late:?}");
    run_out(&world).await;
    let shown = world.project(&id).await;
    assert_eq!(shown["status"], "cancelled");
    assert_eq!(shown["steps_done"], json!(names(&id, &ALL[..1])));
    let statuses = [&shown["scenes"][0]["video_status"], &shown["scenes"][0]["last_frame_status"]];
    assert_eq!(statuses, ["completed", "cancelled"]);
    assert_eq!(world.provider.runs().len(), 2, "no further step");
    let [notice] = &world.told_of(&id)[..] else { panic!("not one webhook") };
    assert_eq!(notice.json()["type"], "project.cancelled");
}

#[tokio::test]
async fn what_is_done_before_the_cancellation_gets_through_is_kept_and_leads_no_further() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 1)).await;
    world.quiet().await;
    let (_, body) = world.report(1, "completed", &Value::Null);
    world.provider.answer_cancels("COMPLETED");
    world.provider.tell("task-1", body);
    assert_eq!(world.client.delete(&format!("/v1/projects/{id}")).await.status, 200);
    run_out(&world).await;
    let shown = world.project(&id).await;
    assert_eq!(
        (&shown["status"], &shown["steps_done"]),
        (&json!("cancelled"), &json!(names(&id, &ALL[..1])))
    );
    world.download(&shown["scenes"][0]["video_url"]).await;
    assert_eq!(world.provider.runs().len(), 1);
}

#[tokio::test]
async fn a_failed_step_fails_the_project_and_resume_goes_on_after_it() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    world.complete_until(&id, 3).await;
    // One that was given another provider's file is tried again with ours; then it is final.
    let mut failures = 0;
    while world.project(&id).await["status"] == "processing" {
        let (service, body) = world.report(
            world.provider.runs().len(),
            "failed",
            &json!({ "error": "out of memory" }),
        );
        let answer = world.send_report(service, &body).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("failed")));
        failures += 1;
        let runs = world.provider.runs().len();
        world
            .run_until("it is tried again, or over", async || {
                world.provider.runs().len() > runs
                    || world.project(&id).await["status"] != "processing"
            })
            .await;
    }
    assert!(failures <= 2, "once with another's file, once with ours: {failures}");
    run_out(&world).await;
    let failed = world.project(&id).await;
    let step = format!("{id}-scene_002-video");
    assert_eq!((&failed["status"], &failed["failed_job_id"]), (&json!("failed"), &json!(step)));
    let told = world.told_of(&id);
    assert_eq!((told.len(), &told[0].json()["type"]), (1, &json!("project.failed")));
    let error = told[0].json()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("out of memory"), "{error}");
    assert_eq!(failed["error"]["message"], json!(error));

    let before = world.provider.runs().len();
    let resumed = world.client.post_with(&format!("/v1/projects/{id}/resume"), &[], "").await;
    assert_eq!(resumed.status, 202, "{resumed:?}");
    world.complete_from(before + 1).await;
    run_out(&world).await;
    assert_eq!(world.project(&id).await["status"], "completed");
    assert_eq!(asked(&world)[before..], names(&id, &ALL[2..]), "the first scene stays");
    let types: Vec<_> = world.told_of(&id).iter().map(|one| one.json()["type"].clone()).collect();
    assert_eq!(types, ["project.failed", "project.completed"]);
}

#[tokio::test]
async fn regenerating_a_scene_makes_it_and_what_depends_on_it_anew() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 3)).await;
    world.complete_from(1).await;
    run_out(&world).await;
    let (first, before) = (world.project(&id).await, objects(&world).await);
    assert_eq!((&first["status"], before.len()), (&json!("completed"), 11));
    let old_film = world.step(&Step::stitch(id_of(&id))).await.unwrap().outputs[0].key.clone();

    let path = format!("/v1/projects/{id}/scenes/scene_002/regenerate");
    let answer = world.client.post(&path, &json!({ "prompt": "A blue kite" })).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.complete_from(8).await;
    run_out(&world).await;
    let steps = [
        "scene_002-video",
        "scene_002-last_frame",
        "scene_003-video",
        "scene_003-last_frame",
        "stitch",
    ];
    assert_eq!(asked(&world)[7..], names(&id, &steps));
    assert_eq!(world.provider.runs()[7]["prompt"], "A blue kite");
    let anew = world.project(&id).await;
    assert_eq!((&anew["status"], &anew["revision"]), (&json!("completed"), &json!(1)));
    let kept: Vec<_> = anew["scenes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scene| &scene["superseded_outputs"])
        .collect();
    assert_eq!(kept, [&json!(0), &json!(3), &json!(3)]);
    let after = objects(&world).await;
    assert!(after.is_superset(&before), "nothing of the first is thrown away");
    assert_eq!(after.len(), 11 + 8);
    let film = world.step(&Step::stitch(id_of(&id))).await.unwrap();
    assert_ne!(film.outputs[0].key, old_film, "the film is new");
    assert_eq!(film.history.last().unwrap().outputs[0].key, old_film);
    let told = world.told_of(&id);
    let ids: BTreeSet<_> = told.iter().map(|webhook| webhook.id().to_owned()).collect();
    assert_eq!((told.len(), ids.len()), (2, 2), "each film is told of once");
}

#[tokio::test]
async fn regenerating_while_a_task_runs_ends_that_task() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    world.complete_until(&id, 3).await;
    let path = format!("/v1/projects/{id}/scenes/scene_001/regenerate");
    assert_eq!(world.client.post_with(&path, &[], "").await.status, 202);
    world.quiet().await;
    assert_eq!(world.provider.cancelled(), ["task-3"]);
    assert_eq!(asked(&world)[3..], names(&id, &ALL[..1]));
    world.complete_from(4).await;
    run_out(&world).await;
    assert_eq!(world.project(&id).await["status"], "completed");
    assert_eq!(asked(&world)[3..], names(&id, &ALL));
}

#[tokio::test]
async fn a_client_that_asks_twice_gets_one_project() {
    let world = World::new().await;
    let body = film::small(&world, 1).to_string();
    let key = [("idempotency-key", "film 7")];
    let mut ids = BTreeSet::new();
    for _ in 0..2 {
        let answer = world.client.try_send(Method::POST, "/v1/projects", &key, body.clone().into());
        ids.insert(answer.await.unwrap().json()["project_id"].as_str().unwrap().to_owned());
    }
    world.complete_from(1).await;
    assert_eq!((ids.len(), world.provider.runs().len()), (1, 3));
}
#[tokio::test]
async fn the_longest_project_is_made_and_made_anew() {
    const SCENES: usize = 48;
    const TASKS: usize = 2 * SCENES + 1;
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, SCENES)).await;
    world.complete_from(1).await;
    run_out(&world).await;
    assert_eq!(world.project(&id).await["status"], "completed");
    let path = format!("/v1/projects/{id}/scenes/scene_001/regenerate");
    let answer = world.client.post(&path, &json!({ "prompt": "A blue kite" })).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.complete_from(TASKS + 1).await;
    run_out(&world).await;
    let anew = world.project(&id).await;
    assert_eq!((&anew["status"], world.provider.runs().len()), (&json!("completed"), 2 * TASKS));
    assert_eq!(world.told_of(&id).len(), 2);
}

#[tokio::test]
async fn a_purged_project_leaves_nothing_but_that_it_was() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    let path = format!("/v1/projects/{id}");
    world.quiet().await;
    let early = world.client.delete(&format!("{path}?purge=true")).await;
    assert_eq!((early.status, &early.json()["code"]), (409, &json!("not_ended")));
    world.complete_from(1).await;
    assert!(!objects(&world).await.is_empty());

    let outputs = world.client.delete(&format!("{path}/outputs")).await;
    assert_eq!(outputs.status, 200, "{outputs:?}");
    run_out(&world).await;
    assert!(objects(&world).await.is_empty());
    assert_eq!(world.project(&id).await["scenes"][0]["prompt"], "Lakkoofsa 1");
    let again = world.client.post(&format!("{path}/scenes/scene_002/regenerate"), &json!({})).await;
    assert_eq!((again.status, &again.json()["code"]), (409, &json!("erased")), "{again:?}");

    let purged = world.client.delete(&format!("{path}?purge=true")).await;
    assert_eq!(purged.status, 200, "{purged:?}");
    run_out(&world).await;
    let project = world.project(&id).await;
    assert_eq!((&project["status"], &project["metadata"]), (&json!("completed"), &Value::Null));
    let inbound = world.client.get(&format!("/v1/inbound?project_id={id}")).await.json();
    assert_eq!(inbound["data"], json!([]));
    let items = serde_json::to_string(&world.items().await).unwrap();
    assert!(!items.contains("Lakkoofsa"), "a prompt is still stored: {items}");
}
