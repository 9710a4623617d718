//! A client's messages: each invokes the function of its route, and nothing waits for another's end.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio_tungstenite::tungstenite::Message;

use super::connections::Opened;
use super::{Live, event, message, request_id};

impl Live {
    /// Invokes the function for `sent` while its `permit` is held.
    pub(super) async fn receive(
        self: Arc<Self>,
        opened: Arc<Opened>,
        sent: Message,
        permit: OwnedSemaphorePermit,
    ) {
        let (body, is_binary) = match &sent {
            Message::Binary(bytes) => (STANDARD.encode(bytes), true),
            _ => (sent.to_text().unwrap_or_default().to_owned(), false),
        };
        let (id, peer) = (request_id(), opened.peer());
        let problem = |text: &str| opened.send(message(text, Some(&peer.id), &id));
        let key = self.route_key(&body);
        let Some(route) = self.route(&key) else { return problem("Forbidden") };
        let event = event::message(peer, &key, (&body, is_binary), &id, self.clock.now());
        match self.invoke(route, event).await {
            Some(returned) if route.responds => {
                if let Some(text) = returned["body"].as_str() {
                    opened.send(text.to_owned());
                }
            }
            Some(_) => {}
            None => problem("Internal server error"),
        }
        drop(permit);
    }

    /// The route of a message: the value of its selector, if there is such a route.
    fn route_key(&self, body: &str) -> String {
        let body: Option<Value> = serde_json::from_str(body).ok();
        let chosen = body.as_ref().and_then(|body| body[&self.api.selector].as_str());
        let chosen = chosen.filter(|key| !key.starts_with('$') && self.route(key).is_some());
        chosen.unwrap_or("$default").to_owned()
    }
}
