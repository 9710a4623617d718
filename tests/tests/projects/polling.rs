//! A project whose services never call back: every step is found out by asking, and the film
//! comes all the same.

use domain::project::Step;
use domain::{JobState, ProjectId, SceneId};
use serde_json::{Value, json};
use tests::World;
use tests::sent::Sent;

/// What a service says of the step when it is done.
fn done(world: &World, task: &str, step: &Step) -> Value {
    let file = |name: &str| format!("{}/output/{name}", world.provider.url());
    json!({
        "task_id": task,
        "project_id": step.project,
        "scene_id": step.scene().unwrap_or(SceneId::FIRST),
        "status": "completed",
        "video_url": file("video.mp4"),
        "last_frame_url": file("frame.jpg"),
        "final_video_url": file("film.mp4"),
        "thumbnail_url": file("small.jpg"),
        "duration": 1.5,
    })
}

#[tokio::test]
async fn a_film_is_made_without_a_single_webhook() {
    let world = World::new().await;
    let scenes = json!([{ "prompt": "A harbour", "duration": 1.5 }, { "prompt": "The sea", "duration": 1.5 }]);
    let order = json!({ "scenes": scenes, "webhook_url": world.receiver.url() });
    let answer = world.client.post("/v1/projects", &order).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let id: ProjectId = answer.json()["project_id"].as_str().unwrap().parse().unwrap();

    for (place, step) in Step::all(&id, 2).enumerate() {
        let task = format!("task-{}", place + 1);
        let job_id = step.job_id();
        Sent::begin(&world);
        let state = async || world.store().job(&job_id).await.unwrap().map(|job| job.state);
        world
            .run_until("the step is running", async || state().await == Some(JobState::Running))
            .await;
        world.provider.tell(&task, done(&world, &task, &step));
        world
            .run_until("the step is done", async || state().await == Some(JobState::Completed))
            .await;
        println!("{job_id}:\n{}", Sent::so_far(&world).report());
    }
    world.run_out().await;
    let project = world.client.get(&format!("/v1/projects/{id}")).await.json();
    assert_eq!(project["status"], "completed", "{project}");
    let told = world.receiver.webhooks();
    let told: Vec<_> = told.iter().map(tests::Webhook::json).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["type"], "project.completed");
    assert_eq!(told[0]["project_id"], id.as_str());
    assert_eq!(world.provider.runs().len(), 5, "each step is handed out once");
    let film = world.store().job(&Step::stitch(id).job_id()).await.unwrap().unwrap();
    let names: Vec<_> = film.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["video", "thumbnail"]);
    assert_eq!(film.outputs[0].duration_ms, Some(1500));
    assert!(film.outputs[0].key.ends_with("/1/video.mp4"), "{film:?}");
}
