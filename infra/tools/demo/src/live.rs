//! Follows a job by live events: a ticket, a WebSocket connection, a subscription.

use std::collections::BTreeMap;
use std::fmt;

use domain::Secret;
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::DemoError;
use crate::api::Api;
use crate::display::JobProgress;

/// A connection that is subscribed to one job.
#[derive(Debug)]
pub(crate) struct Live {
    socket: WebSocketStream<TcpStream>,
    topic: String,
    follow: Follow,
}

/// What was heard by the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    pub events: usize,
    /// Those of progress.
    pub progress: usize,
}

/// A message of the server.
#[derive(Debug, Deserialize)]
struct FromServer {
    #[serde(rename = "type")]
    kind: String,
    /// What happened before the subscription.
    #[serde(default)]
    events: Vec<LiveEvent>,
    /// The reason of an error.
    detail: Option<String>,
}

/// An event of the job.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct LiveEvent {
    #[serde(rename = "type")]
    kind: String,
    sequence: u32,
    progress_percent: u64,
    current_step: String,
}

/// Puts the events in order, which may come twice, in another order, or before the answer to the
/// subscription (docs/LIVE.md, the client's rule).
#[derive(Debug, Default)]
struct Follow {
    is_subscribed: bool,
    /// Events that cannot be taken yet, by their sequences.
    held: BTreeMap<u32, LiveEvent>,
    last: u32,
    percent: u64,
    heard: Heard,
}

impl Live {
    /// Opens a connection with a ticket for `job_id`, and subscribes from the first event on.
    pub async fn open(api: &Api, job_id: &str) -> Result<Self, DemoError> {
        let topic = format!("job:{job_id}");
        let socket = connect(&api.live_ticket(&topic).await?).await?;
        let mut live = Self { socket, topic, follow: Follow::default() };
        live.subscribe().await?;
        Ok(live)
    }

    async fn subscribe(&mut self) -> Result<(), DemoError> {
        let last = self.follow.last;
        let request = json!({ "action": "subscribe", "topic": self.topic, "last": last });
        self.socket.send(Message::text(request.to_string())).await.map_err(|error| lost(&error))
    }

    /// Shows the progress of the job, which the demo calls `name`, until it completes.
    pub async fn until_end(
        mut self,
        name: &'static str,
        progress: &JobProgress,
    ) -> Result<Heard, DemoError> {
        loop {
            let message = self.socket.next().await.ok_or_else(|| broken("it was closed".into()))?;
            let Message::Text(text) = message.map_err(|error| lost(&error))? else { continue };
            for event in self.follow.read(&text)? {
                progress.at(event.progress_percent, &format!("{} (live)", event.current_step));
                match event.kind.as_str() {
                    "job.completed" => return Ok(self.follow.heard),
                    "job.failed" | "job.cancelled" => {
                        return Err(DemoError::JobFailed { job: name, reason: event.current_step });
                    }
                    _ => {}
                }
            }
            if self.follow.has_gap() {
                self.subscribe().await?;
            }
        }
    }
}

impl Follow {
    /// The events that a message makes known, in their order.
    fn read(&mut self, text: &str) -> Result<Vec<LiveEvent>, DemoError> {
        let message: FromServer = serde_json::from_str(text)?;
        let is_answer = message.kind == "subscribed";
        let arrived = match message.kind.as_str() {
            "subscribed" => message.events,
            "error" => return Err(broken(message.detail.unwrap_or(message.kind))),
            kind if kind.starts_with("job.") => vec![serde_json::from_str(text)?],
            _ => Vec::new(),
        };
        self.is_subscribed |= is_answer;
        self.held.extend(arrived.into_iter().map(|event| (event.sequence, event)));
        let new = if self.is_subscribed { self.take()? } else { Vec::new() };
        if is_answer && self.has_gap() {
            return Err(broken(format!("the event after {} is not kept", self.last)));
        }
        Ok(new)
    }

    /// Whether an event is held because one before it is missing.
    fn has_gap(&self) -> bool {
        self.is_subscribed && !self.held.is_empty()
    }

    /// Takes those of the held events that are next; an error if the progress falls.
    fn take(&mut self) -> Result<Vec<LiveEvent>, DemoError> {
        self.held = self.held.split_off(&(self.last + 1));
        let mut new = Vec::new();
        while let Some(event) = self.held.remove(&(self.last + 1)) {
            let (before, now) = (self.percent, event.progress_percent);
            if now < before {
                return Err(broken(format!("the progress fell from {before} to {now} %")));
            }
            (self.last, self.percent) = (event.sequence, now);
            self.heard.events += 1;
            self.heard.progress += usize::from(event.kind == "job.progress");
            new.push(event);
        }
        Ok(new)
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { events, progress } = self;
        write!(f, "{events} events by WebSocket in order, {progress} of them progress")
    }
}

async fn connect(url: &Secret) -> Result<WebSocketStream<TcpStream>, DemoError> {
    let rest = url.expose().strip_prefix("ws://").unwrap_or_default();
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let no_server = |source| DemoError::Resource { what: "the WebSocket API".into(), source };
    let stream = TcpStream::connect(host).await.map_err(no_server)?;
    let (socket, _) = client_async(url.expose(), stream).await.map_err(|error| lost(&error))?;
    Ok(socket)
}

fn lost(error: &tokio_tungstenite::tungstenite::Error) -> DemoError {
    broken(error.to_string())
}

const fn broken(reason: String) -> DemoError {
    DemoError::Live { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u32, percent: u64) -> serde_json::Value {
        json!({
            "type": "job.progress", "sequence": sequence, "progress_percent": percent,
            "current_step": format!("Step {sequence}"),
        })
    }

    fn sequences(follow: &mut Follow, message: &serde_json::Value) -> Vec<u32> {
        let events = follow.read(&message.to_string()).unwrap();
        events.iter().map(|event| event.sequence).collect()
    }

    #[test]
    fn events_are_shown_once_and_in_order() {
        let mut follow = Follow::default();
        assert_eq!(sequences(&mut follow, &event(2, 20)), [0; 0], "before the answer");
        let answer = json!({ "type": "subscribed", "events": [event(1, 5), event(2, 20)] });
        assert_eq!(sequences(&mut follow, &answer), [1, 2]);
        assert_eq!(sequences(&mut follow, &event(2, 20)), [0; 0], "a second time");
        assert_eq!(sequences(&mut follow, &event(4, 40)), [0; 0], "too early");
        assert!(follow.has_gap());
        assert_eq!(sequences(&mut follow, &event(3, 30)), [3, 4]);
        assert!(!follow.has_gap());
        assert_eq!(follow.heard, Heard { events: 4, progress: 4 });
    }

    #[test]
    fn a_lost_event_falling_progress_and_a_refusal_are_errors() {
        let answer =
            |events: &[serde_json::Value]| json!({ "type": "subscribed", "events": events });
        let refusal = json!({ "type": "error", "code": "forbidden", "detail": "not yours" });
        for (wrong, reason) in [
            (answer(&[event(3, 60)]), "the event after 1 is not kept"),
            (event(2, 40), "the progress fell from 50 to 40 %"),
            (refusal, "not yours"),
        ] {
            let mut follow = Follow::default();
            follow.read(&answer(&[event(1, 50)]).to_string()).unwrap();
            let error = follow.read(&wrong.to_string()).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
