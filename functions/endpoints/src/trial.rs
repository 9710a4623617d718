//! `POST /v1/endpoints/{endpoint_id}/test`.

use domain::delivery::{Delivery, DeliveryStatus, Receiver};
use domain::notice::NoticeBody;
use domain::{EventType, MessageId, OwnerId};
use http::StatusCode;
use runtime::http::{Request, Response, json};
use runtime::{Problem, random};
use serde_json::json as object;

use crate::Endpoints;

impl Endpoints {
    /// Saves a delivery that waits for its first attempt; the stream has it sent.
    pub(crate) async fn test(
        &self,
        owner: &OwnerId,
        request: &Request,
    ) -> Result<Response, Problem> {
        let endpoint = self.in_use(owner, request).await?;
        let occurrence = match request.mark()? {
            Some(mark) => format!("{owner}#{mark}"),
            None => random::hex::<16>(),
        };
        let now = self.clock.now();
        let event = EventType::EndpointTest;
        let receiver = Receiver::Endpoint(endpoint.id.clone());
        let data = object!({
            "endpoint_id": endpoint.id,
            "message": "This is a test. If its signature is right, so will the others' be.",
        });
        let body = serde_json::to_string(&NoticeBody { event, timestamp: now, data });
        let delivery = Delivery {
            id: MessageId::for_event(&occurrence, event, &receiver.key()),
            owner: owner.clone(),
            job_id: None,
            project_id: None,
            event,
            receiver,
            status: DeliveryStatus::Planned,
            reason: None,
            created_at: now,
            next_attempt_at: Some(now),
            attempts_made: 0,
            replays: 0,
            attempts_before_replay: 0,
            replayed_at: None,
            replay_mark: None,
            body: Some(body.map_err(Problem::unavailable)?),
            attempts: Vec::new(),
        };
        self.store.plan_delivery(&delivery).await.map_err(Problem::unavailable)?;
        let answer = object!({ "delivery_id": delivery.id, "status": delivery.status });
        json(StatusCode::ACCEPTED, &answer)
    }
}
