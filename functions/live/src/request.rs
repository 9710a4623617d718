//! What a client says on a connection.

use std::collections::HashMap;

use domain::{InvalidField, Topic, limits};
use runtime::Problem;
use runtime::fields::Fields;
use serde::Deserialize;

/// A request.
#[derive(Debug)]
pub(crate) enum Request {
    /// Asks for an answer, which keeps the connection open.
    Ping,
    /// Asks for the events of a topic, and for those after the last that the client has.
    Subscribe(Topic, Last),
    /// Asks for no more events of a topic.
    Unsubscribe(Topic),
}

/// The last sequences that a client has.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Last {
    /// It has none.
    #[default]
    None,
    /// That of the job or project which is the topic.
    One(u32),
    /// Those of jobs and projects by their ids.
    ById(HashMap<String, u32>),
}

impl Last {
    /// The last sequence of the job or project `id`; of the topic's own if there is one alone.
    pub(crate) fn of(&self, id: &str, is_topic: bool) -> Option<u32> {
        match self {
            Self::One(last) if is_topic => Some(*last),
            Self::ById(all) => all.get(id).copied(),
            Self::None | Self::One(_) => None,
        }
    }
}

impl Request {
    /// Reads what a client sent.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        if text.len() > limits::LIVE_MESSAGE_BYTES {
            return Err(Problem::too_large(limits::LIVE_MESSAGE_BYTES));
        }
        let mut fields = Fields::parse(text.as_bytes())?;
        let action = fields.required_text("action")?;
        let request = match action.as_str() {
            "ping" => Self::Ping,
            "subscribe" => {
                let topic = topic(&mut fields)?;
                let last = last(&mut fields, &topic)?;
                Self::Subscribe(topic, last)
            }
            "unsubscribe" => Self::Unsubscribe(topic(&mut fields)?),
            _ => {
                let message = "must be subscribe, unsubscribe or ping";
                return Err(InvalidField::new("action", message).into());
            }
        };
        fields.finish()?;
        Ok(request)
    }
}

fn topic(fields: &mut Fields<'_>) -> Result<Topic, InvalidField> {
    fields.required_text("topic")?.parse()
}

fn last(fields: &mut Fields<'_>, topic: &Topic) -> Result<Last, InvalidField> {
    let must = "must be a sequence, or an object with sequences by the ids of jobs or projects";
    let last: Last = fields.optional("last", must)?.unwrap_or_default();
    match (&last, topic) {
        (Last::One(_), Topic::Owner) | (Last::ById(_), Topic::Job(_)) => {
            let message = match topic {
                Topic::Owner => "must be an object with sequences by the ids of jobs or projects",
                Topic::Job(_) | Topic::Project(_) => "must be a sequence",
            };
            Err(InvalidField::new("last", message))
        }
        (Last::ById(all), _) if all.len() > limits::LAST_SEQUENCES => {
            let message = format!("must have at most {} members", limits::LAST_SEQUENCES);
            Err(InvalidField::new("last", message))
        }
        _ => Ok(last),
    }
}
