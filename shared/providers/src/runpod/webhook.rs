//! What comes in from RunPod: seed 000's body, which its worker posts, or RunPod's own.

use domain::job::FileSource;
use domain::{InvalidField, JobId};
use serde_json::{Map, Value};

use super::answer::Task;
use super::output;
use crate::{AnswerError, ProviderNews};

/// A webhook that has been read. Nothing in it is proven yet; see [`super::sender`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callback {
    /// The worker has a file and waits for it to be fetched (seed 000).
    FileReady {
        /// The job, as it was named to the worker.
        job_id: JobId,
        /// Where the file is.
        source: FileSource,
    },
    /// RunPod itself tells how a task stands.
    Reported {
        /// The task.
        task: String,
        /// How it stands.
        news: ProviderNews,
    },
}

/// Reads either body, or names the field that is at fault.
pub fn parse(body: &[u8]) -> Result<Callback, InvalidField> {
    let not_an_object = || InvalidField::new("body", "must be a JSON object");
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) if is_report(&object) => reported(&Value::Object(object)),
        Ok(Value::Object(object)) => file_ready(&object),
        _ => Err(not_an_object()),
    }
}

/// RunPod's body has `id` and `status`; a worker's own may have a `status` too, but then it
/// says where the file is as well.
fn is_report(object: &Map<String, Value>) -> bool {
    !object.contains_key("download_url")
        && object.contains_key("id")
        && object.contains_key("status")
}

fn reported(body: &Value) -> Result<Callback, InvalidField> {
    let task = Task::from_value(body).map_err(|error| match error {
        AnswerError::Field { field } => InvalidField::new(field, "must be text, as RunPod's is"),
        other => InvalidField::new("body", other.to_string()),
    })?;
    Ok(Callback::Reported { news: task.news(), task: task.id })
}

fn file_ready(object: &Map<String, Value>) -> Result<Callback, InvalidField> {
    Ok(Callback::FileReady { job_id: job_id(object)?, source: output::offered(object)? })
}

fn job_id(object: &Map<String, Value>) -> Result<JobId, InvalidField> {
    match object.get("job_id") {
        Some(Value::String(text)) => text.parse(),
        Some(Value::Number(number)) => number.to_string().parse(),
        _ => Err(InvalidField::new("job_id", "is missing")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    /// Seed 000's own example.
    const SEED: &str = r#"{
        "job_id": "test_123",
        "download_url": "https://pod-id-8000.proxy.runpod.net/output/test.wav",
        "confirmation_url": "https://pod-id-8000.proxy.runpod.net/confirm-download/test_123",
        "filename": "test.wav"
    }"#;

    fn fault(body: &str) -> String {
        parse(body.as_bytes()).unwrap_err().field
    }

    #[test]
    fn reads_seed_000() {
        let Callback::FileReady { job_id, source } = parse(SEED.as_bytes()).unwrap() else {
            panic!("not a file");
        };
        assert_eq!(job_id.as_str(), "test_123");
        assert!(source.download_url.ends_with("/output/test.wav"));
        assert!(source.confirmation_url.unwrap().ends_with("/confirm-download/test_123"));
        assert_eq!(source.filename.as_deref(), Some("test.wav"));
    }

    #[test]
    fn reads_seed_000_with_more_or_less_in_it() {
        let body = r#"{"job_id":7,"id":"x","status":"ok","download_url":"https://x.example/a",
                       "confirmation_url":null,"filename":""}"#;
        let Callback::FileReady { job_id, source } = parse(body.as_bytes()).unwrap() else {
            panic!("not a file");
        };
        assert_eq!(job_id.as_str(), "7");
        assert_eq!((source.confirmation_url, source.filename), (None, None));
    }

    #[test]
    fn reads_runpods_own() {
        let body = r#"{"id":"c80f-u1","status":"COMPLETED","delayTime":5,"executionTime":9,
                       "output":{"audio_url":"https://x.example/a"},"webhook":"https://…"}"#;
        let Callback::Reported { task, news } = parse(body.as_bytes()).unwrap() else {
            panic!("not a report");
        };
        assert_eq!(task, "c80f-u1");
        assert!(matches!(news, ProviderNews::FileReady(_)), "{news:?}");
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
        let rest = r#""job_id":"a","download_url":"https://x""#;
        assert_eq!(fault(&format!(r#"{{{rest},"confirmation_url":[]}}"#)), "confirmation_url");
        let long = "x".repeat(256);
        assert_eq!(fault(&format!(r#"{{{rest},"filename":"{long}"}}"#)), "filename");
        assert_eq!(fault(r#"{"id":"../x","status":"COMPLETED"}"#), "id");
        assert_eq!(fault(r#"{"id":"x","status":null}"#), "status");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(body: Vec<u8>) {
            let _ = parse(&body).is_ok();
        }
    }
}
