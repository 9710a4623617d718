//! Live updates: tickets, sequences, and waiting for a change.

pub(crate) mod faults;
mod follow;
mod life;
mod receivers;
mod sequence;
mod tickets;
mod wait;

use tests::World;

/// Waits until every connection is closed; the keys that are left of them.
async fn left(world: &World) -> Vec<String> {
    world.cloud.aws().connections().ended().await;
    world.quiet().await;
    live_items(world).await
}

/// The keys of the connections and subscriptions in the table.
async fn live_items(world: &World) -> Vec<String> {
    let of_live = |key: &String| key.starts_with("CONNECTION#") || key.starts_with("TOPIC#");
    world.all_items().await.into_keys().filter(of_live).collect()
}
