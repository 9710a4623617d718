//! An endpoint, a webhook that it missed, and what a provider sent, under fixed ids, for the
//! sample events.

use std::collections::BTreeMap;

use domain::delivery::{AnswerBody, AnswerContent, Delivery, DeliveryAttempt, DeliveryStatus};
use domain::endpoint::{Endpoint, EndpointStatus, SigningScheme};
use domain::project::step::StepTask;
use domain::secret_versions::SecretVersions;
use domain::webhook::{Receiver, Webhook};
use domain::{Attempt, EndpointId, EventType, InboundId, OwnerId, Step};
use serde_json::json;
use store::{Inbound, InboundOutcome};

use crate::World;
use crate::seed::{OWNER, job_id};
use crate::world::START;

/// Puts all of it into the table.
pub async fn put(world: &World) {
    let store = world.store();
    store.create_endpoint(&endpoint()).await.unwrap();
    store.create_delivery(&delivery()).await.unwrap();
    store.keep_inbound(&inbound(world)).await.unwrap();
    for (step, task, outcome) in [
        ("proj_running-scene_001-video", "task_1", InboundOutcome::Applied),
        ("proj_running-scene_002-video", "task_3", InboundOutcome::Early),
        ("proj_dispatched-scene_001-video", "task_1", InboundOutcome::Early),
        ("proj_nowhere-scene_001-video", "task_1", InboundOutcome::Early),
    ] {
        store.keep_inbound(&report(step, task, outcome)).await.unwrap();
    }
}

/// What the video service said of a step when it was done.
fn report(step: &str, task: &str, outcome: InboundOutcome) -> Inbound {
    let job_id = job_id(step);
    let Step { project, task: StepTask::Video(scene) } = Step::of(&job_id).unwrap() else {
        panic!("{step} makes no video");
    };
    let body = json!({
        "task_id": task,
        "status": "completed",
        "scene_id": scene,
        "project_id": project,
        "video_url": "https://cdn.example.com/videos/sample.mp4",
        "duration": 1.5,
    });
    Inbound {
        id: InboundId::new(job_id, START, [2; 8]),
        provider: "scene-video".to_owned(),
        attempt: None,
        task: task.parse().ok(),
        outcome,
        replayed_at: None,
        body: body.to_string().into_bytes(),
    }
}

fn endpoint_id() -> EndpointId {
    "ep_sample".parse().unwrap()
}

/// It wants no events of jobs, so that the jobs' own webhooks stay alone in the snapshots.
fn endpoint() -> Endpoint {
    Endpoint {
        id: endpoint_id(),
        owner: OwnerId::new(OWNER),
        url: "https://hooks.example.com/sample".to_owned(),
        description: Some("Sample".to_owned()),
        events: vec![
            EventType::JobStarted,
            EventType::JobProgress,
            EventType::EndpointDisabled,
            EventType::DeliveryExhausted,
        ],
        status: EndpointStatus::Enabled,
        retry_schedule_seconds: None,
        rate_limit_per_second: None,
        headers: BTreeMap::new(),
        signing: SigningScheme::V1,
        salt: None,
        secrets: SecretVersions::default(),
        rotation: None,
        earlier_rotations: Vec::new(),
        request_sha256: None,
        created_at: START,
        updated_at: START,
    }
}

fn delivery() -> Delivery {
    let content = AnswerContent::Text("out of order".to_owned());
    let webhook = Webhook {
        id: "msg_sample".parse().unwrap(),
        owner: OwnerId::new(OWNER),
        event: EventType::JobCompleted,
        occurred_at: START,
        job_id: Some(job_id("job_completed")),
        project_id: None,
        receiver: Receiver::Endpoint(endpoint_id()),
        body: String::new(),
    };
    Delivery {
        status: DeliveryStatus::Exhausted,
        attempts_made: 1,
        attempts: vec![DeliveryAttempt {
            at: START,
            status_code: Some(500),
            latency_ms: 12,
            error: None,
            answer: Some(AnswerBody { content, truncated: false }),
            remote_address: Some("203.0.113.9:443".parse().unwrap()),
        }],
        ..Delivery::pending(webhook)
    }
}

fn inbound(world: &World) -> Inbound {
    let job = job_id("job_completed");
    let body = world.provider.file_ready(job.as_str()).to_string().into_bytes();
    Inbound {
        id: InboundId::new(job, START, [1; 8]),
        provider: "runpod".to_owned(),
        attempt: Some(Attempt(1)),
        task: None,
        outcome: InboundOutcome::Applied,
        replayed_at: None,
        body,
    }
}
