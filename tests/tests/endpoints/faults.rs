//! A fault at every AWS call of the routes about webhooks, before its effect and after it with
//! the answer lost: a client that repeats its request ends where it would have without.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::OwnerId;
use futures::{StreamExt, stream};
use hookreel_local::aws::{Call, Fault};
use http::Method;
use serde_json::{Value, json};
use store::{DeliveryFilter, InboundCursor, InboundFilter};
use tests::sent::Sent;
use tests::world::START;
use tests::{Answer, World, seed, seed_webhooks};

use crate::functions::permissions;

/// How many cases run at one time.
const AT_ONCE: usize = 6;
/// How often a client repeats a request that was answered with 5xx.
const RETRIES: usize = 5;

/// A request of a client.
#[derive(Debug, Clone)]
struct Route {
    function: &'static str,
    method: Method,
    path: &'static str,
    body: Value,
}

fn routes() -> Vec<Route> {
    let since = json!({ "since": START.to_string() });
    let route = |function, method, path, body| Route { function, method, path, body };
    let url = json!({ "url": "https://hooks.example.com/new" });
    let inbound = "/v1/inbound/in_1767225600000_0101010101010101_job_completed/replay";
    vec![
        route("endpoints", Method::POST, "/v1/endpoints", url.clone()),
        route("endpoints", Method::GET, "/v1/endpoints", Value::Null),
        route("endpoints", Method::GET, "/v1/endpoints/ep_sample", Value::Null),
        route("endpoints", Method::PATCH, "/v1/endpoints/ep_sample", url),
        route("endpoints", Method::DELETE, "/v1/endpoints/ep_sample", Value::Null),
        route("endpoints", Method::GET, "/v1/endpoints/ep_sample/secret", Value::Null),
        route("endpoints", Method::POST, "/v1/endpoints/ep_sample/rotate-secret", json!({})),
        route("endpoints", Method::POST, "/v1/endpoints/ep_sample/test", json!({})),
        route("endpoints", Method::POST, "/v1/endpoints/ep_sample/recover", since),
        route("endpoints", Method::GET, "/v1/webhook-secret", Value::Null),
        route("endpoints", Method::POST, "/v1/webhook-secret/rotate", json!({})),
        route("deliveries", Method::GET, "/v1/deliveries", Value::Null),
        route("deliveries", Method::GET, "/v1/deliveries/msg_sample", Value::Null),
        route("deliveries", Method::POST, "/v1/deliveries/msg_sample/replay", json!({})),
        route("inbound", Method::GET, "/v1/inbound", Value::Null),
        route("inbound", Method::POST, inbound, json!({})),
    ]
}

/// A call of a route that is to fail: the `nth` of that operation, from 0.
#[derive(Debug, Clone)]
struct Case {
    route: Route,
    operation: String,
    nth: usize,
    fault: Fault,
    /// What the table holds when nothing fails.
    end: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_survives_a_fault_at_every_call() {
    let mut cases = Vec::new();
    for route in routes() {
        cases.extend(cases_of(route).await);
    }
    let count = cases.len();
    assert!(count > 50, "every route makes calls: {count}");
    let runs = stream::iter(cases).map(|case| tokio::spawn(run(case))).buffer_unordered(AT_ONCE);
    let failed: Vec<_> = runs.filter_map(async |run| run.unwrap().err()).collect().await;
    println!("{count} cases, {} failed", failed.len());
    assert!(failed.is_empty(), "{} of {count} cases failed: {failed:#?}", failed.len());
}

async fn world() -> World {
    let world = World::frozen().await;
    for job in seed::sample_jobs("http://127.0.0.1:8791") {
        seed::put(&world, job).await;
    }
    seed_webhooks::put(&world).await;
    world
}

async fn cases_of(route: Route) -> Vec<Case> {
    let world = world().await;
    Sent::begin(&world);
    let answer = insist(&world, &route).await;
    assert!(answer.status < 300, "{route:?}: {answer:?}");
    let sent = Sent::so_far(&world).by(route.function);
    permissions::assert_allowed(&sent);
    let end = end(&world).await;
    let mut seen: Vec<String> = Vec::new();
    let mut cases = Vec::new();
    for record in sent.records() {
        let operation = record.call.operation.clone();
        let nth = seen.iter().filter(|earlier| **earlier == operation).count();
        seen.push(operation.clone());
        for fault in [Fault::BeforeEffect, Fault::AfterEffect] {
            let (route, operation, end) = (route.clone(), operation.clone(), end.clone());
            cases.push(Case { route, operation, nth, fault, end });
        }
    }
    cases
}

async fn run(case: Case) -> Result<(), String> {
    let world = world().await;
    let hits = inject(&world, &case);
    let answer = insist(&world, &case.route).await;
    let Case { route, operation, nth, fault, end: expected } = &case;
    let name = format!("{} {}: {operation} {nth}, {fault:?}", route.method, route.path);
    // What a delete has deleted is not there when it is repeated.
    let deleted = route.method == Method::DELETE && answer.status == 404;
    let found = end(&world).await;
    if hits.load(Ordering::SeqCst) == 0 {
        Err(format!("{name}: the call was not made, so this proves nothing"))
    } else if answer.status >= 300 && !deleted {
        Err(format!("{name}: {answer:?}"))
    } else if found != *expected {
        Err(format!("{name}: the table holds {found}, and not {expected}"))
    } else {
        Ok(())
    }
}

/// Sends the request, and retries it under its key until it is answered.
async fn insist(world: &World, route: &Route) -> Answer {
    let body = if route.body.is_null() { String::new() } else { route.body.to_string() };
    let key = [("Idempotency-Key", "one")];
    for _ in 0..RETRIES {
        let sent =
            world.client.try_send(route.method.clone(), route.path, &key, body.clone().into());
        let answer = sent.await.expect("the API answers");
        if answer.status < 500 {
            return answer;
        }
    }
    panic!("{route:?} is never answered");
}

/// All that the routes can change.
async fn end(world: &World) -> String {
    let (store, owner) = (world.store(), OwnerId::new(seed::OWNER));
    let mut endpoints = store.endpoints(&owner).await.unwrap();
    // Random in each world.
    for endpoint in &mut endpoints {
        endpoint.salt = None;
    }
    let signing = store.owner_signing(&owner).await.unwrap();
    let all = DeliveryFilter::default();
    let deliveries = store.list_deliveries(&owner, &all, 100, None).await.unwrap();
    let inbound = InboundFilter::default();
    let inbound =
        store.list_inbound(&owner, &inbound, 100, InboundCursor::default()).await.unwrap();
    // The bodies hold addresses that differ from world to world.
    let inbound: Vec<_> =
        inbound.items.iter().map(|one| (&one.id, one.outcome, one.replayed_at)).collect();
    format!("{endpoints:?} {signing:?} {:?} {inbound:?}", deliveries.items)
}

/// Makes the call of `case` fail on every retry; counts the failures.
fn inject(world: &World, case: &Case) -> Arc<AtomicUsize> {
    let hits = Arc::new(AtomicUsize::new(0));
    let (counted, case) = (Arc::clone(&hits), case.clone());
    let seen = Mutex::new(Vec::new());
    let rule = move |call: &Call| {
        if *call.caller != *case.route.function || call.operation != case.operation {
            return None;
        }
        let mut seen = seen.lock().unwrap();
        if !seen.contains(&call.invocation) {
            seen.push(call.invocation);
        }
        let nth = seen.iter().position(|invocation| *invocation == call.invocation);
        (nth == Some(case.nth)).then(|| {
            counted.fetch_add(1, Ordering::SeqCst);
            case.fault
        })
    };
    world.cloud.aws().calls().inject(Arc::new(rule));
    hits
}
