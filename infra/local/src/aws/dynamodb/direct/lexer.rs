//! The lexer of DynamoDB's expressions.

/// A token of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// An attribute's name or its placeholder (`#name`); also keywords and functions.
    Name(String),
    /// A value's placeholder (`:value`).
    Value(String),
    /// An operator or punctuation.
    Symbol(&'static str),
}

const SYMBOLS: [&str; 10] = ["<=", ">=", "<>", "(", ")", ",", "=", "<", ">", "+"];

/// The tokens of an expression, with a cursor.
pub(super) struct Tokens {
    tokens: Vec<Token>,
    next: usize,
}

impl Tokens {
    /// Splits `text` into tokens; `None` if it holds what is not supported here, such as paths into
    /// maps and lists.
    pub fn lex(mut text: &str) -> Option<Self> {
        let mut tokens = Vec::new();
        loop {
            text = text.trim_start();
            let Some(first) = text.chars().next() else { return Some(Self { tokens, next: 0 }) };
            if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| text.starts_with(symbol)) {
                tokens.push(Token::Symbol(symbol));
                text = &text[symbol.len()..];
                continue;
            }
            let is_placeholder = matches!(first, '#' | ':');
            let start = usize::from(is_placeholder);
            let end = text[start..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let end = end.map_or(text.len(), |end| start + end);
            if end == start {
                return None;
            }
            let token = text[..end].to_owned();
            tokens.push(if first == ':' { Token::Value(token) } else { Token::Name(token) });
            text = &text[end..];
        }
    }

    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    pub fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    /// Consumes the next token if it is `symbol`.
    pub fn consume(&mut self, symbol: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Symbol(next)) if *next == symbol);
        self.next += usize::from(is);
        is
    }

    /// Consumes the next token if it is `keyword`, in any case.
    pub fn consume_keyword(&mut self, keyword: &str) -> bool {
        let is =
            matches!(self.peek(), Some(Token::Name(next)) if next.eq_ignore_ascii_case(keyword));
        self.next += usize::from(is);
        is
    }

    /// Consumes the next token, which must be an attribute's name.
    pub fn name(&mut self) -> Option<String> {
        match self.next()? {
            Token::Name(name) => Some(name),
            _ => None,
        }
    }

    /// What `read` reads, once or more with commas between.
    pub fn list<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut all = vec![read(self)?];
        while self.consume(",") {
            all.push(read(self)?);
        }
        Some(all)
    }

    /// What `read` reads in parentheses.
    pub fn in_parentheses<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let inner = if self.consume("(") { read(self)? } else { return None };
        self.consume(")").then_some(inner)
    }

    pub fn is_at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }
}
