//! WebSocket connections for live updates: they open, subscribe to topics, and close.
//!
//! Invariants:
//! - A ticket opens one connection: the delete that uses it up answers one caller alone.
//! - A subscription is saved before the state is read that answers it. So an event is in that state,
//!   or its sender finds the subscription, or both; the sequence tells the client which.
//! - A client's mistake is answered and leaves its connection open.
//!
//! What connections are sent afterwards comes from `live-push`.

mod request;
mod subscribe;

use connections::{Connections, Sent};
use domain::links::Links;
use domain::live::Connection;
use domain::{Caller, ConnectionId, OwnerId, Scope, Topic, limits};
use runtime::web_socket::{Handshake, WebSocketFunction};
use runtime::{Clock, Context, Problem, StartError};
use serde_json::{Value, json};
use signing::{api_key, ticket};
use store::Store;

use crate::request::Request;

/// The function.
#[derive(Debug)]
pub struct Live {
    store: Store,
    connections: Connections,
    links: Links,
    clock: Clock,
}

impl WebSocketFunction for Live {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            connections: Connections::new(&context.aws, environment.required("LIVE_ENDPOINT")?),
            links: Links::new(environment.required("API_BASE_URL")?),
            clock: context.clock.clone(),
        })
    }

    async fn connect(&self, id: ConnectionId, handshake: Handshake) -> Result<(), Problem> {
        let (owner, allowed) = self.authenticate(&handshake).await?;
        let end = self.clock.now() + limits::CONNECTION_LIFE;
        self.store.watch(&owner, end).await.map_err(Problem::unavailable)?;
        let connection =
            Connection { id, owner, allowed, topics: Vec::new(), expires_at: Some(end) };
        self.store.save_connection(&connection).await.map_err(Problem::unavailable)
    }

    async fn receive(&self, id: ConnectionId, text: String) -> Result<(), Problem> {
        let connection = self.store.connection(&id).await.map_err(Problem::unavailable)?;
        let now = self.clock.now();
        let is_open = |connection: &Connection| connection.expires_at.is_some_and(|end| now < end);
        let Some(connection) = connection.filter(is_open) else {
            let gone = Problem::gone("The connection has expired. Open another.");
            self.send(&id, &refusal(&gone)).await?;
            return self.connections.close(&id).await.map_err(Problem::unavailable);
        };
        let answer = match self.answer(&connection, &text).await {
            Ok(answer) => answer,
            Err(problem) if problem.cause().is_none() => refusal(&problem),
            Err(problem) => {
                self.send(&id, &refusal(&problem)).await?;
                return Err(problem);
            }
        };
        self.send(&id, &answer).await
    }

    async fn disconnect(&self, id: ConnectionId) -> Result<(), Problem> {
        self.store.forget_connection(&id).await.map_err(Problem::unavailable)
    }
}

impl Live {
    /// The owner of a connection, and the topics that its ticket allows.
    async fn authenticate(
        &self,
        handshake: &Handshake,
    ) -> Result<(OwnerId, Option<Vec<Topic>>), Problem> {
        if let Some(key) = handshake.bearer() {
            let record = self.store.api_key(&api_key::hash(key)).await;
            let caller = record.map_err(Problem::unavailable)?.map(Caller::from);
            let caller =
                caller.ok_or_else(|| Problem::unauthorized("The API key is not valid."))?;
            if !caller.may(Scope::JobsRead) {
                return Err(Problem::forbidden("This API key lacks the scope jobs:read."));
            }
            return Ok((caller.owner, None));
        }
        let missing = || Problem::unauthorized("An API key or a ticket is missing.");
        let hash = ticket::hash(handshake.query("ticket").ok_or_else(missing)?);
        let record = self.store.use_ticket(&hash, self.clock.now()).await;
        let invalid = || Problem::unauthorized("The ticket is not valid, or not any more.");
        let record = record.map_err(Problem::unavailable)?.ok_or_else(invalid)?;
        Ok((record.owner, Some(record.topics)))
    }

    async fn answer(&self, connection: &Connection, text: &str) -> Result<Value, Problem> {
        match Request::parse(text)? {
            Request::Ping => Ok(json!({ "type": "pong" })),
            Request::Subscribe(topic, last) => self.subscribe(connection, &topic, &last).await,
            Request::Unsubscribe(topic) => {
                let (owner, id) = (&connection.owner, &connection.id);
                let unsubscribed = self.store.unsubscribe(owner, &topic, id).await;
                unsubscribed.map_err(Problem::unavailable)?;
                let removed = self.store.remove_topic(id, &topic).await;
                removed.map_err(Problem::unavailable)?;
                Ok(json!({ "type": "unsubscribed", "topic": topic }))
            }
        }
    }

    /// Sends `answer`. A client that does not take it is dropped: it connects again.
    async fn send(&self, id: &ConnectionId, answer: &Value) -> Result<(), Problem> {
        match self.connections.post(id, &answer.to_string()).await.map_err(Problem::unavailable)? {
            Sent::Accepted => return Ok(()),
            Sent::Gone => {}
            Sent::Stuck => {
                tracing::info!(connection_id = %id, "connection dropped");
                self.connections.close(id).await.map_err(Problem::unavailable)?;
            }
        }
        self.store.forget_connection(id).await.map_err(Problem::unavailable)
    }
}

/// What a client is sent whose request has failed.
fn refusal(problem: &Problem) -> Value {
    let (code, detail) = (problem.code(), problem.detail());
    let mut refusal = json!({ "type": "error", "code": code, "detail": detail });
    if let Some(field) = problem.field() {
        refusal["field"] = field.into();
    }
    refusal
}
