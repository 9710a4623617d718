//! `POST /v1/live/tickets`: a ticket with which a page, which has no API key, opens one connection for
//! live updates. Only its hash is stored.

use domain::live::TicketRecord;
use domain::time::Rfc3339;
use domain::{InvalidField, Scope, Secret, Topic, limits};
use http::StatusCode;
use runtime::fields::Fields;
use runtime::http::{HttpFunction, Request, Response, json};
use runtime::{Clock, Context, Problem, StartError, random};
use serde::Serialize;
use signing::ticket;
use store::Store;

/// The function.
#[derive(Debug)]
pub struct LiveTicketCreate {
    store: Store,
    url: String,
    clock: Clock,
}

/// A ticket. It is shown once.
// Not in `Debug`: it is a secret.
#[allow(clippy::struct_field_names, reason = "clients read that name")]
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "LiveTicket"))]
pub struct Ticket<'a> {
    /// Opens one connection.
    ticket: &'a str,
    /// Where to open it: the address for live updates with the ticket.
    url: String,
    /// Until when it can be opened.
    expires_at: Rfc3339,
    /// What the connection may subscribe to.
    topics: Vec<String>,
}

impl HttpFunction for LiveTicketCreate {
    fn new(context: &Context) -> Result<Self, StartError> {
        let environment = &context.environment;
        Ok(Self {
            store: Store::new(&context.aws, environment.required("TABLE_NAME")?),
            url: environment.required("LIVE_URL")?.to_owned(),
            clock: context.clock.clone(),
        })
    }

    async fn handle(&self, request: Request) -> Result<Response, Problem> {
        let owner = request.caller(Scope::JobsRead)?.owner;
        let topics = topics(request.optional_fields(limits::SETTINGS_BODY_BYTES)?)?;
        for topic in &topics {
            let exists = self.store.has_topic(&owner, topic).await.map_err(Problem::unavailable)?;
            if !exists {
                return Err(Problem::not_found(format!("There is no {topic}.")));
            }
        }
        let secret = ticket::generate(random::bytes());
        let valid_until = self.clock.now() + limits::TICKET_LIFE;
        let record = TicketRecord { owner, topics, valid_until };
        let saved = self.store.put_ticket(&ticket::hash(secret.expose()), &record).await;
        saved.map_err(Problem::unavailable)?;
        self.answer(&secret, &record)
    }
}

impl LiveTicketCreate {
    fn answer(&self, secret: &Secret, record: &TicketRecord) -> Result<Response, Problem> {
        let ticket = secret.expose();
        let answer = Ticket {
            ticket,
            url: format!("{}?ticket={ticket}", self.url),
            expires_at: record.valid_until.into(),
            topics: record.topics.iter().map(Topic::to_string).collect(),
        };
        json(StatusCode::CREATED, &answer)
    }
}

/// The topics that a request names; everything of the owner's if it names none.
fn topics(mut fields: Fields<'_>) -> Result<Vec<Topic>, Problem> {
    let named: Option<Vec<String>> = fields.optional("topics", "must be a list of topics")?;
    fields.finish()?;
    let Some(named) = named else { return Ok(vec![Topic::Owner]) };
    if !(1..=limits::TOPICS).contains(&named.len()) {
        let message = format!("must have 1 to {} members", limits::TOPICS);
        return Err(InvalidField::new("topics", message).into());
    }
    let mut topics = Vec::new();
    for (place, text) in named.iter().enumerate() {
        let topic = text
            .parse::<Topic>()
            .map_err(|error| InvalidField { field: format!("topics[{place}]"), ..error })?;
        if !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    Ok(topics)
}
