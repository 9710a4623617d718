//! Why a job fails, in words meant for its owner.

use serde::{Deserialize, Serialize};

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JobError {
    /// A word for programs.
    pub code: ErrorCode,
    /// A sentence for people.
    pub message: String,
}

impl JobError {
    /// Pairs a code with its sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// The ways a job fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "JobErrorCode"))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The provider does not accept the request.
    ProviderRejected,
    /// The provider's worker refuses what the request says: its text, language, voice or options.
    InvalidInput,
    /// The account at the provider has no credit.
    NoCredit,
    /// The provider has no such model, version or deployment, or no such destination.
    NoSuchModel,
    /// The provider accepted it and failed.
    ProviderFailed,
    /// No provider accepted it in time.
    StartTimeout,
    /// The provider's answer to the submission was lost, and it never reported on the task.
    SubmissionUncertain,
    /// The provider did not finish in time.
    RunTimeout,
    /// The provider's file could not be pulled before it was gone.
    FileLost,
    /// The provider's file is not what was asked for.
    FileInvalid,
}
