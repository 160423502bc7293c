//! Rust source as the rules need it: the code without comments and literals, the comments, the paths into `std`.
//!
//! A scanner, not a parser: it knows where comments and literals begin and end, which is what a search for text gets
//! wrong, and nothing of the grammar beyond `use` trees.

/// A source file, taken apart.
pub(super) struct RustCode {
    pub(super) tokens: Vec<Token>,
    pub(super) comments: Vec<Comment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) line: usize,
    /// An identifier, a number, `::`, or one character. Literals are left out.
    pub(super) text: String,
}

/// A comment with its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) line: usize,
    pub(super) text: String,
}

impl Comment {
    /// Whether rustdoc reads it.
    pub(super) fn is_doc(&self) -> bool {
        let starts = |mark| self.text.starts_with(mark);
        (starts("///") && !starts("////")) || starts("//!") || starts("/**") || starts("/*!")
    }
}

impl RustCode {
    pub(super) fn new(source: &str) -> Self {
        let mut scanner = Scanner { rest: source.chars().collect::<Vec<_>>().into(), line: 1 };
        let mut code = Self { tokens: Vec::new(), comments: Vec::new() };
        while let Some(next) = scanner.peek(0) {
            let line = scanner.line;
            match next {
                '/' if scanner.peek(1) == Some('/') => {
                    let text = scanner.take_while(|c| c != '\n');
                    code.comments.push(Comment { line, text });
                }
                '/' if scanner.peek(1) == Some('*') => {
                    let text = scanner.block_comment();
                    code.comments.push(Comment { line, text });
                }
                '"' => scanner.string(),
                '\'' => scanner.character_or_lifetime(),
                _ if is_word(next) => {
                    let text = scanner.take_while(is_word);
                    if !scanner.literal_after_prefix(&text) {
                        code.tokens.push(Token { line, text });
                    }
                }
                ':' if scanner.peek(1) == Some(':') => {
                    scanner.skip(2);
                    code.tokens.push(Token { line, text: "::".to_owned() });
                }
                _ => {
                    scanner.skip(1);
                    if !next.is_whitespace() {
                        code.tokens.push(Token { line, text: next.to_string() });
                    }
                }
            }
        }
        code
    }

    /// Every path that starts with this crate, `use` trees taken apart, with the line it is on.
    pub(super) fn paths(&self, root: &str) -> Vec<(usize, Vec<String>)> {
        let mut paths = Vec::new();
        for (index, token) in self.tokens.iter().enumerate() {
            if token.text == root {
                self.use_tree(index, &[], &mut paths);
            }
        }
        paths
    }

    /// Reads the tree whose first name is at `index`; returns the index behind it.
    fn use_tree(&self, index: usize, before: &[String], paths: &mut Vec<(usize, Vec<String>)>) -> usize {
        let Some(token) = self.tokens.get(index) else { return index };
        let mut path = before.to_vec();
        path.push(token.text.clone());
        let mut at = index + 1;
        while self.text(at) == Some("::") {
            match self.text(at + 1) {
                Some("{") => {
                    at += 2;
                    while let Some(next) = self.text(at)
                        && next != "}"
                    {
                        at = if next.chars().all(is_word) || next == "*" {
                            self.use_tree(at, &path, paths)
                        } else {
                            at + 1
                        };
                    }
                    return at + 1;
                }
                Some(next) if next == "*" || next.chars().all(is_word) => {
                    path.push(next.to_owned());
                    at += 2;
                }
                _ => break,
            }
        }
        paths.push((token.line, path));
        // A new name for it (`as x`) is not a path.
        if self.text(at) == Some("as") { at + 2 } else { at }
    }

    /// The token's text; also for an index before the first or behind the last.
    pub(super) fn text(&self, index: usize) -> Option<&str> {
        Some(self.tokens.get(index)?.text.as_str())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Scanner {
    rest: std::collections::VecDeque<char>,
    line: usize,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.pop_front()?;
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.next();
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while self.peek(0).is_some_and(&wanted) {
            taken.extend(self.next());
        }
        taken
    }

    /// Block comments nest.
    fn block_comment(&mut self) -> String {
        let mut text = String::new();
        let mut depth = 0_usize;
        while let Some(next) = self.next() {
            text.push(next);
            match (next, self.peek(0)) {
                ('/', Some('*')) => depth += 1,
                ('*', Some('/')) => depth -= 1,
                _ => continue,
            }
            text.extend(self.next());
            if depth == 0 {
                break;
            }
        }
        text
    }

    /// Skips a string whose opening quote is next.
    fn string(&mut self) {
        self.skip(1);
        while let Some(next) = self.next() {
            match next {
                '\\' => self.skip(1),
                '"' => break,
                _ => {}
            }
        }
    }

    fn character_or_lifetime(&mut self) {
        self.skip(1);
        match (self.peek(0), self.peek(1)) {
            (Some('\\'), _) => {
                self.skip(2);
                self.take_while(|c| c != '\'');
                self.skip(1);
            }
            (_, Some('\'')) => self.skip(2),
            _ => {
                self.take_while(is_word);
            }
        }
    }

    /// Skips the literal that this word is the prefix of, such as `r#"…"#` or `b'x'`; false if there is none.
    fn literal_after_prefix(&mut self, prefix: &str) -> bool {
        match (prefix, self.peek(0)) {
            ("b" | "c", Some('"')) => self.string(),
            ("b", Some('\'')) => self.character_or_lifetime(),
            ("r" | "br" | "cr", Some('"' | '#')) => return self.raw_string(),
            _ => return false,
        }
        true
    }

    fn raw_string(&mut self) -> bool {
        let hashes = self.rest.iter().take_while(|&&c| c == '#').count();
        if self.peek(hashes) != Some('"') {
            // A raw identifier: `r#type`.
            return false;
        }
        self.skip(hashes + 1);
        while let Some(next) = self.next() {
            if next == '"' && (0..hashes).all(|ahead| self.peek(ahead) == Some('#')) {
                self.skip(hashes);
                break;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests;
