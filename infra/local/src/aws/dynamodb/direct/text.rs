//! The words of DynamoDB's expressions.

/// A word of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// An attribute's name, or what stands for one (`#name`); also `AND`, `SET`, functions.
    Name(String),
    /// What stands for a value (`:value`).
    Value(String),
    /// Anything else.
    Sign(&'static str),
}

const SIGNS: [&str; 10] = ["<=", ">=", "<>", "(", ")", ",", "=", "<", ">", "+"];

/// The words still to be read.
pub(super) struct Words {
    words: Vec<Word>,
    next: usize,
}

impl Words {
    /// `None` if there is more in it than is understood here, such as paths into maps and lists.
    pub fn of(mut text: &str) -> Option<Self> {
        let mut words = Vec::new();
        loop {
            text = text.trim_start();
            let Some(first) = text.chars().next() else { return Some(Self { words, next: 0 }) };
            if let Some(sign) = SIGNS.into_iter().find(|sign| text.starts_with(sign)) {
                words.push(Word::Sign(sign));
                text = &text[sign.len()..];
                continue;
            }
            let marked = matches!(first, '#' | ':');
            let start = usize::from(marked);
            let end = text[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let end = end.map_or(text.len(), |end| start + end);
            if end == start {
                return None;
            }
            let word = text[..end].to_owned();
            words.push(if first == ':' { Word::Value(word) } else { Word::Name(word) });
            text = &text[end..];
        }
    }

    pub fn peek(&self) -> Option<&Word> {
        self.words.get(self.next)
    }

    pub fn next(&mut self) -> Option<Word> {
        let word = self.words.get(self.next).cloned();
        self.next += 1;
        word
    }

    /// Reads on if the next word is that sign.
    pub fn takes(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Word::Sign(next)) if *next == sign);
        self.next += usize::from(is);
        is
    }

    /// Reads on if the next word is that one, in whatever case.
    pub fn takes_word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Word::Name(next)) if next.eq_ignore_ascii_case(word));
        self.next += usize::from(is);
        is
    }

    /// The next word, which must be an attribute's name.
    pub fn name(&mut self) -> Option<String> {
        match self.next()? {
            Word::Name(name) => Some(name),
            _ => None,
        }
    }

    pub fn is_at_end(&self) -> bool {
        self.next >= self.words.len()
    }
}
