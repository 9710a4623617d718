//! What a project is made of gets lost: a step that worked with another provider's file is given
//! ours, and one whose file is gone is not mixed with a second version of it.

use domain::{Attempt, JobState, Output, ProjectId, Step};
use serde_json::{Value, json};
use store::{Advanced, Change};
use tests::seed::OWNER;
use tests::seed_projects::{self, Head};
use tests::world::START;
use tests::{World, film};

/// Has `dispatch` take the job up, as the queue would.
async fn dispatch(world: &World, job: &str, last_attempt: u32) {
    let body = json!({ "job_id": job, "last_attempt": last_attempt }).to_string();
    let event = json!({ "Records": [{
        "messageId": "one", "receiptHandle": "one", "body": body, "attributes":
            { "ApproximateReceiveCount": "1" }, "messageAttributes": {}, "eventSource": "aws:sqs",
    }] });
    let answer = world.cloud.invoke("dispatch", event).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
}

#[tokio::test]
async fn a_step_that_failed_with_a_borrowed_file_is_given_ours() {
    let world = World::frozen().await;
    seed_projects::project(&world, "proj_x", OWNER, 0, Head::Storing).await;
    let project: ProjectId = "proj_x".parse().unwrap();
    let steps: Vec<_> = Step::all(&project, seed_projects::SCENES).collect();
    let frame = "proj_x-scene_001-last_frame";
    dispatch(&world, frame, 0).await;
    let theirs = format!("{}/output/proj_x-scene_001-video-video.mp4", world.provider.url());
    assert_eq!(world.provider.runs()[0]["video_url"], theirs, "ours is not there yet");
    assert!(world.step(&steps[1]).await.unwrap().work.as_step().unwrap().upstream_source);

    let (service, body) = world.report(1, "failed", &json!({ "error": "no such file" }));
    assert_eq!(world.send_report(service, &body).await.status, 200);
    let job = world.step(&steps[1]).await.unwrap();
    assert_eq!((job.state, job.lost_attempts, &job.error), (JobState::Queued, 1, &None));
    assert_eq!(world.project("proj_x").await["status"], "processing");

    store_video(&world, &steps[0]).await;
    dispatch(&world, frame, 1).await;
    let ours = world.provider.runs()[1]["video_url"].as_str().unwrap().to_owned();
    assert!(ours.starts_with(world.cloud.api_url()), "{ours}");
    // With our own file there is nothing left to be tried.
    let (service, body) = world.report(2, "failed", &json!({ "error": "no memory" }));
    assert_eq!(world.send_report(service, &body).await.status, 200);
    let failed = world.project("proj_x").await;
    assert_eq!((&failed["status"], &failed["failed_job_id"]), (&json!("failed"), &json!(frame)));
}

async fn store_video(world: &World, step: &Step) {
    let job = world.step(step).await.unwrap();
    let output = Output {
        name: "video".to_owned(),
        key: format!("jobs/{}/1/video.mp4", job.id),
        content_type: "video/mp4".to_owned(),
        bytes: 4044,
        sha256: "0".repeat(64),
        ..Output::default()
    };
    let change = Change::completed(Attempt(1), &[output], START).unwrap();
    let advanced = world.store().advance(&job, &change, START).await.unwrap();
    assert!(matches!(advanced, Advanced::Done), "{advanced:?}");
}

#[tokio::test]
async fn a_scene_whose_file_is_gone_fails_and_can_be_resumed() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    world.quiet().await;
    world.provider.lose(&["1-scene.mp4"]);
    world.complete(1).await;
    let failed = world.run_until_project(&id, "failed").await;
    assert_eq!(failed["error"]["code"], "file_lost", "{failed}");
    assert_eq!(failed["failed_job_id"], json!(format!("{id}-scene_001-video")));
    // The step after it had begun with the file that is gone; what comes of it leads nowhere.
    let begun = world.provider.runs().len();
    assert!(begun <= 2, "{begun} tasks");
    for nth in 2..=begun {
        world.complete(nth).await;
    }
    world.run_out().await;
    assert_eq!(world.provider.runs().len(), begun);
    let answer = world.client.post_with(&format!("/v1/projects/{id}/resume"), &[], "").await;
    assert_eq!(answer.status, 202, "{answer:?}");
    world.complete_from(begun + 1).await;
    world.run_out().await;
    let done = world.project(&id).await;
    assert_eq!((&done["status"], world.provider.runs().len()), (&json!("completed"), begun + 5));
    let types: Vec<Value> =
        world.told_of(&id).iter().map(|webhook| webhook.json()["type"].clone()).collect();
    assert_eq!(types, ["project.failed", "project.completed"]);
}

#[tokio::test]
async fn a_film_that_is_gone_is_made_again() {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 1)).await;
    world.complete_until(&id, 3).await;
    world.provider.lose(&["3-film.mp4"]);
    world.complete(3).await;
    world.run_until("it is asked for again", async || world.provider.runs().len() == 4).await;
    world.complete_from(4).await;
    world.run_out().await;
    assert_eq!(world.project(&id).await["status"], "completed");
    let job = world.step(&Step::stitch(id.parse().unwrap())).await.unwrap();
    assert_eq!((job.attempt, job.lost_attempts), (Attempt(2), 1));
    assert_eq!(world.told_of(&id).len(), 1);
}
