//! A deployment without `ApiBaseUrl`: links and callbacks lead to the API's own address.

use std::collections::BTreeSet;
use std::path::Path;

use hookreel_studio::Faults;
use serde_json::{Value, json};
use tests::world::Plan;
use tests::{World, samples, templates};

/// By what API Gateway names the API in an event.
const DOMAIN: &str = "abc123.execute-api.us-east-1.amazonaws.com";
/// What a sender writes into headers.
const FORGED: &str = "forged.example";

/// A request to each function whose answers have links.
const WITH_LINKS: [(&str, &str); 15] = [
    ("clipping-create", "video"),
    ("job-cancel", "pending"),
    ("job-cancel", "step-of-project"),
    ("job-get", "completed"),
    ("job-list", "all"),
    ("models", "ready"),
    ("prediction-create", "version"),
    ("project-change", "cancel-queued"),
    ("project-create", "two-scenes"),
    ("project-get", "completed"),
    ("project-get", "list"),
    ("provider-webhook", "runpod-file-ready"),
    ("provider-webhook", "runpod-unknown-job"),
    ("training-create", "training"),
    ("tts-create", "text"),
];

/// The sample event, from API Gateway's `stage` and with a sender that names another host.
fn event(world: &World, function: &str, case: &str, stage: &str) -> Value {
    let file = templates::root().join(format!("events/{function}/{case}.json"));
    let mut event = samples::event(Path::new(&file), world);
    event["requestContext"]["domainName"] = json!(DOMAIN);
    event["requestContext"]["stage"] = json!(stage);
    for header in ["host", "x-forwarded-host", "forwarded"] {
        event["headers"][header] = json!(FORGED);
    }
    event
}

async fn answer(world: &World, function: &str, case: &str, stage: &str) -> String {
    let answer = world.cloud.invoke(function, event(world, function, case, stage)).await.unwrap();
    answer["body"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn links_begin_with_the_domain_of_api_gateway_and_not_with_a_header() {
    let world = samples::world_with("").await;
    for (function, case) in WITH_LINKS {
        let answer = answer(&world, function, case, "$default").await;
        assert!(answer.contains(&format!("https://{DOMAIN}/v1/")), "{function} {case}: {answer}");
        assert!(!answer.contains(FORGED), "{function} {case}: {answer}");
    }
    let staged = answer(&world, "job-get", "completed", "prod").await;
    assert!(staged.contains(&format!("https://{DOMAIN}/prod/v1/jobs/")), "{staged}");

    let set = samples::world().await;
    let answer = answer(&set, "job-get", "completed", "$default").await;
    assert!(answer.contains(samples::API) && !answer.contains(DOMAIN), "{answer}");
}

#[test]
fn each_function_with_routes_and_links_is_asked() {
    let functions = templates::resolved().functions.iter();
    let with_links = functions.filter(|function| {
        function.environment.contains_key("API_BASE_URL") && !function.routes.is_empty()
    });
    let with_links: BTreeSet<_> = with_links.map(|function| &*function.name).collect();
    let asked: BTreeSet<_> = WITH_LINKS.iter().map(|(function, _)| *function).collect();
    assert_eq!(asked, with_links);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callbacks_and_webhooks_lead_to_the_api() {
    let environment = vec![("ApiBaseUrl", String::new())];
    let studio = Some(Faults::default());
    let world = World::start(Plan { environment, studio, ..Plan::default() }).await;
    let job = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    // It ends by the worker's callback, at a URL that `dispatch` has made.
    world.run_until_job(&job, "completed").await;
    world.run_until("the webhook comes", async || !world.receiver.webhooks().is_empty()).await;
    let webhook = world.receiver.webhooks()[0].json().to_string();
    assert!(webhook.contains(&format!("{}/v1/download/", world.cloud.api_url())), "{webhook}");
}
