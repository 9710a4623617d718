//! A clipping job at work under the id of the contract's examples, for the sample events and for tests
//! that need one.

use domain::job::{Clipping, ClippingRequest, Work};
use domain::{Attempt, Job, JobState, OwnerId};

use crate::World;
use crate::seed::{self, job_id};
use crate::world::START;

/// Whose jobs they are; no other sample is this owner's.
pub const OWNER: &str = "user_789";
/// The job of the contract's examples.
pub const JOB: &str = "550e8400-e29b-41d4-a716-446655440000";
/// Its worker's task there.
pub const TASK: &str = "abc-123";

/// Saves the jobs that the sample events speak of.
pub async fn put(world: &World) {
    seed::put(world, job(JOB, OWNER, TASK)).await;
}

/// Saves a running job in its first attempt, and returns it.
pub async fn running(world: &World) -> Job {
    let job = job("job_sample", seed::OWNER, "task-1");
    seed::put(world, job.clone()).await;
    job
}

fn job(id: &str, owner: &str, task: &str) -> Job {
    let request = ClippingRequest {
        video_url: "https://www.youtube.com/watch?v=dQw4w9WgXcQ".to_owned(),
        max_clips: Some(5),
    };
    let work = Work::Clipping(Clipping { request: Some(request) });
    Job {
        state: JobState::Running,
        attempt: Attempt(1),
        started_at: Some(START),
        provider_task: Some(task.parse().unwrap()),
        ..Job::new(job_id(id), OwnerId::new(owner), work, START)
    }
}
