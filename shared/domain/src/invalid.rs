//! The error of validation: which field is not valid, and what is accepted.

/// A field of a client's input that is not valid. The message is for that client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct InvalidField {
    /// The field as the client spelt it, with dots for nesting (`metadata.order`).
    pub field: String,
    /// What is accepted, as the rest of a sentence that starts with the field.
    pub message: String,
}

impl InvalidField {
    /// The error of `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// The same error for a field nested in `parent` (`scenes[3]`).
    #[must_use]
    pub fn within(self, parent: &str) -> Self {
        Self { field: format!("{parent}.{}", self.field), ..self }
    }

    /// Checks that `text`, the value of `field`, is not blank, has at most `limit` characters and
    /// no control characters but white space.
    pub fn check_text(field: &str, text: &str, limit: usize) -> Result<(), Self> {
        if text.trim().is_empty() {
            return Err(Self::new(field, "must not be empty"));
        }
        let characters = text.chars().count();
        if characters > limit {
            let message = format!("must be at most {limit} characters, has {characters}");
            return Err(Self::new(field, message));
        }
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return Err(Self::new(field, "must not contain control characters"));
        }
        Ok(())
    }
}
