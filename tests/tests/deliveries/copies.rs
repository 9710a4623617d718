//! Two copies of one message at the same time, as SQS may deliver them.

use domain::EventType;
use domain::delivery::{Delivery, DeliveryStatus};
use domain::webhook::Receiver;
use queues::message::Deliver;
use tests::World;

use crate::deliveries::redrive::receive;

/// Has `deliver` receive a message twice at once: the first copy is answered `first`, but only once
/// the second has been answered `second` and recorded. The delivery as that leaves it.
async fn interleaved(world: &World, first: u16, second: u16) -> (Delivery, Deliver) {
    world.receiver.answer(move |_, before| match before {
        0 => first,
        1 => second,
        _ => 204,
    });
    let receiver = Receiver::Url(world.receiver.url());
    let message = Deliver::from(world.webhook(EventType::JobCompleted, 1, &receiver));
    let release = world.receiver.hold_next();
    let other = async {
        while world.receiver.webhooks().is_empty() {
            tokio::task::yield_now().await;
        }
        receive(world, &message).await;
        drop(release);
    };
    tokio::join!(receive(world, &message), other);
    (world.delivery(&message.webhook.id).await.unwrap(), message)
}

fn codes(delivery: &Delivery) -> Vec<u16> {
    delivery.attempts.iter().filter_map(|attempt| attempt.status_code).collect()
}

#[tokio::test]
async fn a_success_counts_though_a_copy_that_failed_was_recorded_first() {
    for failure in [500, 410] {
        let world = World::frozen().await;
        let (delivery, message) = interleaved(&world, 204, failure).await;
        assert_eq!(delivery.status, DeliveryStatus::Delivered, "{failure}");
        assert_eq!((codes(&delivery), delivery.attempts_made), (vec![failure, 204], 2));
        assert_eq!(delivery.next_attempt_at, None);
        // The message that the failure has sent finds its attempt made.
        receive(&world, &Deliver { attempts_made: 1, ..message }).await;
        assert_eq!(world.receiver.webhooks().len(), 2, "{failure}: it is not sent again");
    }
}

#[tokio::test]
async fn a_failure_changes_nothing_once_a_copy_has_succeeded() {
    let world = World::frozen().await;
    let (delivery, _) = interleaved(&world, 500, 204).await;
    assert_eq!((delivery.status, codes(&delivery)), (DeliveryStatus::Delivered, vec![204]));
}

#[tokio::test]
async fn two_copies_of_one_outcome_count_once() {
    for (status, end) in [(204, DeliveryStatus::Delivered), (500, DeliveryStatus::Retrying)] {
        let world = World::frozen().await;
        let (delivery, _) = interleaved(&world, status, status).await;
        assert_eq!((delivery.status, codes(&delivery)), (end, vec![status]));
    }
}
