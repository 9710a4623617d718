//! A receiver that hangs delays no other, nor does an owner with many of them.

use std::time::Duration;

use domain::webhook::{Receiver, Webhook};
use domain::{EventType, OwnerId};
use tests::{OddReceiver, Oddity, World};

/// Far more than the 32 places that one receiver gets.
const STUCK: usize = 400;
const HEALTHY: usize = 40;
const TICK: Duration = Duration::from_millis(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_receiver_that_hangs_does_not_delay_the_others() {
    let world = World::new().await;
    let hanging = OddReceiver::start(Oddity::Hangs, usize::MAX).await;
    let stuck = Receiver::Url(hanging.url());
    let healthy = Receiver::Url(world.receiver.url());
    world.post((0..STUCK).map(|nth| world.webhook(EventType::JobCompleted, nth, &stuck))).await;
    world.post((0..HEALTHY).map(|nth| world.webhook(EventType::JobCompleted, nth, &healthy))).await;

    // Here the clock runs as real clocks do, since what counts is which receiver delays which.
    let all = async {
        while world.receiver.webhooks().len() < HEALTHY {
            tokio::time::sleep(TICK).await;
            world.pass(TICK);
        }
    };
    // Only so that the test ends: what counts is that no attempt that hangs has timed out yet.
    tokio::time::timeout(Duration::from_mins(1), all).await.expect("the healthy ones arrive");
    assert!(hanging.taken() > 0, "the other one was sent to");
    assert_eq!(hanging.ended(), 0, "the healthy ones waited for one that hangs");
    assert!(hanging.taken() <= 32, "{} wait for one receiver", hanging.taken());
}

/// An owner whose endpoints all hang keeps nobody else's webhooks waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_owner_whose_receivers_hang_does_not_delay_the_others() {
    const ENDPOINTS: usize = 50;
    let world = World::new().await;
    let hanging = OddReceiver::start(Oddity::Hangs, usize::MAX).await;
    let stuck = |nth: usize| {
        let receiver = Receiver::Url(format!("{}/{}", hanging.url(), nth % ENDPOINTS));
        let webhook = world.webhook(EventType::JobCompleted, nth, &receiver);
        Webhook { owner: OwnerId::new("noisy"), ..webhook }
    };
    let healthy = Receiver::Url(world.receiver.url());
    world.post((0..STUCK).map(stuck)).await;
    let quiet = |nth| world.webhook(EventType::JobCompleted, nth, &healthy);
    world.post((0..HEALTHY).map(quiet)).await;

    let all = async {
        while world.receiver.webhooks().len() < HEALTHY {
            tokio::time::sleep(TICK).await;
            world.pass(TICK);
        }
    };
    tokio::time::timeout(Duration::from_mins(1), all).await.expect("the healthy ones arrive");
    assert!(hanging.taken() > 8, "{} were sent to the hanging ones", hanging.taken());
    assert_eq!(hanging.ended(), 0, "the healthy ones waited for one that hangs");
    assert!(hanging.taken() <= 86, "{} wait for one owner's receivers", hanging.taken());
}
