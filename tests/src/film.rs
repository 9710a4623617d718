//! Projects by the API, and the three scene services played by hand.

use std::time::Duration;

use domain::project::ProjectId;
use domain::project::step::StepTask;
use domain::{Job, JobId, Secret, Step};
use hookreel_studio::{SceneTaskView, Service};
use serde_json::{Value, json};
use signing::hex_hmac;

use crate::world::{LAST_FRAME_WEBHOOK_SECRET, STITCH_WEBHOOK_SECRET, VIDEO_WEBHOOK_SECRET};
use crate::{Answer, Webhook, World, templates};

/// How often a service sends a webhook that is answered with 5xx, and a client its request.
const PATIENCE: usize = 5;

/// `count` scenes of a second in the smallest pictures, and plain cuts between them.
#[must_use]
pub fn small(world: &World, count: usize) -> Value {
    let scene = |nth: usize| json!({ "prompt": format!("Lakkoofsa {nth}"), "duration": 1 });
    json!({
        "scenes": (1..=count).map(scene).collect::<Vec<_>>(),
        "stitch": { "transition": "none" },
        "width": 32, "height": 32, "fps": 2,
        "webhook_url": world.receiver.url(),
    })
}

/// Where a service reports, and by which secret.
#[must_use]
pub const fn door(service: Service) -> (&'static str, &'static str) {
    match service {
        Service::Video => ("/api/webhooks/video-complete", VIDEO_WEBHOOK_SECRET),
        Service::LastFrame => ("/api/webhooks/last-frame-complete", LAST_FRAME_WEBHOOK_SECRET),
        Service::Stitch => ("/api/webhooks/stitch-complete", STITCH_WEBHOOK_SECRET),
    }
}

/// Which service does `step`.
#[must_use]
pub const fn service(step: &Step) -> Service {
    match step.task {
        StepTask::Video(_) => Service::Video,
        StepTask::LastFrame(_) => Service::LastFrame,
        StepTask::Stitch => Service::Stitch,
    }
}

/// Signs `body` as a service does.
#[must_use]
pub fn signature(secret: &str, body: &str) -> String {
    hex_hmac::sign(&Secret::new(secret), body.as_bytes()).unwrap()
}

/// The step that a task of the studio does.
#[must_use]
pub fn step_of(task: &SceneTaskView) -> Step {
    let project: ProjectId = task.project_id.parse().unwrap();
    let scene = || task.scene_id.as_deref().unwrap().parse().unwrap();
    match task.service {
        Service::Video => Step::video(project, scene()),
        Service::LastFrame => Step::last_frame(project, scene()),
        Service::Stitch => Step::stitch(project),
    }
}

impl World {
    /// Asks for a project, which must be accepted; its id.
    pub async fn create_project(&self, body: &Value) -> String {
        let answer = self.client.post("/v1/projects", body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.json()["project_id"].as_str().unwrap().to_owned()
    }

    /// The project as the API shows it.
    pub async fn project(&self, id: &str) -> Value {
        let answer = self.client.get(&format!("/v1/projects/{id}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The events on the timeline of the project or job at `path`.
    pub async fn timeline(&self, path: &str) -> Vec<Value> {
        let answer = self.client.get(&format!("{path}/timeline")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"].as_array().unwrap().clone()
    }

    /// Moves the clock until the project has that status and nothing more happens at that time.
    pub async fn run_until_project(&self, id: &str, status: &str) -> Value {
        let what = format!("{id} is {status}");
        self.run_until(&what, async || {
            let project = self.project(id).await;
            let now = project["status"].as_str().unwrap_or_default();
            assert!(now == "processing" || now == status, "not {what}: {project}");
            now == status
        })
        .await;
        self.quiet().await;
        self.project(id).await
    }

    /// The job of a step, from the table.
    pub async fn step(&self, step: &Step) -> Option<Job> {
        self.store().job(&step.job_id()).await.unwrap()
    }

    /// What came to the receiver about the project `id`.
    #[must_use]
    pub fn told_of(&self, id: &str) -> Vec<Webhook> {
        let webhooks = self.receiver.webhooks();
        webhooks.into_iter().filter(|webhook| webhook.json()["project_id"] == id).collect()
    }

    /// What a service says of the task that it was asked for as the `nth`, from 1, with `more`.
    #[must_use]
    pub fn report(&self, nth: usize, status: &str, more: &Value) -> (Service, Value) {
        let run = &self.provider.runs()[nth - 1];
        let callback = run["webhook_url"].as_str().unwrap();
        let service = match callback.split('?').next().unwrap() {
            url if url.ends_with("video-complete") => Service::Video,
            url if url.ends_with("last-frame-complete") => Service::LastFrame,
            _ => Service::Stitch,
        };
        let mut body = json!({ "task_id": format!("task-{nth}"), "status": status,
            "project_id": run["project_id"], "timestamp": "2026-01-01T00:00:00.000Z" });
        if service != Service::Stitch {
            body["scene_id"] = run["scene_id"].clone();
        }
        if status == "completed" {
            let file = |name: &str| json!(format!("{}/output/{nth}-{name}", self.provider.url()));
            match service {
                Service::Video => {
                    body["video_url"] = file("scene.mp4");
                    body["thumbnail_url"] = file("scene.jpg");
                    body["duration"] = json!(1.0);
                }
                Service::LastFrame => body["last_frame_url"] = file("last.jpg"),
                Service::Stitch => {
                    body["final_video_url"] = file("film.mp4");
                    body["thumbnail_url"] = file("film.jpg");
                    body["duration"] = json!(2.0);
                }
            }
        }
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        (service, body)
    }

    /// Sends a webhook of `service`, rightly signed; again as long as it is answered with 5xx.
    pub async fn send_report(&self, service: Service, body: &Value) -> Answer {
        let (path, secret) = door(service);
        let body = body.to_string();
        let signature = signature(secret, &body);
        let headers = [("X-Webhook-Signature", signature.as_str())];
        let client = self.client.with_key(None);
        let mut answer = client.post_with(path, &headers, body.clone()).await;
        for _ in 1..PATIENCE {
            if answer.status < 500 {
                break;
            }
            answer = client.post_with(path, &headers, body.clone()).await;
        }
        answer
    }

    /// Has the service say that the `nth` task that was asked for is completed.
    pub async fn complete(&self, nth: usize) -> Answer {
        let (service, body) = self.report(nth, "completed", &Value::Null);
        self.send_report(service, &body).await
    }

    /// Completes one task after the other from the `from`th on, until nobody asks for more.
    pub async fn complete_from(&self, from: usize) {
        let mut nth = from;
        self.quiet().await;
        while nth <= self.provider.runs().len() {
            let answer = self.complete(nth).await;
            assert!([200, 202].contains(&answer.status), "{answer:?}");
            self.quiet().await;
            // One that came too early is tried again after a second.
            while answer.status == 202
                && self
                    .store()
                    .job(&self.job_of(nth))
                    .await
                    .unwrap()
                    .is_some_and(|job| !job.state.is_terminal())
                && self.cloud.next_due().is_some()
            {
                self.pass(Duration::from_secs(1));
                self.quiet().await;
            }
            nth += 1;
        }
    }

    /// Completes what is asked for until `count` tasks have been asked for.
    pub async fn complete_until(&self, id: &str, count: usize) {
        self.quiet().await;
        for nth in 1..count {
            assert_eq!(self.provider.runs().len(), nth, "{id} goes on");
            self.complete(nth).await;
            self.quiet().await;
        }
    }

    /// The job for which the `nth` task was asked.
    #[must_use]
    pub fn job_of(&self, nth: usize) -> JobId {
        let (service, body) = self.report(nth, "completed", &Value::Null);
        let project: ProjectId = body["project_id"].as_str().unwrap().parse().unwrap();
        let scene = || body["scene_id"].as_str().unwrap().parse().unwrap();
        let step = match service {
            Service::Video => Step::video(project, scene()),
            Service::LastFrame => Step::last_frame(project, scene()),
            Service::Stitch => Step::stitch(project),
        };
        step.job_id()
    }

    /// How many messages are left in queues, by their names.
    #[must_use]
    pub fn messages_left(&self) -> Vec<(String, usize)> {
        let depth = |name: &str| {
            let depth = self.cloud.aws().queue_depth(name).unwrap();
            usize::try_from(depth.visible + depth.in_flight + depth.delayed).unwrap()
        };
        let queues = templates::resolved().queues.iter();
        let depths = queues.map(|queue| (queue.name.clone(), depth(&queue.name)));
        depths.filter(|(_, left)| *left > 0).collect()
    }

    /// Fetches a link that leads to a file of ours, as a client does; the file.
    pub async fn download(&self, url: &Value) -> bytes::Bytes {
        let url = url.as_str().unwrap_or_else(|| panic!("no link: {url}"));
        let client = self.client.with_key(None);
        let redirect = client.get(url).await;
        assert_eq!(redirect.status, 302, "{redirect:?}");
        let file = client.get(redirect.header("location")).await;
        assert_eq!(file.status, 200, "{url}");
        file.bytes
    }
}
