//! Which connections get which events of a message.

use std::collections::BTreeMap;

use domain::{ConnectionId, Topic};
use queues::message::Live;
use store::StoreError;

use crate::LivePush;

/// A connection, and what it gets.
#[derive(Debug)]
pub(crate) struct Recipient {
    pub(crate) connection: ConnectionId,
    /// The places of its events among those of the message, in their order.
    pub(crate) events: Vec<usize>,
    /// The topics by which it gets them.
    pub(crate) topics: Vec<Topic>,
}

impl LivePush {
    /// The connections that get events of `message`. Each topic is read once.
    pub(crate) async fn recipients(&self, message: &Live) -> Result<Vec<Recipient>, StoreError> {
        let mut places: Vec<(&Topic, Vec<usize>)> = Vec::new();
        for (place, event) in message.events.iter().enumerate() {
            for topic in &event.topics {
                match places.iter_mut().find(|(one, _)| *one == topic) {
                    Some((_, places)) => places.push(place),
                    None => places.push((topic, vec![place])),
                }
            }
        }
        let mut recipients = BTreeMap::new();
        for (topic, places) in places {
            for connection in self.subscribed(&message.owner, topic).await? {
                let new = Recipient {
                    connection: connection.clone(),
                    events: Vec::new(),
                    topics: Vec::new(),
                };
                let recipient = recipients.entry(connection).or_insert(new);
                recipient.events.extend(&places);
                recipient.topics.push(topic.clone());
            }
        }
        let in_order = |mut recipient: Recipient| {
            recipient.events.sort_unstable();
            recipient.events.dedup();
            recipient
        };
        Ok(recipients.into_values().map(in_order).collect())
    }
}
