//! The events of a batch for live updates: what they say, and handing them over by owner.

use std::time::Duration;

use domain::links::Links;
use domain::live::LiveEvent;
use domain::live::images::Image;
use domain::{Job, OwnerId, Project, Timestamp, Topic};
use queues::message::{Live, Pushed};
use serde_json::Result;

use crate::{Relay, RelayError};

/// An event, whose it is and when it happened.
#[derive(Debug)]
pub(crate) struct OwnedEvent {
    owner: OwnerId,
    at: Timestamp,
    pushed: Pushed,
}

/// The event that the change of a job from `old` to `new` is, if it is one.
pub(crate) fn of_job(old: Option<&Job>, new: &Job, links: &Links) -> Result<Option<OwnedEvent>> {
    if new.sequence == old.map_or(0, |old| old.sequence) {
        return Ok(None);
    }
    let image = Image::latest(new);
    let event = serde_json::to_string(&LiveEvent::of_job(&image, links))?;
    let at = image.at.unwrap_or(new.state_since);
    let pushed = Pushed { topics: Topic::of_job(new), event };
    Ok(Some(OwnedEvent { owner: new.owner.clone(), at, pushed }))
}

/// The event that the change of a project from `old` to `new` is, if it is one.
pub(crate) fn of_project(
    old: Option<&Project>,
    new: &Project,
    links: &Links,
) -> Result<Option<OwnedEvent>> {
    if new.sequence == old.map_or(0, |old| old.sequence) {
        return Ok(None);
    }
    let event = serde_json::to_string(&LiveEvent::of_project(new, links))?;
    let pushed = Pushed { topics: Topic::of_project(&new.id), event };
    Ok(Some(OwnedEvent { owner: new.owner.clone(), at: new.status_since, pushed }))
}

impl Relay {
    /// A message for each owner of `events` that may have connections, with the owner's events in
    /// their order.
    pub(crate) async fn live_messages(
        &self,
        events: Vec<OwnedEvent>,
    ) -> std::result::Result<Vec<(Live, Duration)>, RelayError> {
        let mut owners: Vec<(Timestamp, Live)> = Vec::new();
        for OwnedEvent { owner, at, pushed } in events {
            match owners.iter_mut().find(|(_, message)| message.owner == owner) {
                Some((first, message)) => {
                    *first = at.min(*first);
                    message.events.push(pushed);
                }
                None => owners.push((at, Live { owner, events: vec![pushed] })),
            }
        }
        let mut messages = Vec::new();
        for (first, message) in owners {
            if self.store.is_watched(&message.owner, first).await? {
                messages.push((message, Duration::ZERO));
            }
        }
        Ok(messages)
    }
}
