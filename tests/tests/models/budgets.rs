//! What a training and a prediction cost, in calls to AWS, counted where they are made. `make cost`
//! reads what these tests print.

use serde_json::json;
use tests::World;
use tests::sent::Sent;

use super::flows::{OFFICIAL, OWN, TRAINER, version};
use super::{PREDICTIONS, TRAININGS, text};

#[tokio::test]
async fn a_prediction_and_a_training_stay_within_their_budgets() {
    let world = World::with_studio().await;
    let url = world.receiver.url();
    let prediction =
        json!({ "model": OFFICIAL, "input": { "prompt": "A red kite" }, "webhook_url": url });
    let training = json!({ "model": TRAINER, "version": version(&world, TRAINER).await,
        "destination": OWN, "input": { "steps": 10 }, "webhook_url": url });
    for (what, path, body, write_units, sends) in [
        ("a prediction", PREDICTIONS, prediction, 14.0, 5),
        ("a training", TRAININGS, training, 18.0, 4),
    ] {
        Sent::begin(&world);
        let accepted = world.client.post(path, &body).await.json();
        let id = text(&accepted, "job_id");
        world.run_until_job(id, "completed").await;
        world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
        let sent = Sent::so_far(&world);
        println!("{what}:\n{}", sent.report());
        assert_eq!(world.receiver.about(id).len(), 1);
        assert!(sent.write_units() <= write_units, "{what}:\n{}", sent.report());
        assert!(sent.sends() <= sends, "{what}:\n{}", sent.report());
    }
}
