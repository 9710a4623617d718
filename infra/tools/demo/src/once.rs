//! What must have happened once, whatever becomes of the providers' webhooks: each task, which is paid,
//! and each webhook to the client.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::sleep;

use crate::api::loopback_client;
use crate::order::ORDERS;
use crate::receiver::Counts;
use crate::{DemoError, Options, film};

/// How long to wait for what may happen a second time: longer than an interval of polls and than the
/// first two retries of a webhook.
const SETTLE: Duration = Duration::from_secs(12);
/// The tasks at Replicate: a training and a prediction.
const MODEL_TASKS: usize = 2;
/// The task of the clipping worker.
const CLIPPING_TASKS: usize = 1;

/// What one provider counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Count {
    pub created: usize,
    pub billed: usize,
    pub webhooks: usize,
}

/// What all providers counted.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Statistics {
    pub runpod: Count,
    pub scenes: Count,
    pub replicate: Count,
    pub clipping: Count,
}

/// What was counted and found right.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Once {
    pub statistics: Statistics,
    pub notified: usize,
}

/// Counts what has happened by the end, and checks it.
pub(crate) async fn check(
    options: &Options,
    studio_url: &str,
    counts: &Counts,
) -> Result<Once, DemoError> {
    if !options.faults().is_empty() {
        sleep(SETTLE).await;
    }
    let what = "GET /statistics";
    let no_answer = |source| DemoError::NoAnswer { what, source };
    let answer = loopback_client()?.get(format!("{studio_url}/statistics")).send().await;
    let statistics: Statistics = answer.map_err(no_answer)?.json().await.map_err(no_answer)?;
    check_tasks(options, &statistics)?;
    let counts = counts.now();
    let all = ORDERS.len() + 1 + MODEL_TASKS + CLIPPING_TASKS;
    expect("the number of different webhooks to the client", all, counts.len())?;
    for (id, count) in &counts {
        expect(&format!("the number of webhooks {id}"), 1, *count)?;
    }
    Ok(Once { statistics, notified: counts.len() })
}

fn check_tasks(options: &Options, statistics: &Statistics) -> Result<(), DemoError> {
    let Statistics { runpod, scenes, replicate, clipping } = statistics;
    for (name, tasks, count) in [
        ("RunPod", ORDERS.len(), runpod),
        ("the scene services", film::TASKS, scenes),
        ("Replicate", MODEL_TASKS, replicate),
        ("the clipping worker", CLIPPING_TASKS, clipping),
    ] {
        expect(&format!("the number of tasks at {name}"), tasks, count.created)?;
        expect(&format!("the number of paid tasks at {name}"), tasks, count.billed)?;
        if options.drop_webhooks {
            expect(&format!("the number of webhooks from {name}"), 0, count.webhooks)?;
        }
        if options.double_webhooks && count.webhooks < 2 * tasks {
            expect(&format!("the number of webhooks from {name}"), 2 * tasks, count.webhooks)?;
        }
    }
    Ok(())
}

fn expect(what: &str, expected: usize, found: usize) -> Result<(), DemoError> {
    if expected == found {
        return Ok(());
    }
    Err(DemoError::NotOnce { what: what.to_owned(), expected, found })
}

impl fmt::Display for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Statistics { runpod, scenes, replicate, clipping } = self.statistics;
        let all = [runpod, scenes, replicate, clipping];
        let paid: usize = all.iter().map(|count| count.billed).sum();
        let webhooks: usize = all.iter().map(|count| count.webhooks).sum();
        let notified = self.notified;
        write!(
            f,
            "Each once: {paid} paid tasks, reported by {webhooks} webhooks of providers and by polls, and \
             {notified} webhooks to the client."
        )
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn options(arguments: &[&str]) -> Options {
        Options::parse_from([&["demo"], arguments].concat())
    }

    fn statistics(webhooks: usize) -> Statistics {
        let count = |tasks| Count { created: tasks, billed: tasks, webhooks };
        Statistics { runpod: count(2), scenes: count(7), replicate: count(2), clipping: count(1) }
    }

    #[test]
    fn a_task_or_a_webhook_too_many_is_an_error() {
        assert!(check_tasks(&options(&[]), &statistics(3)).is_ok());
        let mut twice = statistics(3);
        twice.replicate.created = 3;
        let error = check_tasks(&options(&[]), &twice).unwrap_err().to_string();
        assert_eq!(error, "the number of tasks at Replicate is 3, not 2");
        assert!(check_tasks(&options(&["--drop-webhooks"]), &statistics(0)).is_ok());
        assert!(check_tasks(&options(&["--drop-webhooks"]), &statistics(1)).is_err());
        assert!(check_tasks(&options(&["--double-webhooks"]), &statistics(14)).is_ok());
        assert!(check_tasks(&options(&["--double-webhooks"]), &statistics(13)).is_err());
    }
}
