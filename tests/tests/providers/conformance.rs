//! One suite for every provider of the registry: webhooks that are good, duplicate, late, forged,
//! malformed, out of order or superseded, with unknown members or an unknown status; answers to
//! polls; and the limit of a provider's secret to its own kinds of job.
//!
//! What a provider says is in `samples.json` beside its code. A further provider is covered once
//! it is in the registry and has that file; a further kind of job needs an arm of [`job_of`].

use std::time::Duration;

use domain::job::Source;
use domain::{Attempt, Job, JobKind, JobState, Secret, Step};
use http::HeaderMap;
use providers::{Answer, Provider, registry};
use serde_json::{Value, json};
use signing::{TokenKey, hex_hmac, standard_webhooks};
use store::Change;
use tests::seed_projects::{self, Head};
use tests::world::{SIGNING_KEY, START};
use tests::{World, seed, seed_clips, seed_models, templates};

/// A provider with its samples, and a running job of one of its kinds in a world in which nothing
/// happens but what is asked for.
struct Case {
    provider: &'static dyn Provider,
    samples: Value,
    world: World,
    job: Job,
}

/// Every provider with each of its kinds.
fn all() -> impl Iterator<Item = (&'static dyn Provider, JobKind)> {
    let kinds = |provider: &&'static dyn Provider| {
        let provider = *provider;
        provider.kinds().iter().map(move |kind| (provider, *kind))
    };
    registry::PROVIDERS.iter().flat_map(kinds)
}

/// What the provider says, from the folder that is named after it.
fn samples(provider: &dyn Provider) -> Value {
    let folder = provider.name().replace('-', "_");
    let path = format!("shared/providers/src/{folder}/samples.json");
    let text = std::fs::read_to_string(templates::root().join(&path));
    serde_json::from_str(&text.unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap()
}

/// Saves a running job of `kind` in its first attempt, and returns it.
async fn job_of(kind: JobKind, world: &World) -> Job {
    let done = match kind {
        JobKind::Tts => {
            let job = seed::job("sample", seed::OWNER, JobState::Running, 1);
            seed::put(world, job.clone()).await;
            return job;
        }
        JobKind::Training | JobKind::Prediction => return seed_models::running(kind, world).await,
        JobKind::Clipping => return seed_clips::running(world).await,
        JobKind::SceneVideo => 0,
        JobKind::LastFrame => 1,
        JobKind::Stitch => 4,
    };
    seed_projects::project(world, "proj_sample", seed::OWNER, done, Head::Running).await;
    let id = "proj_sample".parse().unwrap();
    let step = Step::all(&id, seed_projects::SCENES).nth(done).unwrap();
    world.store().job(&step.job_id()).await.unwrap().unwrap()
}

impl Case {
    async fn new(provider: &'static dyn Provider, kind: JobKind) -> Self {
        let world = World::frozen().await;
        let job = job_of(kind, &world).await;
        Self { provider, samples: samples(provider), world, job }
    }

    fn name(&self) -> String {
        format!("{} for {:?}", self.provider.name(), self.job.kind())
    }

    /// A sample with the job, its task and a file in the place of their names.
    fn filled(&self, sample: &Value) -> Value {
        let step = self.job.step();
        let scene = step.as_ref().and_then(Step::scene);
        let task = self.job.provider_task.as_ref().unwrap();
        let text = sample
            .to_string()
            .replace("{job}", self.job.id.as_str())
            .replace("{task}", task.as_str())
            .replace("{file}", "https://files.example.com/a")
            .replace("{project}", &step.map_or_else(String::new, |step| step.project.to_string()))
            .replace("{scene}", &scene.map_or_else(String::new, |scene| scene.to_string()));
        serde_json::from_str(&text).unwrap()
    }

    fn sample(&self, name: &str) -> Value {
        assert!(self.samples.get(name).is_some(), "{} has no sample {name}", self.name());
        self.filled(&self.samples[name])
    }

    /// Sends `body` with the proof that the provider's webhooks carry, for that attempt.
    async fn send(&self, body: &Value, attempt: Attempt) -> tests::Answer {
        let (body, path) = (body.to_string(), self.provider.webhook_path());
        let client = self.world.client.with_key(None);
        match self.samples["proof"].as_str().unwrap() {
            "token" => {
                let tokens = TokenKey::new(&Secret::new(SIGNING_KEY)).unwrap();
                let token = tokens.callback_token(&self.job.id, attempt);
                let url = format!("{path}?job={}&token={token}", self.job.id);
                client.post_with(&url, &[], body).await
            }
            "standard_webhooks" => {
                let tokens = TokenKey::new(&Secret::new(SIGNING_KEY)).unwrap();
                let token = tokens.callback_token(&self.job.id, attempt);
                let url = format!("{path}?job={}&token={token}", self.job.id);
                let (secret, now) = (self.secret(), self.world.clock.now());
                let signature = standard_webhooks::sign(&[secret], "msg_1", now, body.as_bytes());
                let (signature, time) = (signature.unwrap(), now.as_seconds().to_string());
                let headers = [
                    (standard_webhooks::ID_HEADER, "msg_1"),
                    (standard_webhooks::TIMESTAMP_HEADER, &time),
                    (standard_webhooks::SIGNATURE_HEADER, &signature),
                ];
                client.post_with(&url, &headers, body).await
            }
            "hex_hmac" => {
                let signature = hex_hmac::sign(&self.secret(), body.as_bytes()).unwrap();
                client.post_with(path, &[(hex_hmac::SIGNATURE_HEADER, &signature)], body).await
            }
            other => panic!("{}: the suite cannot prove by {other}", self.name()),
        }
    }

    /// The secret that the provider signs with.
    fn secret(&self) -> Secret {
        let name = self.provider.settings().webhook_secret;
        Secret::new(tests::world::environment(None, "")[name].as_str())
    }

    async fn report(&self, sample: &str) -> tests::Answer {
        self.send(&self.sample(sample), self.job.attempt).await
    }

    async fn stored(&self) -> Job {
        self.world.store().job(&self.job.id).await.unwrap().unwrap()
    }

    /// The outcomes of the webhooks that were kept, the last one first.
    async fn outcomes(&self) -> Vec<String> {
        let path = format!("/v1/inbound?job_id={}", self.job.id);
        let page = self.world.client.get(&path).await.json();
        let outcome = |inbound: &Value| inbound["status"].as_str().unwrap().to_owned();
        page["data"].as_array().unwrap().iter().map(outcome).collect()
    }

    /// Sends `body`, and checks that nothing but the kept webhook comes of it.
    async fn changes_nothing(&self, body: &Value, attempt: Attempt, outcome: &str) {
        let before = self.world.items().await;
        // What is kept is listed by its time.
        self.world.pass(Duration::from_millis(1));
        let answer = self.send(body, attempt).await;
        assert_eq!(answer.status, 200, "{}: {answer:?}", self.name());
        assert_eq!(self.world.items().await, before, "{}", self.name());
        assert_eq!(self.outcomes().await[0], outcome, "{}", self.name());
    }
}

#[tokio::test]
async fn a_good_one_is_applied_and_a_duplicate_changes_nothing() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        let answer = case.report("succeeded").await;
        assert_eq!(answer.status, 200, "{}: {answer:?}", case.name());
        assert!(answer.json().is_object(), "{}", case.name());
        let job = case.stored().await;
        assert_eq!(job.state, JobState::Storing, "{}", case.name());
        let source = job.source.as_ref().and_then(Source::main).unwrap();
        assert_eq!(source.url, "https://files.example.com/a", "{}", case.name());
        assert_eq!(case.outcomes().await, ["applied"], "{}", case.name());
        let again = case.sample("succeeded");
        case.changes_nothing(&again, case.job.attempt, "duplicate").await;
    }
}

#[tokio::test]
async fn unknown_members_cost_nothing() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        let mut body = case.sample("succeeded");
        body["unknown_member"] = json!({ "nested": [1, null, "x"] });
        assert_eq!(case.send(&body, case.job.attempt).await.status, 200, "{}", case.name());
        assert_eq!(case.stored().await.state, JobState::Storing, "{}", case.name());
    }
}

#[tokio::test]
async fn an_unknown_status_ends_nothing() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        let answer = case.report("unknown_status").await;
        // A sender tries again, or gives us up, after any other answer.
        assert_eq!(answer.status, 200, "{}: {answer:?}", case.name());
        assert_eq!(case.stored().await.state, JobState::Running, "{}", case.name());
    }
}

#[tokio::test]
async fn a_failure_is_believed_or_polled_and_never_lost() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        assert_eq!(case.report("failed").await.status, 200, "{}", case.name());
        let job = case.stored().await;
        let is_polled = job.state == JobState::Running && job.reported_at.is_some();
        assert!(job.state == JobState::Failed || is_polled, "{}: {job:?}", case.name());
    }
}

#[tokio::test]
async fn a_late_one_changes_nothing() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        let cancelled = Change::cancelled(case.job.attempt, START);
        case.world.store().change(&case.job.id, &cancelled).await.unwrap();
        let body = case.sample("succeeded");
        case.changes_nothing(&body, case.job.attempt, "superseded").await;
    }
}

#[tokio::test]
async fn one_out_of_order_moves_nothing_back() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        assert_eq!(case.report("succeeded").await.status, 200, "{}", case.name());
        let before = case.world.items().await;
        for late in ["running", "failed"] {
            assert_eq!(case.report(late).await.status, 200, "{}: {late}", case.name());
            assert_eq!(case.world.items().await, before, "{}: {late}", case.name());
        }
    }
}

#[tokio::test]
async fn of_a_superseded_attempt_the_result_is_adopted_and_nothing_else() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        let (failed, result) = (case.sample("failed"), case.sample("succeeded"));
        let store = case.world.store();
        let lost = Change::lost(&case.job, "the provider lost it", START).unwrap();
        store.change(&case.job.id, &lost).await.unwrap();
        store
            .change(&case.job.id, &Change::claimed(case.job.attempt, "mark", START))
            .await
            .unwrap();
        let task = "task-of-another-attempt".parse().unwrap();
        let accepted = Change::accepted(&case.stored().await, &task, false, START);
        store.change(&case.job.id, &accepted).await.unwrap();
        case.changes_nothing(&failed, case.job.attempt, "superseded").await;
        assert_eq!(case.send(&result, case.job.attempt).await.status, 200, "{}", case.name());
        assert_eq!(case.stored().await.state, JobState::Storing, "{}", case.name());
    }
}

#[tokio::test]
async fn a_forged_one_is_refused_and_not_kept() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        let (body, path) = (case.sample("succeeded").to_string(), provider.webhook_path());
        let before = case.world.items().await;
        let client = case.world.client.with_key(None);
        let forged_token = format!("{path}?job={}&token=1.forged", case.job.id);
        let by_another = hex_hmac::sign(&Secret::new("another"), body.as_bytes()).unwrap();
        let altered = hex_hmac::sign(&case.secret(), format!("{body} ").as_bytes()).unwrap();
        for (url, signature) in [
            (path, None),
            (path, Some("sha256=00")),
            (path, Some(by_another.as_str())),
            (path, Some(altered.as_str())),
            (forged_token.as_str(), None),
        ] {
            let headers: Vec<_> = signature
                .map(|signature| (hex_hmac::SIGNATURE_HEADER, signature))
                .into_iter()
                .collect();
            let answer = client.post_with(url, &headers, body.clone()).await;
            assert_eq!(answer.status, 401, "{}: {url} {signature:?}", case.name());
        }
        assert_eq!(case.world.items().await, before, "{}", case.name());
        assert!(case.outcomes().await.is_empty(), "{}", case.name());
    }
}

#[tokio::test]
async fn a_malformed_one_names_the_field_and_is_kept_if_its_job_is_known() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        let before = case.world.items().await;
        let mut kept = 0;
        for malformed in case.sample("malformed").as_array().unwrap() {
            let (body, field) = (&malformed["body"], malformed["field"].as_str().unwrap());
            let answer = case.send(body, case.job.attempt).await;
            let is_of_a_job =
                ["token", "standard_webhooks"].iter().any(|by| case.samples["proof"] == *by)
                    || provider.named_job(body.to_string().as_bytes()).is_some();
            if is_of_a_job {
                kept += 1;
                assert_eq!(answer.status, 200, "{}: {malformed}", case.name());
                let error = answer.json()["error"].as_str().unwrap().to_owned();
                assert!(error.starts_with(&format!("{field}: ")), "{}: {error}", case.name());
            } else {
                let status = provider.malformed_status().as_u16();
                assert_eq!(answer.status, status, "{}: {malformed}", case.name());
                assert_eq!(answer.json()["field"], field, "{}", case.name());
            }
        }
        assert_eq!(case.outcomes().await, vec!["unreadable"; kept], "{}", case.name());
        assert!(kept > 0, "{}", case.name());
        assert_eq!(case.world.items().await, before, "{}", case.name());
    }
}

#[tokio::test]
async fn a_secret_moves_only_the_jobs_of_its_own_provider() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        for other in registry::PROVIDERS.iter().filter(|other| other.name() != provider.name()) {
            let name = other.settings().webhook_secret;
            let secret = Secret::new(tests::world::environment(None, "")[name].as_str());
            let before = case.world.items().await;
            for body in [case.filled(&samples(*other)["succeeded"]), case.sample("succeeded")] {
                let body = body.to_string();
                let signature = hex_hmac::sign(&secret, body.as_bytes()).unwrap();
                let headers = [(hex_hmac::SIGNATURE_HEADER, signature.as_str())];
                let client = case.world.client.with_key(None);
                for path in [other.webhook_path(), provider.webhook_path()] {
                    let answer = client.post_with(path, &headers, body.clone()).await;
                    let by = other.name();
                    let tokens = TokenKey::new(&Secret::new(SIGNING_KEY)).unwrap();
                    let link = tokens.download_token(&case.job.id);
                    let text = String::from_utf8_lossy(&answer.bytes);
                    assert!(!text.contains(&link), "{} to {by} at {path}: {text}", case.name());
                    assert_eq!(
                        case.world.items().await,
                        before,
                        "{} by {by} at {path}",
                        case.name()
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_health_check_needs_no_proof() {
    let world = World::frozen().await;
    for provider in registry::PROVIDERS {
        let answer = world.client.with_key(None).get(provider.webhook_path()).await;
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("ok")));
    }
}

#[tokio::test]
async fn answers_to_polls_are_read() {
    for (provider, kind) in all() {
        let case = Case::new(provider, kind).await;
        for poll in case.sample("polls").as_array().unwrap() {
            let body = poll["body"].to_string();
            let status = u16::try_from(poll["status"].as_u64().unwrap()).unwrap();
            let answer = Answer {
                status: status.try_into().unwrap(),
                headers: &HeaderMap::new(),
                body: body.as_bytes(),
            };
            let read = provider.task_status(&answer).map(|status| status.name()).ok();
            assert_eq!(read, poll["reads"].as_str(), "{}: {poll}", case.name());
        }
    }
}
