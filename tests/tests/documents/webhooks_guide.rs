//! `docs/WEBHOOKS_GUIDE.md`: real webhooks are verified by each of its snippets whose language is
//! on the machine, by the official Standard Webhooks libraries, and by the code of the async TTS API v1; and
//! what was altered, or is late or early, is refused.

#[path = "../../verifiers/guide.rs"]
mod guide_rust;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::webhook::Receiver;
use domain::{EventType, Timestamp};
use serde_json::json;
use tests::{Webhook, World, templates};

/// A webhook as a verifier is given it, and what it must say.
#[derive(Debug, Clone)]
struct Case {
    what: &'static str,
    secret: String,
    headers: BTreeMap<String, String>,
    body: String,
    accepted: bool,
    /// Whether only the time is wrong, which the signature of the async TTS API v1 does not cover.
    timely: bool,
}

/// Cases made of real webhooks: sent now, some months ago, and as if by a clock that is fast.
async fn cases() -> Vec<Case> {
    let world = World::new().await;
    let endpoint = world.endpoint(&json!({ "url": world.receiver.url() })).await;
    let path = format!("/v1/endpoints/{endpoint}/secret");
    let secret = world.client.get(&path).await.json()["secret"].as_str().unwrap().to_owned();
    let receiver = Receiver::Endpoint(endpoint);
    let send = async |nth| {
        world.post([world.webhook(EventType::JobCompleted, nth, &receiver)]).await;
        world.run_out().await;
        world.receiver.webhooks().pop().unwrap()
    };
    let late = send(0).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap());
    world.pass(now.since(world.clock.now()));
    let timely = send(1).await;
    world.pass(Duration::from_secs(400));
    let early = send(2).await;

    let case = |what, webhook: &Webhook, accepted, timely| Case {
        what,
        secret: secret.clone(),
        headers: webhook
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: String::from_utf8(webhook.body.to_vec()).unwrap(),
        accepted,
        timely,
    };
    let good = case("a good one", &timely, true, true);
    let altered = good.body.replacen("completed", "cancelled", 1);
    assert_ne!(altered, good.body);
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned();
    vec![
        Case { what: "an altered one", body: altered, accepted: false, ..good.clone() },
        Case { what: "one by another secret", secret: other, accepted: false, ..good.clone() },
        good,
        case("a late one", &late, false, false),
        case("an early one", &early, false, false),
    ]
}

/// What the verifier `command` says of each case.
fn words(command: &mut Command, cases: &[Case]) -> Vec<bool> {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it can be run");
    let input = cases
        .iter()
        .map(|case| json!({ "secret": case.secret, "headers": case.headers, "body": case.body }));
    let input = json!(input.collect::<Vec<_>>()).to_string();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?} failed");
    let words = String::from_utf8(output.stdout).unwrap();
    let words: Vec<_> = words.lines().map(|line| line.starts_with("accepted")).collect();
    assert_eq!(words.len(), cases.len(), "{command:?}: one word for each case");
    words
}

fn check(verifier: &str, cases: &[Case], words: &[bool]) {
    for (case, accepted) in cases.iter().zip(words) {
        assert_eq!(*accepted, case.accepted, "{verifier} on {}", case.what);
    }
    println!("{verifier}: {} webhooks judged as they must be", cases.len());
}

fn folder() -> PathBuf {
    templates::root().join("tests/verifiers")
}

/// The first snippet of the guide in that language.
fn snippet(language: &str) -> String {
    let guide = std::fs::read_to_string(templates::root().join("docs/WEBHOOKS_GUIDE.md")).unwrap();
    let (_, after) = guide.split_once(&format!("```{language}\n")).expect("a snippet");
    after.split_once("```").unwrap().0.to_owned()
}

fn is_installed(program: &str) -> bool {
    let mut run = Command::new(program);
    run.arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// The official libraries, where the script puts them.
pub fn libraries() -> PathBuf {
    let target = templates::root().join("target/verifiers");
    let status = Command::new(folder().join("setup.sh")).arg(&target).status().unwrap();
    assert!(status.success(), "tests/verifiers/setup.sh must install the official libraries");
    target
}

#[tokio::test]
async fn real_webhooks_are_verified_by_everyone_who_may_have_to() {
    let cases = cases().await;
    let temporary = tempfile::tempdir().unwrap();
    let file = |name: &str, language: &str| {
        let path = temporary.path().join(name);
        std::fs::write(&path, snippet(language)).unwrap();
        path
    };
    let libraries = libraries();
    let python = libraries.join("python/bin/python");
    official(&cases, &libraries, &python);

    let mut guide = Command::new(&python);
    guide.arg(folder().join("driver.py")).arg("guide").arg(file("verify.py", "python"));
    check("the guide's Python", &cases, &words(&mut guide, &cases));
    in_rust(&cases);
    in_shell(&cases, &file("verify.sh", "sh"));
    if is_installed("node") {
        let mut guide = Command::new("node");
        guide.arg(folder().join("driver.mjs")).arg("guide").arg(file("verify.mjs", "js"));
        check("the guide's JavaScript", &cases, &words(&mut guide, &cases));
    }
    if is_installed("go") {
        std::fs::copy(folder().join("driver.go"), temporary.path().join("driver.go")).unwrap();
        let mut guide = Command::new("go");
        guide.arg("run").arg(file("verify.go", "go")).arg(temporary.path().join("driver.go"));
        check("the guide's Go", &cases, &words(&mut guide, &cases));
    }
}

fn official(cases: &[Case], libraries: &Path, python: &Path) {
    let driver = |kind: &str| {
        let mut command = Command::new(python);
        command.arg(folder().join("driver.py")).arg(kind);
        command
    };
    check("standardwebhooks for Python", cases, &words(&mut driver("official"), cases));
    let of_the_seed: Vec<_> = cases
        .iter()
        .map(|case| Case { accepted: case.accepted || !case.timely, ..case.clone() })
        .collect();
    check(
        "the code of the async TTS API v1",
        &of_the_seed,
        &words(&mut driver("seed"), &of_the_seed),
    );
    if libraries.join("node_modules").exists() {
        let mut node = Command::new("node");
        node.arg(folder().join("driver.mjs")).arg("official").arg(libraries);
        check("standardwebhooks for JavaScript", cases, &words(&mut node, cases));
    }
}

fn in_rust(cases: &[Case]) {
    let source = std::fs::read_to_string(folder().join("guide.rs")).unwrap();
    assert_eq!(source.split_once("\n\n").unwrap().1, snippet("rust"), "the two must be the same");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let verify = |case: &Case| {
        let header = |name: &str| case.headers.get(name).map(String::as_str);
        guide_rust::verify(header, case.body.as_bytes(), &case.secret, now).is_some()
    };
    check("the guide's Rust", cases, &cases.iter().map(verify).collect::<Vec<_>>());
}

fn in_shell(cases: &[Case], script: &Path) {
    let verify = |case: &Case| {
        let mut child = Command::new("bash")
            .arg(script)
            .args(
                ["webhook-id", "webhook-timestamp", "webhook-signature"]
                    .map(|name| case.headers[name].as_str()),
            )
            .arg(&case.secret)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // A script that refuses by the time alone does not wait for the body.
        let _ = child.stdin.take().unwrap().write_all(case.body.as_bytes());
        child.wait().unwrap().success()
    };
    check("the guide's shell script", cases, &cases.iter().map(verify).collect::<Vec<_>>());
}
