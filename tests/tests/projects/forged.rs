//! Webhooks of the scene services that are not what they seem: forged, sent again, out of date,
//! of something else. None of them changes anything.

use std::time::Duration;

use hookreel_studio::Service;
use serde_json::{Value, json};
use signing::hex_hmac;
use tests::contents::Items;
use tests::{Answer, World, film};

const HEADER: &str = hex_hmac::SIGNATURE_HEADER;

/// A world with a project of two scenes whose `count`th task runs.
async fn with_task(count: usize) -> (World, String) {
    let world = World::new().await;
    let id = world.create_project(&film::small(&world, 2)).await;
    world.complete_until(&id, count).await;
    (world, id)
}

/// What is stored, in the table and in the bucket.
async fn stored(world: &World) -> (Items, Vec<String>) {
    world.quiet().await;
    (world.items().await, world.objects().await)
}

async fn post(world: &World, service: Service, headers: &[(&str, &str)], body: &str) -> Answer {
    let (path, _) = film::door(service);
    world.client.with_key(None).post_with(path, headers, body.to_owned()).await
}

/// What became of each webhook that is kept, by the timeline of the project.
async fn outcomes(world: &World, id: &str) -> Vec<String> {
    let entries = world.timeline(&format!("/v1/projects/{id}")).await;
    let webhooks = entries.iter().filter(|entry| entry["event"] == "webhook_received");
    webhooks.map(|entry| entry["outcome"].as_str().unwrap().to_owned()).collect()
}

fn changes_nothing(service: Service, status: &str) -> Value {
    match service {
        Service::Video => json!({ "received": true, "status": status, "scene_updated": false,
            "last_frame_triggered": false }),
        Service::LastFrame => json!({ "received": true, "status": status, "scene_updated": false,
            "next_scene_triggered": false }),
        Service::Stitch => json!({ "received": true, "status": status, "project_updated": false,
            "user_notified": false, "final_video_url": null }),
    }
}

#[tokio::test]
async fn what_is_not_signed_by_its_service_changes_nothing_and_is_not_kept() {
    // A video, a last frame and a film are awaited.
    for task in [1, 2, 5] {
        let (world, _) = with_task(task).await;
        let before = (world.all_items().await, world.objects().await);
        let (service, body) = world.report(task, "completed", &Value::Null);
        let body = body.to_string();
        let (_, secret) = film::door(service);
        let right = film::signature(secret, &body);
        let others = Service::ALL.into_iter().filter(|other| *other != service);
        let mut forged: Vec<_> =
            others.map(|other| film::signature(film::door(other).1, &body)).collect();
        forged.extend([
            film::signature("guessed", &body),
            film::signature(secret, &format!("{body} ")),
            right[..63].to_owned(),
            format!("{right}0"),
            format!("sha256={}", "0".repeat(64)),
            String::new(),
        ]);
        for signature in &forged {
            let answer = post(&world, service, &[(HEADER, signature)], &body).await;
            assert_eq!(answer.status, 401, "{signature}: {answer:?}");
        }
        for headers in [vec![], vec![("Authorization", right.as_str())]] {
            assert_eq!(post(&world, service, &headers, &body).await.status, 401);
        }
        world.quiet().await;
        assert_eq!((world.all_items().await, world.objects().await), before);
        assert_eq!(world.complete(task).await.status, 200, "the true one is taken after all");
    }
}

#[tokio::test]
async fn what_is_signed_but_makes_no_sense_changes_nothing() {
    let (world, id) = with_task(1).await;
    let before = stored(&world).await;
    let (service, whole) = world.report(1, "completed", &Value::Null);
    let without = |name: &str| {
        let mut body = whole.clone();
        body.as_object_mut().unwrap().remove(name);
        body.to_string()
    };
    let with = |name: &str, value: Value| {
        let mut body = whole.clone();
        body[name] = value;
        body.to_string()
    };
    let bodies = [
        (String::new(), 400),
        ("null".to_owned(), 400),
        ("[]".to_owned(), 400),
        (whole.to_string()[1..].to_owned(), 400),
        (without("project_id"), 400),
        (without("scene_id"), 400),
        (with("project_id", json!("../proj")), 400),
        (with("scene_id", json!("scene_0")), 400),
        // These name their step, with which they are kept.
        (without("task_id"), 200),
        (without("status"), 200),
    ];
    for (body, status) in bodies {
        let signature = film::signature(film::door(service).1, &body);
        let answer = post(&world, service, &[(HEADER, &signature)], &body).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert!(answer.json()["field"].is_string() || answer.json()["scene_updated"] == false);
    }
    assert_eq!(stored(&world).await, before);
    assert_eq!(outcomes(&world, &id).await, ["unreadable"; 2]);
}

#[tokio::test]
async fn what_speaks_of_another_task_changes_nothing() {
    let (world, id) = with_task(3).await;
    let before = stored(&world).await;
    world.pass(Duration::from_secs(1));
    for (nth, more) in [
        (3, json!({ "task_id": "task-99" })),
        (3, json!({ "task_id": "task-1" })),
        (3, json!({ "scene_id": "scene_001" })),
        (3, json!({ "task_id": "task-99", "status": "failed", "error": "no" })),
        (2, json!({ "task_id": "task-3" })),
        (1, json!({ "task_id": "task-3", "status": "failed", "error": "no" })),
    ] {
        let (service, body) = world.report(nth, "completed", &more);
        let answer = world.send_report(service, &body).await;
        let facts = changes_nothing(service, body["status"].as_str().unwrap());
        assert_eq!((answer.status, answer.json()), (200, facts), "{body}");
    }
    assert_eq!(stored(&world).await, before);
    let outcomes = outcomes(&world, &id).await;
    assert_eq!(
        outcomes,
        [
            "applied",
            "applied",
            "superseded",
            "superseded",
            "superseded",
            "superseded",
            "superseded",
            "superseded"
        ]
    );
}

#[tokio::test]
async fn what_is_sent_again_changes_nothing() {
    let (world, id) = with_task(1).await;
    world.complete_from(1).await;
    world.run_out().await;
    assert_eq!(world.project(&id).await["status"], "completed");
    let (before, told) = (stored(&world).await, world.receiver.webhooks().len());
    for nth in 1..=5 {
        let (service, body) = world.report(nth, "completed", &Value::Null);
        let answer = world.send_report(service, &body).await;
        assert_eq!(answer.status, 200);
        let facts = answer.json();
        let [updated, followed] = match service {
            Service::Video => ["scene_updated", "last_frame_triggered"],
            Service::LastFrame => ["scene_updated", "next_scene_triggered"],
            Service::Stitch => ["project_updated", "user_notified"],
        };
        // The film, and no scene, follows on the last of them.
        let follows = nth != 4;
        assert_eq!((&facts[updated], &facts[followed]), (&json!(true), &json!(follows)), "{facts}");
        // The service contradicts itself.
        let (service, body) = world.report(nth, "failed", &json!({ "error": "no" }));
        assert_eq!(
            world.send_report(service, &body).await.json(),
            changes_nothing(service, "failed")
        );
    }
    assert_eq!(stored(&world).await, before);
    world.run_out().await;
    assert_eq!((world.provider.runs().len(), world.receiver.webhooks().len()), (5, told));
    let count =
        |outcomes: &[String], wanted: &str| outcomes.iter().filter(|one| *one == wanted).count();
    let outcomes = outcomes(&world, &id).await;
    let counts = ["applied", "duplicate", "superseded"].map(|wanted| count(&outcomes, wanted));
    assert_eq!(counts, [5, 5, 5]);
}

#[tokio::test]
async fn what_was_made_before_a_regeneration_is_superseded() {
    let (world, id) = with_task(1).await;
    world.complete_from(1).await;
    world.run_out().await;
    world.pass(Duration::from_secs(1));
    let path = format!("/v1/projects/{id}/scenes/scene_001/regenerate");
    assert_eq!(world.client.post_with(&path, &[], "").await.status, 202);
    world.quiet().await;
    assert_eq!(world.provider.runs().len(), 6, "the first scene is made anew");
    let before = stored(&world).await;
    world.pass(Duration::from_secs(1));
    for nth in 1..=5 {
        for (status, more) in [("completed", Value::Null), ("failed", json!({ "error": "no" }))] {
            let (service, body) = world.report(nth, status, &more);
            let answer = world.send_report(service, &body).await;
            assert_eq!((answer.status, answer.json()), (200, changes_nothing(service, status)));
        }
    }
    assert_eq!(stored(&world).await, before);
    let entries = world.timeline(&format!("/v1/projects/{id}")).await;
    let late: Vec<_> = entries.iter().rev().take(10).collect();
    for entry in &late {
        assert_eq!(
            (&entry["event"], &entry["outcome"]),
            (&json!("webhook_received"), &json!("superseded"))
        );
        assert!(entry["inbound_id"].is_string() && entry["provider_task"].is_string(), "{entry}");
    }
    world.complete_from(6).await;
    world.run_out().await;
    assert_eq!(world.project(&id).await["status"], "completed");
    assert_eq!(world.provider.runs().len(), 10);
}

#[tokio::test]
async fn a_webhook_that_is_quicker_than_the_answer_takes_effect_later() {
    let world = World::new().await;
    world.provider.hold_answers(true);
    let id = world.create_project(&film::small(&world, 1)).await;
    while world.provider.runs().is_empty() {
        tokio::task::yield_now().await;
    }
    // The service calls back before its own answer, which names the task, has come.
    let answer = world.complete(1).await;
    let facts = changes_nothing(Service::Video, "completed");
    assert_eq!((answer.status, answer.json()), (202, facts), "{answer:?}");
    assert_eq!(outcomes(&world, &id).await, ["early"]);
    world.provider.hold_answers(false);
    world.run_until("it has taken effect", async || world.provider.runs().len() == 2).await;
    let late = world.clock.now().since(tests::world::START).as_secs();
    assert!((1..=3).contains(&late), "the retry, not a look at the job: after {late} s");
    assert_eq!(outcomes(&world, &id).await, ["applied"]);
    world.complete_from(2).await;
    assert_eq!(world.project(&id).await["status"], "completed");
}
