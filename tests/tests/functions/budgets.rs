//! What each step costs, in calls to AWS, counted where they are made.

use std::time::Duration;

use serde_json::json;
use tests::World;
use tests::sent::Sent;

/// Shown by `cargo test -p tests budgets -- --nocapture`.
fn print(what: &str, sent: &Sent) {
    println!("{what}:\n{}", sent.report());
}

#[tokio::test]
async fn creating_a_job_is_one_write() {
    let world = World::frozen().await;
    for (what, text) in
        [("short", "Akkam jirta?".to_owned()), ("long", "Nagaa jirtaa. ".repeat(500))]
    {
        for headers in [vec![], vec![("idempotency-key", what)]] {
            Sent::begin(&world);
            let body =
                json!({ "text": text, "language": "oromo", "webhook_url": world.receiver.url() });
            let answer = world.client.post_with("/v1/tts/async", &headers, body.to_string()).await;
            assert_eq!(answer.status, 202, "{answer:?}");
            let sent = Sent::so_far(&world).by("tts-create");
            print(&format!("create, {what} text"), &sent);
            // Under a key, a read more: an earlier version may have made the job under another id.
            let reads = headers.len();
            assert_eq!((sent.writes(), sent.reads(), sent.sends()), (1, reads, 0), "{what}");
            assert_eq!(sent.records().len(), 1 + reads, "{what}");
        }
    }
}

#[tokio::test]
async fn the_authorizer_reads_a_key_once_in_five_minutes() {
    let world = World::frozen().await;
    Sent::begin(&world);
    let reads = || Sent::so_far(&world).by("authorizer").reads();
    for _ in 0..10 {
        assert_eq!(world.client.get("/v1/jobs").await.status, 200);
        assert_eq!(world.client.with_key(Some("hr_wrong")).get("/v1/jobs").await.status, 401);
        assert_eq!(world.client.with_key(None).get("/v1/jobs").await.status, 401);
        world.pass(Duration::from_secs(29));
    }
    assert_eq!(reads(), 2, "one for each key, the wrong one too");
    world.pass(Duration::from_secs(10));
    assert_eq!(world.client.get("/v1/jobs").await.status, 200);
    assert_eq!(reads(), 3, "five minutes are over");
    assert_eq!(Sent::so_far(&world).by("authorizer").writes(), 0);
}

#[tokio::test]
async fn a_providers_webhook_is_two_writes() {
    let world = World::new().await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.quiet().await;
    let (callback, body) = (world.provider.callback(), world.provider.file_ready(&id));

    Sent::begin(&world);
    assert_eq!(world.client.post(&callback, &body).await.status, 200);
    let sent = Sent::so_far(&world).by("provider-webhook");
    print("a provider's webhook", &sent);
    assert_eq!(sent.operations(), ["dynamodb UpdateItem", "dynamodb PutItem"]);
    assert!(sent.write_units() <= 2.0, "{}", sent.report());
    world.quiet().await;

    Sent::begin(&world);
    assert_eq!(world.client.post(&callback, &body).await.status, 200);
    let sent = Sent::so_far(&world);
    print("the same again", &sent);
    assert_eq!(sent.operations(), ["dynamodb UpdateItem", "dynamodb PutItem"]);
    assert_eq!(sent.records()[0].answer, hookreel_local::aws::Answer::Status(400), "refused");
    world.quiet().await;
    assert_eq!(Sent::so_far(&world).records().len(), 2, "it triggers nothing");
}

#[tokio::test]
async fn a_whole_job_is_nine_write_units_and_four_sends() {
    let world = World::with_studio().await;
    Sent::begin(&world);
    let id = world.client.speak("Akkam jirta? Galatoomi.", &world.receiver.url()).await;
    world.run_until_job(&id, "completed").await;
    let sent = Sent::so_far(&world);
    print("a whole job", &sent);
    assert_eq!(world.receiver.about(&id).len(), 1);
    assert!(sent.write_units() <= 9.0, "{}", sent.report());
    assert!(sent.sends() <= 4, "{}", sent.report());
}

#[tokio::test]
async fn a_job_that_has_ended_costs_no_more_than_its_last_look() {
    let world = World::with_studio().await;
    let id = world.client.speak("Akkam jirta?", &world.receiver.url()).await;
    world.run_until_job(&id, "completed").await;
    Sent::begin(&world);
    world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    let sent = Sent::so_far(&world);
    print("after the end", &sent);
    assert_eq!((sent.reads(), sent.writes(), sent.sends()), (1, 0, 0));
}
