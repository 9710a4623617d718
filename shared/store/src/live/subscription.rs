//! The subscriptions to a topic.

use domain::live::{Connection, Subscription};
use domain::{OwnerId, Topic};

use crate::item::{item, read};
use crate::keys;
use crate::{Result, Store};

impl Store {
    /// Whether `owner` has what `topic` is about.
    pub async fn has_topic(&self, owner: &OwnerId, topic: &Topic) -> Result<bool> {
        Ok(match topic {
            Topic::Owner => true,
            Topic::Job(id) => self.find_job(owner, id).await?.is_some(),
            Topic::Project(id) => self.find_project_itself(owner, id).await?.is_some(),
        })
    }

    /// Subscribes `connection` to `topic` of its owner.
    pub async fn subscribe(&self, connection: &Connection, topic: &Topic) -> Result<()> {
        let key = keys::subscription(&connection.owner, topic, &connection.id);
        let subscription =
            Subscription { connection: connection.id.clone(), expires_at: connection.expires_at };
        self.put("save a subscription", item(key, "subscription", &subscription)?).await
    }

    /// The subscriptions to the topic of `owner`, read consistently: one that was saved before the
    /// event of which this is asked is among them.
    pub async fn subscriptions(&self, owner: &OwnerId, topic: &Topic) -> Result<Vec<Subscription>> {
        let query = self
            .client
            .query()
            .key_condition_expression("PK = :topic")
            .expression_attribute_values(":topic", keys::topic(owner, topic))
            .consistent_read(true);
        let items = self.query_all("read the subscriptions to a topic", query).await?;
        items.into_iter().map(read).collect()
    }
}
