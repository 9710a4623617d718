//! Open connections.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::live::Connection;
use domain::{ConnectionId, OwnerId, Topic, limits};

use crate::expressions::Expressions;
use crate::item::{item, number, read, text};
use crate::keys;
use crate::{Result, Store, StoreError};

/// The topics to which a connection subscribes. A set, since that is changed without being read.
const TOPICS: &str = "topics";

impl Store {
    /// Saves a connection that has just been opened.
    pub async fn save_connection(&self, connection: &Connection) -> Result<()> {
        let item = item(keys::connection(&connection.id), "connection", connection)?;
        self.put("save a connection", item).await
    }

    /// The connection `id`.
    pub async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        self.get("read a connection", keys::connection(id)).await?.map(read).transpose()
    }

    /// Adds `topic` to those of the connection `id`; whether it has room for it and is still there.
    pub async fn add_topic(&self, id: &ConnectionId, topic: &Topic) -> Result<bool> {
        let mut update = Expressions::default();
        update.add(TOPICS, set_of(topic));
        let topics = update.name(TOPICS);
        let most = update.value(number(i64::try_from(limits::TOPICS).unwrap_or(i64::MAX)));
        let one = update.value(text(topic.to_string()));
        let condition = format!(
            "attribute_exists(PK) AND (attribute_not_exists({topics}) OR size({topics}) < {most} \
             OR contains({topics}, {one}))"
        );
        Ok(self.update("add a topic", keys::connection(id), update, condition).await?.is_ok())
    }

    /// Removes `topic` from those of the connection `id`, if it is still there.
    pub async fn remove_topic(&self, id: &ConnectionId, topic: &Topic) -> Result<()> {
        let mut update = Expressions::default();
        update.delete(TOPICS, set_of(topic));
        let condition = "attribute_exists(PK)".to_owned();
        self.update("remove a topic", keys::connection(id), update, condition).await.map(drop)
    }

    /// Deletes the connection `id` and its subscriptions. One that was saved at the same moment
    /// remains until its time to live, or until an event finds its connection gone.
    pub async fn forget_connection(&self, id: &ConnectionId) -> Result<()> {
        let output = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::connection(id)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(StoreError::call("delete a connection"))?;
        let Some(item) = output.attributes else { return Ok(()) };
        let connection: Connection = read(item)?;
        for topic in &connection.topics {
            self.unsubscribe(&connection.owner, topic, id).await?;
        }
        Ok(())
    }

    /// Deletes the subscription of the connection `id` to the topic of `owner`.
    pub async fn unsubscribe(
        &self,
        owner: &OwnerId,
        topic: &Topic,
        id: &ConnectionId,
    ) -> Result<()> {
        self.delete("delete a subscription", keys::subscription(owner, topic, id)).await
    }
}

fn set_of(topic: &Topic) -> AttributeValue {
    AttributeValue::Ss(vec![topic.to_string()])
}
