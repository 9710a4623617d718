//! Jobs in every state under fixed ids, for the sample events and for tests that need one.

use domain::job::ErrorCode;
use domain::job::{JobError, Output, Source, SourceFile, Speech, Work};
use domain::json_object::JsonObject;
use domain::language::Language;
use domain::tts::TtsRequest;
use domain::{Attempt, Job, JobId, JobKind, JobState, OwnerId, Timestamp};
use serde_json::json;

use crate::World;
use crate::world::START;

/// The owner of the world's own API key.
pub const OWNER: &str = "local";

/// A job with the id `job_<name>` in `state`, as its owner `owner` would have come by it.
#[must_use]
pub fn job(name: &str, owner: &str, state: JobState, attempt: u32) -> Job {
    let id = job_id(&format!("job_{name}"));
    let running = matches!(state, JobState::Running | JobState::Storing | JobState::Completed);
    let metadata = json!({ "order": 7 });
    Job {
        state,
        attempt: Attempt(attempt),
        lost_attempts: attempt.saturating_sub(1),
        started_at: (attempt > 0).then_some(START),
        completed_at: state.is_terminal().then_some(START),
        provider_task: running.then(|| "task-1".parse().unwrap()),
        outputs: if state == JobState::Completed { vec![output(&id)] } else { Vec::new() },
        error: (state == JobState::Failed).then(failure),
        metadata: metadata.is_object().then(|| {
            JsonObject::metadata(&serde_json::value::to_raw_value(&metadata).unwrap()).unwrap()
        }),
        ..Job::new(id, OwnerId::new(owner), Work::Speech(speech()), START)
    }
}

/// Saves `job` as it is.
pub async fn put(world: &World, job: Job) {
    let store = world.store();
    let created = match job.kind() {
        JobKind::Training => store.create_training(job).await,
        _ => store.create_job(job).await,
    };
    let created = created.unwrap();
    assert!(matches!(created, store::Created::New), "{created:?}");
}

/// The jobs that the sample events speak of.
#[must_use]
pub fn sample_jobs(provider_url: &str) -> Vec<Job> {
    let own = |name, state, attempt| job(name, OWNER, state, attempt);
    let mut storing = own("storing", JobState::Storing, 1);
    storing.source = Some(source(provider_url, &storing.id));
    let mut completed = own("completed", JobState::Completed, 1);
    completed.source = Some(source(provider_url, &completed.id));
    completed.created_at = START + std::time::Duration::from_secs(1);
    let mut old = own("old", JobState::Completed, 1);
    old.created_at = Timestamp::from_millis(START.as_millis() - 1000);
    vec![
        own("queued", JobState::Queued, 0),
        own("dispatched", JobState::Dispatched, 1),
        own("running", JobState::Running, 1),
        own("retried", JobState::Running, 2),
        storing,
        completed,
        old,
        own("failed", JobState::Failed, 3),
        own("cancelled", JobState::Cancelled, 1),
        job("foreign", "somebody-else", JobState::Completed, 1),
    ]
}

/// `text` as the id of a job.
#[must_use]
pub fn job_id(text: &str) -> JobId {
    text.parse().unwrap()
}

fn speech() -> Speech {
    let request =
        TtsRequest::new("Akkam jirta?".to_owned(), Language::named("oromo"), None, None).unwrap();
    Speech { format: request.format, request: Some(request), options: None }
}

fn source(provider_url: &str, id: &JobId) -> Source {
    let file = SourceFile {
        filename: Some("sample.wav".to_owned()),
        ..SourceFile::at(format!("{provider_url}/output/sample.wav"))
    };
    let confirmation_url = Some(format!("{provider_url}/confirm-download/{id}"));
    Source { confirmation_url, ..Source::of(file) }
}

fn output(id: &JobId) -> Output {
    Output {
        name: "audio".to_owned(),
        key: format!("jobs/{id}/1/audio.wav"),
        content_type: "audio/wav".to_owned(),
        bytes: 4044,
        sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
        duration_ms: Some(250),
        ..Output::default()
    }
}

fn failure() -> JobError {
    JobError::new(ErrorCode::ProviderFailed, "The voice worker failed: out of memory")
}
