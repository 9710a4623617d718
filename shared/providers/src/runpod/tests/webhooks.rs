//! RunPod's webhooks as its documentation and its workers send them, and their proofs.

use domain::job::{Source, SourceFile};
use domain::{Attempt, JobId, Secret};
use signing::{InvalidSecret, TokenKey, hex_hmac};

use super::*;
use crate::Report;

/// The callback of a worker, as its handler posts it.
const ANNOUNCEMENT: &str = r#"{
    "job_id": "test_123",
    "download_url": "https://pod-id-8000.proxy.runpod.net/output/test.wav",
    "confirmation_url": "https://pod-id-8000.proxy.runpod.net/confirm-download/test_123",
    "filename": "test.wav"
}"#;

fn fault(body: &str) -> String {
    Runpod.report(body.as_bytes()).unwrap_err().field
}

#[test]
fn reads_the_callback_of_a_worker() {
    let report = Runpod.report(ANNOUNCEMENT.as_bytes()).unwrap();
    assert_eq!(report.job.unwrap().as_str(), "test_123");
    let Report::Status(TaskStatus::Succeeded(result)) = report.report else { panic!("no file") };
    let file = result.source.main().unwrap();
    assert!(file.url.ends_with("/output/test.wav"));
    assert_eq!(file.filename.as_deref(), Some("test.wav"));
    assert!(result.source.confirmation_url.unwrap().ends_with("/confirm-download/test_123"));
    let body = r#"{"job_id":7,"id":"x","status":"ok","download_url":"https://x.example/a",
                   "confirmation_url":null,"filename":""}"#;
    let report = Runpod.report(body.as_bytes()).unwrap();
    assert_eq!(report.job.as_ref().map(JobId::as_str), Some("7"));
    assert!(report.is_success());
}

#[test]
fn believes_runpods_own_report_only_once_it_is_polled() {
    let body = r#"{"id":"c80f-u1","status":"COMPLETED","delayTime":5,"executionTime":9,
                   "output":{"audio_url":"https://x.example/a"},"webhook":"https://…"}"#;
    let report = Runpod.report(body.as_bytes()).unwrap();
    assert_eq!(report.task.unwrap().as_str(), "c80f-u1");
    assert_eq!(report.report, Report::Unconfirmed);
    for body in [
        r#"{"output":{"audio_url":"https://x.example/a"}}"#,
        r#"{"id":"../x","status":"COMPLETED"}"#,
        r#"{"id":7,"status":null}"#,
        r#"{"job_id":"a","error":"out of memory"}"#,
    ] {
        let report = Runpod.report(body.as_bytes()).unwrap();
        assert_eq!((report.job, report.report), (None, Report::Unconfirmed), "{body}");
    }
}

#[test]
fn names_the_field_at_fault() {
    assert_eq!(fault(""), "body");
    assert_eq!(fault("[]"), "body");
    assert_eq!(fault("{}"), "job_id");
    assert_eq!(fault(r#"{"job_id":"a/b","download_url":"https://x"}"#), "job_id");
    assert_eq!(fault(r#"{"job_id":"a"}"#), "download_url");
    assert_eq!(fault(r#"{"job_id":"a","download_url":5}"#), "download_url");
    assert_eq!(fault(r#"{"job_id":"a","download_url":"ftp://x"}"#), "download_url");
}

#[test]
fn odd_members_beside_the_file_are_passed_over() {
    let body = r#"{"job_id":"a","download_url":"https://x","confirmation_url":"N/A","filename":7}"#;
    let report = Runpod.report(body.as_bytes()).unwrap();
    assert_eq!(
        report.status(),
        Some(&TaskStatus::with_files(Source::of(SourceFile::at("https://x"))))
    );
}

fn tokens() -> TokenKey {
    TokenKey::new(&Secret::new("0123456789abcdef")).unwrap()
}

/// Authenticates the announcement with these proofs.
fn sender(
    job: Option<&str>,
    token: Option<&str>,
    signature: Option<&str>,
    secret: &str,
) -> Result<Sender, Unverified> {
    let query = |name: &str| if name == "job" { job } else { token };
    let header = |_: &str| signature;
    let body = ANNOUNCEMENT.as_bytes();
    let request = WebhookRequest {
        header: &header,
        query: &query,
        body,
        now: domain::Timestamp::from_millis(0),
    };
    Runpod.authenticate(&request, &WebhookKeys { secret: Secret::new(secret), tokens: tokens() })
}

#[test]
fn after_a_rotation_the_new_and_the_previous_secret_verify() {
    let signed = |secret: &str| {
        signing::hex_hmac::sign(&Secret::new(secret), ANNOUNCEMENT.as_bytes()).unwrap()
    };
    for secret in ["new", "previous"] {
        let found = sender(None, None, Some(&signed(secret)), "new previous");
        assert_eq!(found.unwrap(), Sender::Provider { attempt: None }, "{secret}");
    }
    for secret in ["older", "ne"] {
        let found = sender(None, None, Some(&signed(secret)), "new previous");
        assert!(matches!(found, Err(Unverified::NoMatch)), "{secret}");
    }
}

#[test]
fn a_token_counts_for_its_job_and_attempt() {
    let job_id: JobId = "job_1".parse().unwrap();
    let token = tokens().callback_token(&job_id, Attempt(2));
    let own = Sender::Attempt { job_id, attempt: Attempt(2) };
    assert_eq!(sender(Some("job_1"), Some(&token), None, "shared"), Ok(own));
    let other = sender(Some("job_2"), Some(&token), None, "shared");
    assert_eq!(other, Err(Unverified::NoMatch));
    assert_eq!(sender(None, Some(&token), None, "shared"), Err(Unverified::NoMatch));
}

#[test]
fn a_signature_counts_for_any_job_of_the_provider() {
    let signature = hex_hmac::sign(&Secret::new("shared"), ANNOUNCEMENT.as_bytes()).unwrap();
    assert_eq!(
        sender(None, None, Some(&signature), "shared"),
        Ok(Sender::Provider { attempt: None })
    );
    let forged_token = sender(Some("job_1"), Some("1.forged"), Some(&signature), "shared");
    assert_eq!(forged_token, Ok(Sender::Provider { attempt: None }));
    let forged = sender(None, None, Some("sha256=00"), "shared");
    assert_eq!(forged, Err(Unverified::NoMatch));
}

#[test]
fn no_proof_is_refused_and_so_is_an_unset_secret() {
    let missing = Unverified::MissingHeader("x-webhook-signature");
    assert_eq!(sender(None, None, None, "shared"), Err(missing));
    assert_eq!(sender(Some("job_1"), None, None, "shared"), Err(missing));
    let unset = sender(None, None, Some("sha256=00"), "");
    assert_eq!(unset, Err(InvalidSecret::Missing.into()));
}
