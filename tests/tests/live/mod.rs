//! Live updates: tickets, sequences, and waiting for a change.

pub(crate) mod faults;
mod follow;
mod life;
mod receivers;
mod sequence;
mod tickets;
mod wait;

use tests::World;

/// The keys of the connections and subscriptions in the table.
async fn live_items(world: &World) -> Vec<String> {
    let of_live = |key: &String| key.starts_with("CONNECTION#") || key.starts_with("TOPIC#");
    world.all_items().await.into_keys().filter(of_live).collect()
}
