//! `POST /v1/endpoints/{endpoint_id}/test`.

use domain::delivery::{Delivery, DeliveryStatus};
use domain::event_key::EventKey;
use domain::notice::NoticeBody;
use domain::webhook::{Event, Receiver};
use domain::{EndpointId, EventType, MessageId, OwnerId};
use http::StatusCode;
use runtime::http::{Request, Response, Result, json};
use runtime::{Problem, random};
use serde::Serialize;

use crate::Endpoints;

/// The test that will be sent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AcceptedTest {
    /// Its delivery, which tells how it went.
    delivery_id: MessageId,
    status: DeliveryStatus,
}

/// What the webhook of a test is about.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TestData {
    endpoint_id: EndpointId,
    message: &'static str,
}

impl Endpoints {
    /// Saves a pending delivery of a test event; the stream has it sent.
    pub(crate) async fn test(&self, owner: &OwnerId, request: &Request) -> Result<Response> {
        let endpoint = self.enabled(owner, request).await?;
        let key = match request.mark()? {
            Some(mark) => EventKey::KeyedTest(owner.clone(), mark),
            None => EventKey::Test(random::hex::<16>()),
        };
        let now = self.clock.now();
        let event = EventType::EndpointTest;
        let data = TestData {
            endpoint_id: endpoint.id.clone(),
            message: "This is a test. If its signature is right, so will the others' be.",
        };
        let body = serde_json::to_string(&NoticeBody { event, timestamp: now.into(), data });
        let event = Event {
            key,
            event,
            owner: owner.clone(),
            occurred_at: now,
            job_id: None,
            project_id: None,
            body: body.map_err(Problem::unavailable)?,
        };
        let webhook = event.addressed_to(Receiver::Endpoint(endpoint.id));
        let delivery = Delivery { next_attempt_at: Some(now), ..Delivery::pending(webhook) };
        self.store.create_delivery(&delivery).await.map_err(Problem::unavailable)?;
        let Delivery { status, webhook, .. } = delivery;
        json(StatusCode::ACCEPTED, &AcceptedTest { delivery_id: webhook.id, status })
    }
}
