//! The one error of validation: which field is wrong, and what would be right.

/// A field of a client's input that cannot be accepted. The message is meant for that client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct InvalidField {
    /// The field as the client spelt it, with dots for nesting (`metadata.order`).
    pub field: String,
    /// What is wrong and what is accepted instead.
    pub message: String,
}

impl InvalidField {
    /// Names `field` and says what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// The same of a field that lies in `place` (`scenes[3]`).
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        Self { field: format!("{place}.{}", self.field), ..self }
    }
}
