//! A fault at every AWS call while a page follows a job: it sees every event, in order and once.

use http::Method;
use serde_json::json;
use tests::World;
use tests::live_client::Page;
use tokio::sync::Mutex;

use crate::jobs::faults::{Story, survives_at};
use crate::jobs::flows::insist;

/// A page follows a job to its end.
#[derive(Debug, Clone, Copy)]
pub struct Followed;

impl Story for Followed {
    async fn world(self) -> World {
        World::new().await
    }

    async fn run(self, world: &World) {
        let body = json!({ "text": "Akkam jirta?", "language": "oromo" });
        let created = insist(world, Method::POST, "/v1/tts/async", &body).await;
        let id = created.json()["job_id"].as_str().unwrap().to_owned();
        let page = Mutex::new(Page::new(&id));
        let follows = async || {
            let mut page = page.lock().await;
            page.catch_up(world).await;
            page.is_connected() && !world.provider.runs().is_empty()
        };
        world.run_until("the page follows the job", follows).await;
        let (callback, file) = (world.provider.callback(), world.provider.file_ready(&id));
        assert_eq!(insist(world, Method::POST, &callback, &file).await.status, 200);
        let has_end = async || {
            let mut page = page.lock().await;
            page.catch_up(world).await;
            page.follower.has_end()
        };
        world.run_until("the page has the end", has_end).await;
        let mut page = page.into_inner();
        page.follower.assert_whole();
        assert_eq!(page.follower.types(), ["job.started", "job.storing", "job.completed"]);
        page.lose();
        world.cloud.aws().connections().ended().await;
        world.run_until("nothing is due", async || world.cloud.next_due().is_none()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_sees_every_event_with_a_fault_at_every_call() {
    let of_live = ["live", "live-push", "live-ticket-create", "relay"];
    let cases = survives_at(Followed, |caller, _| of_live.contains(&caller)).await;
    assert!(cases > 20, "{cases}");
}
