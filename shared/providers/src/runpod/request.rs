//! What RunPod is sent, and where.

use domain::tts::TtsRequest;
use domain::{JobId, limits};
use serde_json::{Value, json};

/// One serverless endpoint of our account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
}

impl Endpoint {
    /// The endpoint `id` below `base_url`, which is `https://api.runpod.ai` for RunPod itself.
    #[must_use]
    pub fn new(base_url: &str, id: &str) -> Self {
        Self { url: format!("{}/v2/{id}", base_url.trim_end_matches('/')) }
    }

    /// Where work is posted.
    #[must_use]
    pub fn run_url(&self) -> String {
        format!("{}/run", self.url)
    }

    /// Where a task's state is read.
    #[must_use]
    pub fn status_url(&self, task: &str) -> String {
        format!("{}/status/{task}", self.url)
    }

    /// Where a POST ends a task.
    #[must_use]
    pub fn cancel_url(&self, task: &str) -> String {
        format!("{}/cancel/{task}", self.url)
    }
}

/// The body of a run. The worker posts to `callback_url` when the file is ready; with
/// `native`, RunPod itself also posts there when the task has ended.
///
/// `executionTimeout` bounds the work, `ttl` the waiting and the work together, both in
/// milliseconds.
#[must_use]
pub fn run_body(job_id: &JobId, request: &TtsRequest, callback_url: &str, native: bool) -> Value {
    let life = limits::START_DEADLINE + limits::RUN_DEADLINE;
    let mut body = json!({
        "input": {
            "text": request.text,
            "language": request.language.name(),
            "format": request.format.as_str(),
            "job_id": job_id,
            "webhook_url": callback_url,
        },
        "policy": {
            "executionTimeout": limits::RUN_DEADLINE.as_secs() * 1000,
            "ttl": life.as_secs() * 1000,
        },
    });
    if let Some(voice) = &request.voice {
        body["input"]["voice"] = json!(voice);
    }
    if native {
        body["webhook"] = json!(callback_url);
    }
    body
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn body(voice: Option<&str>, native: bool) -> Value {
        let request =
            TtsRequest::new("Akkam".into(), "om", voice.map(Into::into), Some("mp3")).unwrap();
        let url = "https://api.example.com/api/runpod-webhook?job=job_1&token=1.x";
        run_body(&"job_1".parse().unwrap(), &request, url, native)
    }

    #[test]
    fn says_what_to_speak_and_where_to_call() {
        let expected = json!({
            "input": {
                "text": "Akkam",
                "language": "oromo",
                "format": "mp3",
                "job_id": "job_1",
                "webhook_url": "https://api.example.com/api/runpod-webhook?job=job_1&token=1.x",
            },
            "policy": { "executionTimeout": 7_200_000, "ttl": 14_400_000 },
        });
        assert_eq!(body(None, false), expected);
    }

    #[test]
    fn names_a_voice_and_the_native_webhook_when_asked() {
        let body = body(Some("f2"), true);
        assert_eq!(body["input"]["voice"], "f2");
        assert_eq!(body["webhook"], body["input"]["webhook_url"]);
    }

    #[test]
    fn urls_of_an_endpoint() {
        let endpoint = Endpoint::new("https://api.runpod.ai/", "abc");
        assert_eq!(endpoint.run_url(), "https://api.runpod.ai/v2/abc/run");
        assert_eq!(endpoint.status_url("t-1"), "https://api.runpod.ai/v2/abc/status/t-1");
        assert_eq!(endpoint.cancel_url("t-1"), "https://api.runpod.ai/v2/abc/cancel/t-1");
    }
}
