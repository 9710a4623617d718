//! A fault at every AWS call of every function, before its effect and after it with the answer
//! lost, on every retry of the SDK: nothing acknowledged is lost, nothing takes effect twice.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::{FutureExt, StreamExt, stream};
use hookreel_local::aws::{Call, Fault};
use tests::World;
use tests::sent::Sent;

use crate::functions::permissions;
use crate::jobs::flows::Flow;

/// How many cases run at one time.
const AT_ONCE: usize = 6;

/// One call of a story: the `nth` one that `caller` makes to that operation, from 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    caller: String,
    operation: String,
    nth: usize,
}

/// What happens when nothing fails. Whatever does fail, its end must be the same.
pub trait Story: Debug + Copy + Send + Sync + 'static {
    /// A world in which the story can be told.
    fn world(self) -> impl Future<Output = World> + Send;

    /// Tells the story to its end, and checks that end.
    fn run(self, world: &World) -> impl Future<Output = ()> + Send;
}

/// A story with one fault in it.
#[derive(Debug, Clone)]
struct Case<S> {
    story: S,
    place: Place,
    fault: Fault,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_job_survives_a_fault_at_every_call() {
    survives(Flow::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_provider_says_nothing_survives_a_fault_at_every_call() {
    survives(Flow::Unannounced).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_whose_receiver_fails_survives_a_fault_at_every_call() {
    survives(Flow::Redelivered).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_job_survives_a_fault_at_every_call() {
    survives(Flow::Cancelled).await;
}

/// Tells the story without a fault, and then once for each of its calls and each fault.
pub async fn survives<S: Story>(story: S) {
    survives_at(story, |_, _| true).await;
}

/// The same for the calls that `chosen` names by caller and operation; how many cases there were.
pub async fn survives_at<S: Story>(story: S, chosen: impl Fn(&str, &str) -> bool) -> usize {
    let mut places = places(story).await;
    places.retain(|place| chosen(&place.caller, &place.operation));
    let cases: Vec<_> = places
        .iter()
        .flat_map(|place| {
            let case = |fault| Case { story, place: place.clone(), fault };
            [case(Fault::BeforeEffect), case(Fault::AfterEffect)]
        })
        .collect();
    let failed: Vec<_> = stream::iter(cases.clone())
        .map(|case| tokio::spawn(outcome(case)))
        .buffer_unordered(AT_ONCE)
        .filter_map(async |outcome| outcome.unwrap().err())
        .collect()
        .await;
    println!("{story:?}: {} calls, {} cases, {} failed", places.len(), cases.len(), failed.len());
    assert!(failed.is_empty(), "{} of {} cases failed: {failed:#?}", failed.len(), cases.len());
    cases.len()
}

/// The calls that the story makes when nothing fails.
pub async fn calls<S: Story>(story: S) -> Sent {
    let world = story.world().await;
    Sent::begin(&world);
    story.run(&world).await;
    Sent::so_far(&world)
}

async fn places<S: Story>(story: S) -> Vec<Place> {
    let sent = calls(story).await;
    permissions::assert_allowed(&sent);
    let mut places: Vec<Place> = Vec::new();
    for record in sent.records().iter().filter(|record| record.call.attempt == 1) {
        let (caller, operation) = (record.call.caller.to_string(), record.call.operation.clone());
        let same = |place: &&Place| place.caller == caller && place.operation == operation;
        let nth = places.iter().filter(same).count();
        places.push(Place { caller, operation, nth });
    }
    let functions: BTreeSet<_> = places.iter().map(|place| place.caller.as_str()).collect();
    assert!(functions.len() >= 6, "the story leads through the functions: {functions:?}");
    places
}

/// Runs one case; a panic in it becomes a line that names it.
async fn outcome<S: Story>(case: Case<S>) -> Result<(), String> {
    let result = std::panic::AssertUnwindSafe(run(&case)).catch_unwind().await;
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        format!("{case:?}: {}", text.unwrap_or_else(|| "see above".to_owned()))
    })
}

async fn run<S: Story>(case: &Case<S>) {
    let world = case.story.world().await;
    let hits = inject(&world, case);
    case.story.run(&world).await;
    assert!(hits.load(Ordering::SeqCst) > 0, "the call was not made, so this proves nothing");
}

/// Makes the call of `case` fail, however often it is tried; counts the failures.
fn inject<S: Story>(world: &World, case: &Case<S>) -> Arc<AtomicUsize> {
    let hits = Arc::new(AtomicUsize::new(0));
    let (counted, case) = (Arc::clone(&hits), case.clone());
    let seen = Mutex::new(Vec::new());
    let rule = move |call: &Call| {
        if *call.caller != *case.place.caller || call.operation != case.place.operation {
            return None;
        }
        let mut seen = seen.lock().unwrap();
        if !seen.contains(&call.invocation) {
            seen.push(call.invocation);
        }
        let nth = seen.iter().position(|invocation| *invocation == call.invocation);
        (nth == Some(case.place.nth)).then(|| {
            counted.fetch_add(1, Ordering::SeqCst);
            case.fault
        })
    };
    world.cloud.aws().calls().inject(Arc::new(rule));
    hits
}
