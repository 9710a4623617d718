//! The error of validation: which field is not valid, and what is accepted.

/// What reading a field gives.
pub type Result<T, E = InvalidField> = std::result::Result<T, E>;

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
        if !text.chars().any(is_visible) {
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

/// Whether a reader sees `c`, and a voice may speak it: it is neither white space nor one of the
/// characters that only format others (Unicode's default ignorables).
fn is_visible(c: char) -> bool {
    let only_formats = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    !only_formats && !c.is_whitespace() && !c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_needs_a_character_that_is_seen() {
        for text in
            ["", " \n", "\u{200b}", "\u{feff}\u{2060}\u{ad}", "\u{3000}\u{200e}", "\u{fe0f}"]
        {
            assert!(InvalidField::check_text("text", text, 10).is_err(), "{text:?}");
        }
        for text in ["a", "\u{200b}ሰላም", "?", "🎬\u{fe0f}", "7"] {
            assert_eq!(InvalidField::check_text("text", text, 10), Ok(()), "{text:?}");
        }
        assert!(InvalidField::check_text("text", "a\0", 10).is_err());
        assert!(InvalidField::check_text("text", "12345678901", 10).is_err());
    }
}
