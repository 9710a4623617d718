//! A function's environment variables, read once at start.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use domain::Secret;

/// Environment variables by name. Several functions may run in one process, each with variables
/// of its own, so nothing else in Hookreel reads the process's.
#[derive(Clone, Default)]
pub struct Environment(HashMap<String, String>);

/// Why a function cannot start. Each error names the setting to correct.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A variable is absent or empty.
    #[error("the environment variable {name} is not set; set it in template.yaml")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// A variable has a value that is not accepted.
    #[error("the environment variable {name} is not valid: {reason}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A client could not be created.
    #[error("cannot set up {what}: {reason}")]
    Client {
        /// Which client.
        what: &'static str,
        /// What went wrong.
        reason: String,
    },
}

impl StartError {
    /// The error for a client `what` that could not be created.
    pub fn client(what: &'static str, error: &dyn std::error::Error) -> Self {
        Self::Client { what, reason: crate::http::chain(error) }
    }
}

impl Environment {
    /// The variables of this process.
    pub fn from_process() -> Self {
        Self::from_pairs(std::env::vars())
    }

    /// The variables given.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The variable `name`, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variable `name`; an error if it is absent or empty.
    pub fn required(&self, name: &'static str) -> Result<&str, StartError> {
        self.get(name).ok_or(StartError::Missing { name })
    }

    /// The secret in the variable `name`; an error if it is absent or empty.
    pub fn required_secret(&self, name: &'static str) -> Result<Secret, StartError> {
        self.secret(name).ok_or(StartError::Missing { name })
    }

    /// The secret in the variable `name`, parsed as a key by `read`.
    pub fn secret_key<K, E: fmt::Display>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Secret) -> Result<K, E>,
    ) -> Result<K, StartError> {
        let secret = self.required_secret(name)?;
        read(&secret).map_err(|error| StartError::Invalid { name, reason: error.to_string() })
    }

    /// The secret in the variable `name`, if it is set. Blanks around it, such as the line's end
    /// that an editor adds, are dropped: nobody signs with them.
    pub fn secret(&self, name: &'static str) -> Option<Secret> {
        let value = self.get(name)?;
        let trimmed = value.trim();
        if trimmed != value {
            tracing::warn!(name, "blanks around the secret are dropped");
        }
        Some(trimmed).filter(|secret| !secret.is_empty()).map(Secret::new)
    }

    /// The variable `name` as a `T`, or `default` where it is not set.
    pub fn parsed<T>(&self, name: &'static str, default: T) -> Result<T, StartError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.get(name).map_or(Ok(default), |text| {
            text.parse()
                .map_err(|error: T::Err| StartError::Invalid { name, reason: error.to_string() })
        })
    }

    /// The variable `name` as a number of seconds.
    pub fn seconds(&self, name: &'static str, default: Duration) -> Result<Duration, StartError> {
        self.parsed(name, default.as_secs()).map(Duration::from_secs)
    }
}

impl fmt::Debug for Environment {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
