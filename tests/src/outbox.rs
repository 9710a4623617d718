//! Webhooks put straight into the queue of `deliver`, without jobs that end.

use std::time::Duration;

use domain::delivery::Delivery;
use domain::event_key::EventKey;
use domain::webhook::{Event, Receiver, Webhook};
use domain::{EndpointId, EventType, JobId, MessageId, OwnerId};
use queues::Queue;
use queues::message::Deliver;
use serde_json::{Value, json};

use crate::seed::OWNER;
use crate::{World, templates};

impl World {
    /// Makes an endpoint by the API; `settings` as clients write them.
    pub async fn endpoint(&self, settings: &Value) -> EndpointId {
        let answer = self.client.post("/v1/endpoints", settings).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().parse().unwrap()
    }

    /// A webhook of that event about the `nth` job, for `receiver`.
    #[must_use]
    pub fn webhook(&self, event: EventType, nth: usize, receiver: &Receiver) -> Webhook {
        let job: JobId = format!("job_{nth}").parse().unwrap();
        let body = json!({ "type": event, "job_id": job, "data": { "nth": nth } });
        let event = Event {
            key: EventKey::Job(job),
            event,
            owner: OwnerId::new(OWNER),
            occurred_at: self.clock.now(),
            job_id: None,
            project_id: None,
            body: body.to_string(),
        };
        event.addressed_to(receiver.clone())
    }

    /// Queues webhooks for delivery.
    pub async fn post(&self, webhooks: impl IntoIterator<Item = Webhook>) {
        let url = self.cloud.aws().queue_url(&templates::queue("deliver"));
        let queue = Queue::new(&self.cloud.aws().sdk_config("tests"), url);
        let messages: Vec<_> =
            webhooks.into_iter().map(|webhook| (Deliver::from(webhook), Duration::ZERO)).collect();
        queue.send_all(&messages).await.unwrap();
    }

    /// The bodies of up to ten messages in the queue with this logical id.
    pub async fn received(&self, logical_id: &str) -> Vec<Value> {
        let aws = self.cloud.aws();
        let sqs = aws_sdk_sqs::Client::new(&aws.sdk_config("tests"));
        let receive =
            sqs.receive_message().queue_url(aws.queue_url(&format!("hookreel-{logical_id}")));
        let messages = receive.max_number_of_messages(10).send().await.unwrap().messages;
        let bodies = messages.unwrap_or_default().into_iter().filter_map(|message| message.body);
        bodies.map(|body| serde_json::from_str(&body).unwrap()).collect()
    }

    /// Moves the clock until nothing is due any more.
    pub async fn run_out(&self) {
        self.run_until("nothing is due", async || self.cloud.next_due().is_none()).await;
    }

    /// The delivery as it is recorded.
    pub async fn delivery(&self, id: &MessageId) -> Option<Delivery> {
        self.store().find_delivery(&OwnerId::new(OWNER), id).await.unwrap()
    }

    /// All pages of a list of the API.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = path.to_owned();
        loop {
            let page = self.client.get(&next).await.json();
            items.extend(page["data"].as_array().expect("a list").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("{path}&cursor={cursor}"),
                None => return items,
            }
        }
    }
}
