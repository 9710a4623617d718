//! The body of `/run`: RunPod's envelope, and in it the input of the speech worker.

use std::time::Duration;

use domain::InvalidField;
use domain::language::Language;
use domain::tts::TtsRequest;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::engine::languages;
use crate::fields::Fields;

/// RunPod's default for `policy.executionTimeout`.
const EXECUTION_TIMEOUT: Duration = Duration::from_mins(10);
/// RunPod's default for `policy.ttl`.
const TIME_TO_LIVE: Duration = Duration::from_hours(24);

/// The envelope. RunPod validates nothing deeper; a wrong `input` fails in the worker.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct RunRequest {
    pub input: Map<String, Value>,
    /// The URL of RunPod's own webhook.
    #[serde(default)]
    pub webhook: Option<String>,
    #[serde(default)]
    policy: Policy,
}

/// Time limits, in milliseconds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Policy {
    execution_timeout: Option<u64>,
    ttl: Option<u64>,
}

impl RunRequest {
    /// How long the worker may take.
    pub fn execution_timeout(&self) -> Duration {
        self.policy.execution_timeout.map_or(EXECUTION_TIMEOUT, Duration::from_millis)
    }

    /// How long the task may exist until it ends.
    pub fn time_to_live(&self) -> Duration {
        self.policy.ttl.map_or(TIME_TO_LIVE, Duration::from_millis)
    }

    /// The requested speech; English by default.
    pub fn speech(&self) -> Result<TtsRequest, InvalidField> {
        let text = self.text("text")?.ok_or_else(|| InvalidField::new("text", "is missing"))?;
        let language = self.text("language")?.unwrap_or("english");
        if languages::code(language).is_none() {
            return Err(InvalidField::new("language", "is not supported"));
        }
        let voice = self.text("voice")?.map(str::to_owned);
        TtsRequest::new(text.to_owned(), Language::named(language), voice, self.text("format")?)
    }

    /// An optional member of the input that must be text.
    pub fn text(&self, name: &str) -> Result<Option<&str>, InvalidField> {
        Fields::of(&self.input).text(name)
    }
}
