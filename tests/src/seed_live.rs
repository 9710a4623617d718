//! A ticket, connections and a subscription under fixed ids, for the sample events. The connections
//! are not open.

use domain::live::{Connection, TicketRecord};
use domain::{ConnectionId, OwnerId, Topic, limits};
use signing::ticket;

use crate::World;
use crate::seed::OWNER;

/// The ticket of the sample events.
pub const TICKET: &str = "local-ticket-for-sample-events";
/// The owner who may have connections.
pub const WATCHER: &str = "watcher";

/// Saves what the sample events speak of.
pub async fn put(world: &World) {
    let store = world.store();
    let end = world.clock.now() + limits::CONNECTION_LIFE;
    let running = topic("job:job_running");
    let record = TicketRecord {
        owner: OwnerId::new(OWNER),
        topics: vec![running.clone()],
        valid_until: world.clock.now() + limits::TICKET_LIFE,
    };
    store.put_ticket(&ticket::hash(TICKET), &record).await.unwrap();
    let connection = Connection {
        id: connection_id("L0SM9cOFvHcCIhw="),
        owner: OwnerId::new(OWNER),
        allowed: None,
        topics: Vec::new(),
        expires_at: Some(end),
    };
    store.save_connection(&connection).await.unwrap();
    let queued = topic("job:job_queued");
    assert!(store.add_topic(&connection.id, &queued).await.unwrap());
    store.subscribe(&connection, &queued).await.unwrap();
    let id = connection_id("TICKETconnection=");
    let with_ticket = Connection { id, allowed: Some(vec![running]), ..connection };
    store.save_connection(&with_ticket).await.unwrap();
    store.watch(&OwnerId::new(WATCHER), end).await.unwrap();
}

fn topic(text: &str) -> Topic {
    text.parse().unwrap()
}

/// `text` as the id of a connection.
#[must_use]
pub fn connection_id(text: &str) -> ConnectionId {
    text.parse().unwrap()
}
