//! What a provider's list of its tasks says: the status of many tasks by one call, and whether a
//! submission whose answer was lost has become a task.

use std::collections::HashMap;
use std::time::Duration;

use domain::{Job, JobKind, TaskId, Timestamp};
use outbound::ProviderClient;
use providers::list::{ListPart, ListedTask, TaskPage};
use providers::{Configured, TaskStatus};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::tasks::CallError;

/// How long a list counts as fresh; and how soon after another poll one counts as one of many.
const FRESH: Duration = Duration::from_secs(2);
/// How long before a job became uncertain its task may have been created: a claim whose worker died
/// is noticed after two minutes.
const BEFORE: Duration = Duration::from_mins(5);
/// How long after its creation a task is certainly saved with the job that its submission was for:
/// `dispatch` ends after 60 s.
const SAVED: Duration = Duration::from_mins(1);
/// How many pages of a list are read for one task.
const PAGES: usize = 10;

/// The lists of each provider that were read last.
#[derive(Debug, Default)]
pub(crate) struct Listings(Mutex<HashMap<(&'static str, JobKind), Listing>>);

#[derive(Debug, Default)]
struct Listing {
    polled_at: Option<Timestamp>,
    listed_at: Option<Timestamp>,
    at_work: HashMap<TaskId, TaskStatus>,
}

/// What has become of a submission whose answer was lost.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LookUp {
    /// This task, by its callback URL.
    Found(TaskId),
    /// One of these, which have its input, if it is no other job's; the oldest first. If there is
    /// none, it has become no task.
    Alike(Vec<TaskId>),
    /// The list does not tell.
    Unclear,
}

impl Listings {
    /// The status of a task that is still at work, if a fresh list has it. A list is read only if
    /// another task was polled just before; the others that are polled meanwhile wait for it.
    pub(crate) async fn status(
        &self,
        client: &ProviderClient,
        configured: Configured<'_>,
        kind: JobKind,
        task: &TaskId,
        now: Timestamp,
    ) -> Option<TaskStatus> {
        // Without a list, nobody waits for another's.
        if !configured.has_list(kind) {
            return None;
        }
        let is_fresh = |at: Option<Timestamp>| at.is_some_and(|at| now.since(at) < FRESH);
        let mut listings = self.0.lock().await;
        let listing = listings.entry((configured.provider.name(), kind)).or_default();
        let is_one_of_many = is_fresh(listing.polled_at);
        listing.polled_at = Some(now);
        if !is_one_of_many {
            return None;
        }
        if !is_fresh(listing.listed_at) {
            listing.listed_at = Some(now);
            let page = page(client, configured, kind, &ListPart::Latest).await;
            let tasks = page.ok().flatten().unwrap_or_default().tasks.into_iter();
            let at_work = tasks.filter(|task| !task.status.is_final());
            listing.at_work = at_work.map(|task| (task.id, task.status)).collect();
        }
        listing.at_work.get(task).cloned()
    }
}

/// Looks for the task of `job`, whose submission became uncertain: by its callback URL, or by its
/// `input` where the provider shows no such URL. Other jobs may have the same input, and so may their
/// tasks: those that are so new that their submission may not have been saved yet are passed over.
pub(crate) async fn look_up(
    client: &ProviderClient,
    configured: Configured<'_>,
    job: &Job,
    input: Option<&Value>,
    now: Timestamp,
) -> Result<LookUp, CallError> {
    let from = job.state_since - BEFORE;
    let mut part = ListPart::Between(from, now);
    let mut alike = Vec::new();
    for _ in 0..PAGES {
        let Some(page) = page(client, configured, job.kind(), &part).await? else {
            return Ok(LookUp::Unclear);
        };
        if let Some(task) = page.tasks.iter().find(|task| calls_back_for(task, job)) {
            return Ok(LookUp::Found(task.id.clone()));
        }
        let is_past = |task: &ListedTask| task.created_at.is_some_and(|at| at < from);
        let is_settled = |task: &ListedTask| task.created_at.is_none_or(|at| at + SAVED <= now);
        let is_own_past = |task: &ListedTask| {
            job.history.iter().any(|past| past.provider_task.as_ref() == Some(&task.id))
        };
        let is_alike = |task: &&ListedTask| {
            let is_possible = task.callback_url.is_none() && is_settled(task) && !is_past(task);
            is_possible && Some(&task.input) == input && !is_own_past(task)
        };
        alike.extend(page.tasks.iter().filter(is_alike).map(|task| task.id.clone()));
        match page.next {
            Some(next) if !page.tasks.last().is_some_and(is_past) => part = ListPart::After(next),
            _ => {
                alike.reverse();
                return Ok(LookUp::Alike(alike));
            }
        }
    }
    Ok(LookUp::Unclear)
}

/// Whether `task` was given a callback URL for `job`; see [`providers::Order::callback_url`].
fn calls_back_for(task: &ListedTask, job: &Job) -> bool {
    let parameter = format!("job={}", job.id);
    let query = task.callback_url.as_deref().and_then(|url| url.split_once('?'));
    query.is_some_and(|(_, query)| query.split('&').any(|one| one == parameter))
}

/// A page of the provider's list; `None` if it has no list.
async fn page(
    client: &ProviderClient,
    configured: Configured<'_>,
    kind: JobKind,
    part: &ListPart,
) -> Result<Option<TaskPage>, CallError> {
    let Configured { provider, account } = configured;
    let Some(call) = provider.list(account, kind, part) else { return Ok(None) };
    let answer = client.call(call).await?;
    Ok(Some(provider.listed(&answer.as_answer())?))
}
