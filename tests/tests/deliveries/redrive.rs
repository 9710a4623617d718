//! A message that had gone to the dead-letter queue and is redriven.

use std::time::Duration;

use domain::EventType;
use domain::delivery::DeliveryStatus;
use domain::webhook::Receiver;
use queues::message::Deliver;
use serde_json::json;
use tests::{World, templates};

/// Has `deliver` receive this message for the first time.
pub(crate) async fn receive(world: &World, message: &Deliver) {
    let event = json!({ "Records": [{
        "messageId": "one", "receiptHandle": "one", "body": json!(message).to_string(),
        "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
        "eventSource": "aws:sqs",
    }] });
    let answer = world.cloud.invoke("deliver", event).await.unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
}

#[tokio::test]
async fn a_delivery_whose_next_message_was_lost_is_found_by_a_redrive() {
    let world = World::frozen().await;
    world.receiver.answer(|_, before| if before < 1 { 500 } else { 204 });
    let waiting = || {
        let depth = world.cloud.aws().queue_depth(&templates::queue("deliver")).unwrap();
        depth.visible + depth.in_flight + depth.delayed
    };
    let receiver = Receiver::Url(world.receiver.url());
    let webhook = world.webhook(EventType::JobCompleted, 1, &receiver);
    let message = Deliver::from(webhook.clone());
    receive(&world, &message).await;
    let delivery = world.delivery(&webhook.id).await.unwrap();
    assert_eq!((delivery.status, waiting()), (DeliveryStatus::Retrying, 1));

    receive(&world, &message).await;
    assert_eq!(waiting(), 1, "a copy made by SQS changes nothing");

    // As if the message for the second attempt had never been sent.
    world.pass(Duration::from_mins(20));
    receive(&world, &message).await;
    assert_eq!(waiting(), 2, "it is sent now");
    assert_eq!(world.receiver.webhooks().len(), 1, "not to the receiver, which has it already");
    receive(&world, &Deliver { attempts_made: 1, ..message }).await;
    let delivery = world.delivery(&webhook.id).await.unwrap();
    assert_eq!((delivery.status, delivery.attempts_made), (DeliveryStatus::Delivered, 2));
}
