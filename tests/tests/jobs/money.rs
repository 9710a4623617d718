//! Every submission is paid once. Thousands of jobs at a provider that counts money, while answers are
//! lost, functions die before any of their calls, and messages and webhooks come twice.
//!
//! `HOOKREEL_TEST_SUBMISSIONS` says how many jobs, `HOOKREEL_TEST_SEED` which dice.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use domain::{Attempt, Job, JobState};
use futures::{StreamExt, stream};
use hookreel_local::aws::Call;
use queues::Queue;
use queues::message::{Dispatch, Ingest, Message, Reconcile};
use serde_json::json;
use tests::dice::mixed;
use tests::till::{Figures, Task, Till};
use tests::world::Plan;
use tests::{World, seed, templates};

/// How far the clock moves at least. What is due within happens at the same time.
const TICK: Duration = Duration::from_secs(5);
/// How many jobs are created in a tick, and how many of those so far are worked on twice.
const WAVE: usize = 25;
const COPIED: u64 = 3;
/// How many requests are sent at one time.
const AT_ONCE: usize = 8;
/// Of how many calls to AWS one is not made, since the function dies before it.
const CALLS_OF_A_LIFE: u64 = 80;

/// What a function dies of: nothing that it holds survives.
struct Crash;

/// How it all ended.
struct Outcome {
    figures: Figures,
    completed: usize,
    failed: usize,
    /// The jobs that have not ended.
    open: Vec<(String, JobState)>,
    /// Results that were announced, and that their job does not have.
    discarded: Vec<Task>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_submission_is_paid_once_and_no_paid_result_is_discarded() {
    let submissions = usize::try_from(setting("HOOKREEL_TEST_SUBMISSIONS", 300)).unwrap();
    let Outcome { figures, completed, failed, open, discarded } = play(submissions, "wait").await;
    assert!(open.is_empty(), "these jobs have not ended: {open:?}");
    assert_eq!(completed + failed, submissions);
    assert_eq!(figures.paid_twice, 0, "a job was paid again while it might have a result");
    assert!(discarded.is_empty(), "these results are paid and not used: {discarded:#?}");
    assert!(completed * 10 > submissions * 8, "{completed} completed");
}

/// That the provider sees it if a job is paid twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_wants_a_lost_answer_retried_may_pay_twice() {
    let Outcome { figures, open, .. } = play(60, "retry").await;
    assert!(open.is_empty(), "these jobs have not ended: {open:?}");
    assert!(figures.paid_twice > 0, "{figures:?}");
}

/// Runs that many jobs to their end.
async fn play(submissions: usize, on_uncertain: &str) -> Outcome {
    let seed = setting("HOOKREEL_TEST_SEED", 7);
    println!("{submissions} jobs, seed {seed}");
    let till = Till::start(seed).await;
    let environment = vec![
        ("RUNPOD_BASE_URL", till.url().to_owned()),
        ("RUNPOD_ON_UNCERTAIN", on_uncertain.to_owned()),
    ];
    let world = World::start(Plan { environment, ..Plan::default() }).await;
    till.set_clock(world.clock.clone());
    let crashes = crash_at_random(&world, seed);

    let mut ids = Vec::new();
    let (mut copies, mut ticks) = (0, 0);
    loop {
        let wave = ids.len()..submissions.min(ids.len() + WAVE);
        let created = stream::iter(wave).map(|order| create(&world, order)).buffered(AT_ONCE);
        ids.extend(created.collect::<Vec<_>>().await);
        for copy in 0..COPIED {
            let dice = usize::try_from(mixed(mixed(seed ^ ticks) ^ copy) >> 32).unwrap();
            copies += repeat_messages(&world, &ids[dice % ids.len()]).await;
        }
        settle(&world, &till).await;
        ticks += 1;
        let is_due = [world.cloud.next_due(), till.next_due()].into_iter().flatten().min();
        match is_due {
            Some(due) => world.pass(due.since(world.clock.now()).max(TICK)),
            None if ids.len() == submissions => break,
            None => world.pass(TICK),
        }
    }
    println!("{copies} messages repeated, {} crashes", crashes.load(Ordering::SeqCst));
    outcome(&world, &till, &ids).await
}

async fn outcome(world: &World, till: &Till, ids: &[String]) -> Outcome {
    let (figures, tasks) = (till.figures(), till.tasks());
    let (mut failed, mut open, mut kept) = (0, Vec::new(), HashSet::new());
    for id in ids {
        let job = job(world, id).await;
        match job.state {
            JobState::Completed => {
                let source = job.source.as_ref().and_then(|source| source.main()).unwrap();
                kept.insert(till.task_at(&source.url));
            }
            JobState::Failed => failed += 1,
            state => open.push((id.clone(), state)),
        }
    }
    let paid = tasks.len();
    let unused = |(number, task): &(usize, Task)| task.has_result && !kept.contains(number);
    let unused: Vec<_> = tasks.into_iter().enumerate().filter(unused).collect();
    let (discarded, unknown): (Vec<_>, Vec<_>) =
        unused.into_iter().map(|(_, task)| task).partition(|task| task.is_announced);
    println!(
        "{} completed, {failed} failed, {paid} tasks paid, of them {} twice; {} results discarded, \
         {} never announced\n{figures:?}",
        kept.len(),
        figures.paid_twice,
        discarded.len(),
        unknown.len(),
    );
    Outcome { figures, completed: kept.len(), failed, open, discarded }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().expect("a number"))
}

/// Has the functions die before a call to AWS now and then; counts how often.
fn crash_at_random(world: &World, seed: u64) -> Arc<AtomicUsize> {
    let (crashes, calls) = (Arc::new(AtomicUsize::new(0)), AtomicU64::new(0));
    let counted = Arc::clone(&crashes);
    let rule = move |call: &Call| {
        let is_function = !matches!(&*call.caller, "http" | "tests");
        let dice = mixed(seed ^ calls.fetch_add(1, Ordering::SeqCst));
        if is_function && dice.is_multiple_of(CALLS_OF_A_LIFE) {
            counted.fetch_add(1, Ordering::SeqCst);
            // Unlike a panic, it is not reported: it is no fault of the test's.
            std::panic::resume_unwind(Box::new(Crash));
        }
        None
    };
    world.cloud.aws().calls().inject(Arc::new(rule));
    crashes
}

/// Creates a job, as a good client does: again under the same key if that fails.
async fn create(world: &World, order: usize) -> String {
    let key = format!("order-{order}");
    let body = json!({ "text": format!("Akkam {order}"), "language": "om" }).to_string();
    loop {
        let headers = [("idempotency-key", key.as_str())];
        let answer = world.client.post_with("/v1/tts/async", &headers, body.clone()).await;
        if answer.status == 202 {
            return answer.json()["job_id"].as_str().unwrap().to_owned();
        }
        assert!(answer.status >= 500, "{answer:?}");
    }
}

/// Sends once more what may have been sent about a job that has not ended, as SQS may. How many
/// messages.
async fn repeat_messages(world: &World, id: &str) -> usize {
    let job = job(world, id).await;
    if job.state.is_terminal() {
        return 0;
    }
    let before =
        Dispatch { last_attempt: Attempt(job.attempt.0.saturating_sub(1)), ..Dispatch::of(&job) };
    send(world, "dispatch", &[before, Dispatch::of(&job)]).await;
    send(world, "ingest", &[Ingest::of(&job)]).await;
    send(world, "reconcile", &[Reconcile::once(&job)]).await;
    4
}

async fn send<M: Message + Clone>(world: &World, function: &str, messages: &[M]) {
    let aws = world.cloud.aws();
    let queue = Queue::new(&aws.sdk_config("tests"), aws.queue_url(&templates::queue(function)));
    let messages: Vec<_> =
        messages.iter().map(|message| (message.clone(), Duration::ZERO)).collect();
    queue.send_all(&messages).await.unwrap();
}

/// Resolves when nothing more happens at this time, the provider's webhooks included.
async fn settle(world: &World, till: &Till) {
    loop {
        world.quiet().await;
        if !till.send_due().await {
            return;
        }
    }
}

async fn job(world: &World, id: &str) -> Job {
    world.store().job(&seed::job_id(id)).await.unwrap().unwrap()
}
