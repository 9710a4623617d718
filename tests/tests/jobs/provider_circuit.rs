//! A provider that fails again and again is left alone: its jobs wait, and lose nothing by it.

use std::time::Duration;

use domain::JobState;
use domain::delivery::{DeliveryStatus, DiscardReason};
use domain::webhook::Receiver;
use domain::{EventType, JobId};
use tests::sent::Sent;
use tests::world::Plan;
use tests::{World, seed};

async fn job(world: &World, id: &str) -> domain::Job {
    let id: JobId = seed::job_id(id);
    world.store().job(&id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_provider_that_is_down_is_left_alone_and_its_jobs_wait() {
    let world = World::new().await;
    world.provider.answer_runs(503);
    let ids = [
        world.client.speak("Tokko.", &world.receiver.url()).await,
        world.client.speak("Lama.", &world.receiver.url()).await,
    ];
    let start = world.clock.now();
    let later = start + Duration::from_mins(30);
    world.run_until("half an hour is over", async || world.clock.now() >= later).await;
    let tried = world.provider.runs().len();
    // Ten calls until it is left alone, then one probe after each of 30 s, 1, 2, 4, 8, 15 min.
    assert!((10..=18).contains(&tried), "{tried} calls in half an hour");
    for id in &ids {
        let job = job(&world, id).await;
        assert_eq!((job.state, job.lost_attempts), (JobState::Queued, 0), "{job:?}");
    }

    world.provider.answer_runs(200);
    for id in &ids {
        let is_running = async || job(&world, id).await.state == JobState::Running;
        world.run_until("the job is with its provider", is_running).await;
    }
    assert_eq!(world.provider.runs().len(), tried + 2, "each is taken once");

    Sent::begin(&world);
    world.client.speak("Sadii.", &world.receiver.url()).await;
    world.quiet().await;
    let sent = Sent::so_far(&world).by("dispatch");
    assert_eq!((sent.reads(), sent.writes()), (0, 2), "what works costs nothing more");
}

#[tokio::test]
async fn the_notification_service_is_told_where_there_is_one() {
    let plan = |environment| Plan { environment, ..Plan::default() };
    let without = World::start(plan(vec![])).await;
    let webhook = without.webhook(EventType::ProjectCompleted, 1, &Receiver::NotificationService);
    without.post([webhook.clone()]).await;
    without.quiet().await;
    let delivery = without.delivery(&webhook.id).await.unwrap();
    assert_eq!(delivery.status, DeliveryStatus::Discarded);
    assert_eq!(delivery.reason, Some(DiscardReason::NoNotificationService));

    let service = tests::Provider::start().await;
    let environment = vec![("NOTIFICATION_SERVICE_URL", service.url().to_owned())];
    let with = World::start(plan(environment)).await;
    service.answer_runs(503);
    with.post([webhook.clone()]).await;
    with.run_until("the first attempt was made", async || !service.runs().is_empty()).await;
    service.answer_runs(200);
    with.run_out().await;
    let delivery = with.delivery(&webhook.id).await.unwrap();
    assert_eq!(delivery.status, DeliveryStatus::Delivered);
    assert_eq!(delivery.attempts_made, 2);
    assert!(delivery.attempts.iter().all(|attempt| attempt.answer.is_none()), "{delivery:?}");
    let said: serde_json::Value = serde_json::from_str(&webhook.body).unwrap();
    assert_eq!(service.runs(), [said.clone(), said]);
}
