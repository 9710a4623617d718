//! A receiver that hangs delays no other, nor does an owner with many of them.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::webhook::{Receiver, Webhook};
use domain::{EventType, OwnerId};
use store::OwnerShare;
use tests::seed::OWNER;
use tests::sent::Sent;
use tests::world::START;
use tests::{OddReceiver, Oddity, World};

/// Far more than the 32 places that one receiver gets.
const STUCK: usize = 400;
const HEALTHY: usize = 40;
/// How many slow attempts of one owner may be under way in all instances.
const SLOTS: u16 = 20;
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

/// What an owner's attempts in other instances wait for keeps back more of it, and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_attempts_in_other_instances_count_too() {
    let world = World::new().await;
    let (slow, fast) = (&world.receiver, OddReceiver::start(Oddity::Hangs, 0).await);
    let to_slow = Receiver::Url(slow.url());
    let (store, owner, until) =
        (world.store(), OwnerId::new(OWNER), START + Duration::from_secs(9));
    for _ in 0..SLOTS {
        let seen = (&OwnerShare::default(), SLOTS);
        let mut taken = None;
        while taken.is_none() {
            taken =
                store.take_slot(&owner, &to_slow.key(), seen, START, until, || 0.5).await.unwrap();
        }
    }
    let webhook = |nth| world.webhook(EventType::JobCompleted, nth, &to_slow);
    world.post((0..HEALTHY).map(webhook)).await;
    let other = Receiver::Url(fast.url());
    world.post((0..5).map(|nth| world.webhook(EventType::JobCompleted, nth, &other))).await;
    let foreign = Webhook { owner: OwnerId::new("other"), ..webhook(HEALTHY) };
    world.post([foreign]).await;
    world.quiet().await;

    assert_eq!(fast.taken(), 5, "the owner's other receiver has its webhooks");
    assert_eq!(slow.webhooks().len(), 1, "and so has another owner's");
    world.run_out().await;
    let arrived: BTreeSet<_> =
        slow.webhooks().iter().map(|webhook| webhook.id().to_owned()).collect();
    assert_eq!((arrived.len(), slow.webhooks().len()), (HEALTHY + 1, HEALTHY + 1));
    for delivery in world.all("/v1/deliveries?limit=100").await {
        assert_eq!(delivery["attempts_made"], 1, "waiting is no attempt: {delivery}");
    }
}

/// A slot is taken once an attempt has become slow, and given back with its answer. While there is
/// none, the owner's other slow receivers are known too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_has_a_share_of_the_slow_attempts() {
    const DESTINATIONS: usize = SLOTS as usize + 5;
    let world = World::new().await;
    let late = OddReceiver::start(Oddity::AnswersLate, DESTINATIONS).await;
    let receiver = |nth: usize| Receiver::Url(format!("{}/{}", late.url(), nth % DESTINATIONS));
    let webhook = |nth| world.webhook(EventType::JobCompleted, nth, &receiver(nth));
    world.post((0..DESTINATIONS).map(webhook)).await;
    let waiting = async || waiting(&world, (0..DESTINATIONS).map(receiver)).await;
    while waiting().await < DESTINATIONS {
        assert_eq!(late.ended(), 0, "all are known before the first answer");
        tokio::time::sleep(TICK).await;
    }
    world.post((DESTINATIONS..2 * DESTINATIONS).map(webhook)).await;
    world.quiet().await;
    assert_eq!(late.taken(), DESTINATIONS, "the rest waits");
    assert_eq!(waiting().await, 0, "all slots are given back");
    world.run_out().await;
    assert_eq!(late.taken(), 2 * DESTINATIONS, "and is sent");
}

/// Webhooks that wait for an owner's slow receivers cost little while they wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_that_wait_for_hanging_receivers_seldom_come_back() {
    const ENDPOINTS: usize = 50;
    let world = World::new().await;
    let hanging = OddReceiver::start(Oddity::Hangs, usize::MAX).await;
    let receiver = |nth: usize| Receiver::Url(format!("{}/{}", hanging.url(), nth % ENDPOINTS));
    let webhook = |nth| world.webhook(EventType::JobCompleted, nth, &receiver(nth));
    Sent::begin(&world);
    world.post((0..STUCK).map(webhook)).await;
    // On a busy machine the first are given up before all are known.
    let all_known = async || waiting(&world, (0..ENDPOINTS).map(receiver)).await == ENDPOINTS;
    while hanging.ended() == 0 && !all_known().await {
        tokio::time::sleep(TICK).await;
    }
    // Not quite as long as a slot is kept: until then none becomes free.
    for _ in 0..19 {
        world.pass(Duration::from_secs(1));
        tokio::time::sleep(TICK).await;
    }
    let sends = Sent::so_far(&world).by("deliver").sends();
    // Each goes back once because its owner's places are taken, and once more because the share is;
    // some once more for each that is given up. Coming back every few seconds, they were sent ten times.
    assert!(sends <= 3 * STUCK, "{sends} sends while {STUCK} wait");
}

/// To how many of `receivers` webhooks wait.
async fn waiting(world: &World, receivers: impl Iterator<Item = Receiver> + Clone) -> usize {
    let Some(first) = receivers.clone().next() else { return 0 };
    let share = share(world, &first).await;
    let waits = |key: &str| share.returns_at(key, SLOTS, START, 0.0).is_some();
    receivers.filter(|receiver| waits(&receiver.key())).count()
}

async fn share(world: &World, receiver: &Receiver) -> OwnerShare {
    let webhook = world.webhook(EventType::JobCompleted, 0, receiver);
    let context = world.store().delivery_context(&webhook.owner, &webhook.id, receiver, "").await;
    context.unwrap().share
}
