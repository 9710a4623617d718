//! Sends events to the connections that subscribe to them.
//!
//! Invariants:
//! - A connection is sent the events of a message one after the other, in their order, whatever
//!   topics it has them from, and each once.
//! - A receiver delays no other by more than the time-out of one call, and fails no message. One
//!   whose buffer is full is dropped: it connects again and names the last sequence that it has.
//! - What fails on our side fails the message, which is repeated. Clients pass over a sequence that
//!   they have.

mod recipients;

use connections::{ConnectionError, Connections, Sent};
use domain::{ConnectionId, OwnerId, Topic};
use futures::{StreamExt, stream};
use queues::message::Live;
use runtime::queue::{QueueFunction, Receipt, WorkError};
use runtime::{Clock, Context, StartError};
use store::{Store, StoreError};

use crate::recipients::Recipient;

/// To how many connections the events of a message are sent at a time.
const AT_ONCE: usize = 64;

/// The function.
#[derive(Debug)]
pub struct LivePush {
    store: Store,
    connections: Connections,
    clock: Clock,
}

/// Why events were not sent to a connection, or it could not be dropped.
#[derive(Debug, thiserror::Error)]
enum PushError {
    #[error("API Gateway does not answer as it should")]
    Connection(#[from] ConnectionError),
    #[error("the table does not answer")]
    Store(#[from] StoreError),
}

impl QueueFunction for LivePush {
    const QUEUE: &'static str = "LIVE_QUEUE_URL";

    type Message = Live;

    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            connections: Connections::new(&context.aws, environment.required("LIVE_ENDPOINT")?),
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, message: Live, _: Receipt) -> Result<(), WorkError> {
        let failed = |error| WorkError::new("send events to connections", error);
        let recipients =
            self.recipients(&message).await.map_err(PushError::from).map_err(failed)?;
        let sends: Vec<_> =
            recipients.iter().map(|recipient| self.push(&message, recipient)).collect();
        let sent: Vec<_> = stream::iter(sends).buffer_unordered(AT_ONCE).collect().await;
        sent.into_iter().collect::<Result<(), _>>().map_err(failed)
    }
}

impl LivePush {
    /// Sends a connection its events, until one is not accepted.
    async fn push(&self, message: &Live, recipient: &Recipient) -> Result<(), PushError> {
        let id = &recipient.connection;
        for event in recipient.events.iter().filter_map(|place| message.events.get(*place)) {
            match self.connections.post(id, &event.event).await? {
                Sent::Accepted => {}
                Sent::Gone => return self.forget(&message.owner, recipient).await,
                Sent::Stuck => {
                    tracing::info!(connection_id = %id, "connection dropped");
                    self.connections.close(id).await?;
                    return self.forget(&message.owner, recipient).await;
                }
            }
        }
        Ok(())
    }

    /// Deletes a connection with its subscriptions. Those that led to it are deleted even if the
    /// connection's own item is gone already.
    async fn forget(&self, owner: &OwnerId, recipient: &Recipient) -> Result<(), PushError> {
        let Recipient { connection, topics, .. } = recipient;
        self.store.forget_connection(connection).await?;
        for topic in topics {
            self.store.unsubscribe(owner, topic, connection).await?;
        }
        Ok(())
    }

    /// The open connections that subscribe to `topic`.
    async fn subscribed(
        &self,
        owner: &OwnerId,
        topic: &Topic,
    ) -> Result<Vec<ConnectionId>, StoreError> {
        let now = self.clock.now();
        let subscriptions = self.store.subscriptions(owner, topic).await?;
        let open =
            subscriptions.into_iter().filter(|one| one.expires_at.is_some_and(|end| now < end));
        Ok(open.map(|one| one.connection).collect())
    }
}
