//! The tasks of a provider, what became of each, and what dice say of a submission.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use domain::Timestamp;
use http::Method;
use runtime::Clock;
use serde_json::{Value, json};

use crate::Client;
use crate::dice::mixed;

/// How long after its submission a task is certainly dead, as it is sent along.
const TIME_TO_LIVE: Duration = Duration::from_hours(4);
/// How long a webhook that was not taken waits before it is sent again.
const RETRY: Duration = Duration::from_secs(10);

/// What the provider has counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Submissions that came.
    pub submissions: usize,
    /// Of those, the ones that were refused for certain.
    pub refused: usize,
    /// Those answered with an error that leaves their fate open, without a task.
    pub failed: usize,
    /// Tasks whose answer was lost on its way.
    pub lost_answers: usize,
    /// Tasks whose answer was an error.
    pub late_errors: usize,
    /// Tasks that were lost by the provider.
    pub lost_tasks: usize,
    /// Results of which no webhook was sent.
    pub dropped_webhooks: usize,
    /// Webhooks that were sent twice.
    pub doubled_webhooks: usize,
    /// Tasks begun while an earlier one of the same job might still come to a result, or had.
    pub paid_twice: usize,
}

/// A task: from its submission on, it is paid.
#[derive(Debug, Clone)]
pub struct Task {
    /// The job that it was submitted for.
    pub job: String,
    /// Whether it makes a file.
    pub has_result: bool,
    /// Whether its result was announced, by a webhook that was taken or by its status.
    pub is_announced: bool,
    pub(super) ends_at: Timestamp,
    pub(super) ends: End,
    created_at: Timestamp,
    pub(super) is_known_dead: bool,
    callback: String,
    pub(super) webhooks: Vec<Timestamp>,
    pub(super) fetches: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    File,
    Failed,
    Lost,
}

/// The answer to a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Accepted,
    AfterWebhook,
    Lost,
    LateError(u16),
    Error(u16),
    Refused(u16),
}

/// The tasks of a provider, and what they cost.
pub(super) struct Books {
    seed: u64,
    url: String,
    clock: OnceLock<Clock>,
    client: Client,
    open: Mutex<Open>,
}

#[derive(Default)]
pub(super) struct Open {
    pub(super) figures: Figures,
    pub(super) tasks: Vec<Task>,
    /// How often each job was submitted, and its tasks.
    jobs: HashMap<String, (u64, Vec<usize>)>,
}

impl Figures {
    fn count(&mut self, answer: Answer) {
        self.submissions += 1;
        match answer {
            Answer::Accepted | Answer::AfterWebhook => {}
            Answer::Lost => self.lost_answers += 1,
            Answer::LateError(_) => self.late_errors += 1,
            Answer::Error(_) => self.failed += 1,
            Answer::Refused(_) => self.refused += 1,
        }
    }
}

impl Answer {
    /// What two dice say.
    fn of(kind: u64, error: u64) -> Self {
        let one = |of: [u16; 4]| of[usize::try_from(error % 4).unwrap()];
        match kind {
            0..60 => Self::Accepted,
            60..68 => Self::AfterWebhook,
            68..78 => Self::Lost,
            78..87 => Self::LateError(one([500, 502, 504, 524])),
            87..91 => Self::Error(one([500, 502, 504, 524])),
            _ => Self::Refused(one([429, 503, 429, 503])),
        }
    }
}

impl Task {
    /// Whether it has come to a result that was announced, or may still.
    fn may_have_result(&self, now: Timestamp) -> bool {
        !self.is_known_dead && (self.is_announced || now < self.created_at + TIME_TO_LIVE)
    }
}

impl Open {
    /// Begins `task`, which is paid from now on; its place.
    fn begin(&mut self, task: Task) -> usize {
        let (number, now) = (self.tasks.len(), task.created_at);
        let (_, of_job) = self.jobs.entry(task.job.clone()).or_default();
        let is_paid_twice = of_job.iter().any(|task| self.tasks[*task].may_have_result(now));
        of_job.push(number);
        self.figures.paid_twice += usize::from(is_paid_twice);
        self.figures.lost_tasks += usize::from(task.ends == End::Lost);
        let is_silent = task.has_result && task.webhooks.is_empty();
        self.figures.dropped_webhooks += usize::from(is_silent);
        self.figures.doubled_webhooks += task.webhooks.len().saturating_sub(1);
        self.tasks.push(task);
        number
    }
}

impl Books {
    pub(super) fn new(seed: u64, url: &str) -> Self {
        Self {
            seed,
            url: url.to_owned(),
            clock: OnceLock::new(),
            client: Client::new("", None),
            open: Mutex::default(),
        }
    }

    pub(super) fn set_clock(&self, clock: Clock) {
        assert!(self.clock.set(clock).is_ok(), "it has one clock");
    }

    pub(super) fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.get().expect("it has a clock").now()
    }

    /// The dice of a submission: 0 to 99, different for each `throw`.
    fn dice(&self, text: &str, submission: u64, throw: u64) -> u64 {
        let order: u64 = text.rsplit(' ').next().unwrap().parse().unwrap();
        mixed(mixed(mixed(self.seed ^ order) ^ submission) ^ throw) % 100
    }

    /// Takes a submission: the answer to it, and the task if there is one.
    pub(super) fn take(&self, input: &Value) -> (Answer, usize) {
        let text = |name: &str| input[name].as_str().unwrap().to_owned();
        let (now, job) = (self.now(), text("job_id"));
        let mut open = self.open();
        let submission = {
            let (submissions, _) = open.jobs.entry(job.clone()).or_default();
            *submissions += 1;
            *submissions
        };
        let dice = |throw| self.dice(&text("text"), submission, throw);
        let answer = Answer::of(dice(0), dice(1));
        open.figures.count(answer);
        if matches!(answer, Answer::Error(_) | Answer::Refused(_)) {
            return (answer, 0);
        }
        let ends = match dice(2) {
            0..86 => End::File,
            86..93 => End::Failed,
            _ => End::Lost,
        };
        let is_done = answer == Answer::AfterWebhook;
        let ends_at = now + Duration::from_secs(if is_done { 0 } else { 2 + 6 * dice(3) });
        let webhooks = match dice(4) {
            _ if ends != End::File => Vec::new(),
            0..15 if !is_done => Vec::new(),
            15..70 => vec![ends_at],
            70..90 => vec![ends_at; 2],
            _ => vec![ends_at, ends_at + Duration::from_secs(40)],
        };
        let task = Task {
            job,
            has_result: ends == End::File,
            is_announced: false,
            ends_at,
            ends,
            created_at: now,
            is_known_dead: false,
            callback: text("webhook_url"),
            webhooks,
            fetches: 0,
        };
        (answer, open.begin(task))
    }

    /// Sends a webhook that says where the file of a task is, and once more later if it is not
    /// taken.
    pub(super) async fn announce(&self, number: usize) {
        let (job, callback) = {
            let task = &self.open().tasks[number];
            (task.job.clone(), task.callback.clone())
        };
        let body = self.result(number, &job).to_string();
        let sent = self.client.try_send(Method::POST, &callback, &[], body.into()).await;
        let is_taken = sent.is_ok_and(|answer| (200..300).contains(&answer.status));
        let again = self.now() + RETRY;
        let task = &mut self.open().tasks[number];
        task.is_announced |= is_taken;
        if !is_taken {
            task.webhooks.push(again);
        }
    }

    pub(super) fn result(&self, number: usize, job: &str) -> Value {
        json!({
            "job_id": job,
            "download_url": format!("{}/output/task-{number}", self.url),
            "confirmation_url": format!("{}/confirm/task-{number}", self.url),
            "filename": "sample.wav",
        })
    }
}
