//! Text to tokens.
//!
//! Lexing stops at the first error, which becomes the last token: the parser meets it in its turn,
//! so that an earlier fault is reported first, as in Go.

/// Kinds of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Bool,
    Char,
    CharConstant,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Dot,
    Keyword(Keyword),
    Nil,
}

/// Words with a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

impl Keyword {
    fn find(word: &str) -> Option<Self> {
        Some(match word {
            "block" => Self::Block,
            "break" => Self::Break,
            "continue" => Self::Continue,
            "define" => Self::Define,
            "else" => Self::Else,
            "end" => Self::End,
            "if" => Self::If,
            "range" => Self::Range,
            "template" => Self::Template,
            "with" => Self::With,
            _ => return None,
        })
    }
}

/// One token: where it begins, in bytes and in lines from 1, and its text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind,
    pub(crate) pos: usize,
    pub(crate) line: usize,
    /// A part of the input; nothing where it is an error.
    pub(crate) text: &'t str,
}

/// What a text consists of.
#[derive(Debug)]
pub(crate) struct Lexed<'t> {
    /// The last is [`Kind::Eof`] or [`Kind::Error`].
    pub(crate) tokens: Vec<Token<'t>>,
    /// What the error says, if there is one.
    pub(crate) error: String,
}

impl Token<'_> {
    /// As Go shows a token in an error.
    pub(crate) fn shown(&self) -> String {
        match self.kind {
            Kind::Eof => "EOF".to_owned(),
            Kind::Keyword(_) | Kind::Nil | Kind::Dot => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let head: String = self.text.chars().take(10).collect();
                format!("{}...", crate::fmt::quote(&head))
            }
            _ => crate::fmt::quote(self.text),
        }
    }
}

const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];
const LEFT: &str = "{{";
const RIGHT: &str = "}}";

struct Lexer<'a> {
    input: &'a str,
    start: usize,
    pos: usize,
    start_line: usize,
    line: usize,
    parens: usize,
    out: Lexed<'a>,
}

/// All tokens of `input`.
pub(crate) fn lex(input: &str) -> Lexed<'_> {
    // A guess that most templates stay below, and long texts do not stretch.
    let tokens = Vec::with_capacity((1 + input.len() / 8).min(1 << 10));
    let out = Lexed { tokens, error: String::new() };
    let mut lexer = Lexer { input, start: 0, pos: 0, start_line: 1, line: 1, parens: 0, out };
    lexer.run();
    lexer.out
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.input[self.pos..]
    }

    fn peek(&self) -> Option<char> {
        match self.input.as_bytes().get(self.pos) {
            Some(b) if b.is_ascii() => Some(char::from(*b)),
            _ => self.rest().chars().next(),
        }
    }

    /// Whether `text` stands here.
    fn at(&self, text: &str) -> bool {
        self.input.as_bytes()[self.pos..].starts_with(text.as_bytes())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        if c == '\n' {
            self.line += 1;
        }
        Some(c)
    }

    fn emit(&mut self, kind: Kind) {
        let text = &self.input[self.start..self.pos];
        self.out.tokens.push(Token { kind, pos: self.start, line: self.start_line, text });
        self.ignore();
    }

    /// Forgets what lies between start and pos.
    fn ignore(&mut self) {
        self.start = self.pos;
        self.start_line = self.line;
    }

    fn skip(&mut self, bytes: usize) {
        let skipped = &self.rest().as_bytes()[..bytes];
        self.line += skipped.iter().filter(|b| **b == b'\n').count();
        self.pos += bytes;
    }

    /// Ends lexing.
    fn fail<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.out.error = message.into();
        self.out.tokens.push(Token {
            kind: Kind::Error,
            pos: self.start,
            line: self.start_line,
            text: "",
        });
        self.ignore();
        None
    }

    fn run(&mut self) {
        loop {
            let Some(at) = find_left(self.rest()) else {
                let left = self.rest().len();
                self.skip(left);
                if self.pos > self.start {
                    self.emit(Kind::Text);
                }
                self.emit(Kind::Eof);
                return;
            };
            let text = &self.rest()[..at];
            let trims = has_left_trim(&self.rest()[at + LEFT.len()..]);
            let kept = if trims { text.trim_end_matches(SPACES).len() } else { at };
            if at > 0 {
                self.skip(kept);
                if self.pos > self.start {
                    self.emit(Kind::Text);
                }
                self.skip(at - kept);
                self.ignore();
            }
            if self.left_delim(trims).is_none() {
                return;
            }
        }
    }

    /// An action or a comment, from its left delimiter to its right one. `None` ends lexing.
    fn left_delim(&mut self, trims: bool) -> Option<()> {
        let marker = if trims { 2 } else { 0 };
        if self.rest()[LEFT.len() + marker..].starts_with("/*") {
            self.skip(LEFT.len() + marker);
            self.ignore();
            return self.comment();
        }
        self.skip(LEFT.len());
        self.emit(Kind::LeftDelim);
        self.skip(marker);
        self.ignore();
        self.parens = 0;
        while self.inside()? {}
        Some(())
    }

    fn comment(&mut self) -> Option<()> {
        let Some(end) = self.rest().find("*/") else { return self.fail("unclosed comment") };
        self.skip(end + 2);
        let Some(trims) = self.at_right_delim() else {
            return self.fail("comment ends before closing delimiter");
        };
        self.right_delim(trims, false);
        Some(())
    }

    /// Whether a right delimiter begins here, and whether it trims.
    fn at_right_delim(&self) -> Option<bool> {
        let rest = &self.input.as_bytes()[self.pos..];
        match rest.first()? {
            b'}' => rest.starts_with(RIGHT.as_bytes()).then_some(false),
            b if is_space(char::from(*b)) => rest[1..].starts_with(b"-}}").then_some(true),
            _ => None,
        }
    }

    fn right_delim(&mut self, trims: bool, emit: bool) {
        if trims {
            self.skip(2);
            self.ignore();
        }
        self.skip(RIGHT.len());
        if emit {
            self.emit(Kind::RightDelim);
        }
        if trims {
            let rest = self.rest();
            let spaces = rest.len() - rest.trim_start_matches(SPACES).len();
            self.skip(spaces);
        }
        self.ignore();
    }

    /// One token inside an action; false when the action has ended.
    fn inside(&mut self) -> Option<bool> {
        if let Some(trims) = self.at_right_delim() {
            if self.parens > 0 {
                return self.fail("unclosed left paren");
            }
            self.right_delim(trims, true);
            return Some(false);
        }
        let Some(c) = self.peek() else { return self.fail("unclosed action") };
        if is_space(c) {
            return self.space();
        }
        if c.is_ascii_digit() || c == '+' || c == '-' {
            return self.number();
        }
        if is_alphanumeric(c) {
            return self.identifier();
        }
        self.next();
        match c {
            '=' => self.emit(Kind::Assign),
            ':' => {
                if self.next() != Some('=') {
                    return self.fail("expected :=");
                }
                self.emit(Kind::Declare);
            }
            '|' => self.emit(Kind::Pipe),
            '"' => return self.quoted('"', Kind::String, "unterminated quoted string"),
            '\'' => {
                return self.quoted('\'', Kind::CharConstant, "unterminated character constant");
            }
            '`' => {
                loop {
                    match self.next() {
                        None => return self.fail("unterminated raw quoted string"),
                        Some('`') => break,
                        Some(_) => {}
                    }
                }
                self.emit(Kind::RawString);
            }
            '$' => return self.name(Kind::Variable, Kind::Variable),
            '.' => {
                if self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.pos -= 1;
                    return self.number();
                }
                return self.name(Kind::Field, Kind::Dot);
            }
            '(' => {
                self.parens += 1;
                self.emit(Kind::LeftParen);
            }
            ')' => {
                if self.parens == 0 {
                    return self.fail("unexpected right paren");
                }
                self.parens -= 1;
                self.emit(Kind::RightParen);
            }
            c if c.is_ascii_graphic() => self.emit(Kind::Char),
            c => {
                let shown = crate::fmt::unicode(c);
                return self.fail(format!("unrecognized character in action: {shown}"));
            }
        }
        Some(true)
    }

    fn space(&mut self) -> Option<bool> {
        let rest = &self.input.as_bytes()[self.pos..];
        let count = rest.iter().position(|b| !is_space(char::from(*b))).unwrap_or(rest.len());
        self.skip(count);
        // The last blank may belong to a trim marker.
        if self.at("-}}") {
            self.pos -= 1;
            if self.input[self.pos..].starts_with('\n') {
                self.line -= 1;
            }
            if count == 1 {
                self.right_delim(true, true);
                return Some(false);
            }
        }
        self.emit(Kind::Space);
        Some(true)
    }

    /// Goes behind letters, digits and underscores.
    fn word(&mut self) {
        loop {
            let rest = &self.input.as_bytes()[self.pos..];
            let plain = |b: &u8| *b == b'_' || b.is_ascii_alphanumeric();
            self.pos += rest.iter().position(|b| !plain(b)).unwrap_or(rest.len());
            // What is no ASCII is no line feed either.
            match self.peek() {
                Some(c) if is_alphanumeric(c) => self.pos += c.len_utf8(),
                _ => return,
            }
        }
    }

    fn identifier(&mut self) -> Option<bool> {
        self.word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        let kind = match &self.input[self.start..self.pos] {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            word => Keyword::find(word).map_or(Kind::Identifier, Kind::Keyword),
        };
        self.emit(kind);
        Some(true)
    }

    /// A field or a variable, whose first character is taken; `alone` is what the character is when
    /// nothing follows.
    fn name(&mut self, kind: Kind, alone: Kind) -> Option<bool> {
        if self.at_terminator() {
            self.emit(alone);
            return Some(true);
        }
        self.word();
        if !self.at_terminator() {
            return self.bad_character();
        }
        self.emit(kind);
        Some(true)
    }

    fn bad_character(&mut self) -> Option<bool> {
        let c = self.next();
        let shown = c.map_or_else(|| "U+FFFFFFFFFFFFFFFF".to_owned(), crate::fmt::unicode);
        self.fail(format!("bad character {shown}"))
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None => true,
            Some(c) if is_space(c) => true,
            Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(c) => c == '}' && self.at(RIGHT),
        }
    }

    /// A string or character constant, whose opening quote is taken.
    fn quoted(&mut self, end: char, kind: Kind, unterminated: &str) -> Option<bool> {
        loop {
            match self.next() {
                Some('\\') => {
                    if matches!(self.next(), None | Some('\n')) {
                        return self.fail(unterminated);
                    }
                }
                None | Some('\n') => return self.fail(unterminated),
                Some(c) if c == end => break,
                Some(_) => {}
            }
        }
        self.emit(kind);
        Some(true)
    }

    /// Takes one of the characters of `set`, which are ASCII and no line feed.
    fn accept(&mut self, set: &str) -> bool {
        let next = self.input.as_bytes().get(self.pos);
        let found = next.is_some_and(|b| set.as_bytes().contains(b));
        self.pos += usize::from(found);
        found
    }

    fn accept_run(&mut self, set: &str) {
        while self.accept(set) {}
    }

    fn number(&mut self) -> Option<bool> {
        if !self.scan_number() {
            return self.bad_number();
        }
        // Two parts are a complex number, the second an imaginary one.
        if self.peek().is_some_and(|c| matches!(c, '+' | '-'))
            && !(self.scan_number() && self.input[..self.pos].ends_with('i'))
        {
            return self.bad_number();
        }
        self.emit(Kind::Number);
        Some(true)
    }

    fn scan_number(&mut self) -> bool {
        self.accept("+-");
        let (mut digits, mut exponent) = ("0123456789_", "eE");
        if self.accept("0") {
            if self.accept("xX") {
                (digits, exponent) = ("0123456789abcdefABCDEF_", "pP");
            } else if self.accept("oO") {
                (digits, exponent) = ("01234567_", "");
            } else if self.accept("bB") {
                (digits, exponent) = ("01_", "");
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if self.accept(exponent) {
            self.accept("+-");
            self.accept_run("0123456789_");
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.next();
            return false;
        }
        true
    }

    fn bad_number(&mut self) -> Option<bool> {
        let text = crate::fmt::quote(&self.input[self.start..self.pos]);
        self.fail(format!("bad number syntax: {text}"))
    }
}

/// Where the next action begins.
fn find_left(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find('{')?;
        if text[at..].starts_with(LEFT) {
            return Some(at);
        }
        from = at + 1;
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric() || (!c.is_ascii() && c.is_alphanumeric())
}

fn has_left_trim(rest: &str) -> bool {
    matches!(rest.as_bytes(), [b'-', b, ..] if is_space(char::from(*b)))
}
