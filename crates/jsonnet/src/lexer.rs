//! Text to tokens.

use crate::error::{Error, Place};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Word(Word),
    Number(f64),
    Text(String),
    /// An operator or bracket.
    Sign(&'static str),
    End,
}

/// Reserved words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Assert,
    Else,
    Error,
    False,
    For,
    Function,
    If,
    Import,
    ImportStr,
    ImportBin,
    In,
    Local,
    Null,
    Own,
    Super,
    Tailstrict,
    Then,
    True,
}

fn word(text: &str) -> Option<Word> {
    Some(match text {
        "assert" => Word::Assert,
        "else" => Word::Else,
        "error" => Word::Error,
        "false" => Word::False,
        "for" => Word::For,
        "function" => Word::Function,
        "if" => Word::If,
        "import" => Word::Import,
        "importstr" => Word::ImportStr,
        "importbin" => Word::ImportBin,
        "in" => Word::In,
        "local" => Word::Local,
        "null" => Word::Null,
        "self" => Word::Own,
        "super" => Word::Super,
        "tailstrict" => Word::Tailstrict,
        "then" => Word::Then,
        "true" => Word::True,
        _ => return None,
    })
}

/// Longest first.
const SIGNS: [&str; 36] = [
    "+:::", ":::", "+::", "...", "::", "+:", "==", "!=", "<=", ">=", "<<", ">>", "&&", "||", "{",
    "}", "[", "]", "(", ")", ",", ";", ".", "$", ":", "=", "<", ">", "+", "-", "*", "/", "%", "&",
    "|", "^",
];

pub(crate) struct Lexer<'a> {
    file: &'a str,
    text: &'a str,
    at: usize,
    line: usize,
    line_start: usize,
}

impl<'a> Lexer<'a> {
    /// All tokens and where each begins, the end last.
    pub(crate) fn tokens(file: &'a str, text: &'a str) -> Result<Vec<(Token, Place)>, Error> {
        let mut lexer = Self { file, text, at: 0, line: 1, line_start: 0 };
        let mut tokens = Vec::new();
        loop {
            lexer.skip()?;
            let place = lexer.place();
            let token = lexer.next()?;
            let done = token == Token::End;
            tokens.push((token, place));
            if done {
                return Ok(tokens);
            }
        }
    }

    fn place(&self) -> Place {
        let column = self.text[self.line_start..self.at].chars().count() + 1;
        Place { line: self.line, column }
    }

    fn fail<T>(&self, what: &str) -> Result<T, Error> {
        Err(Error::at(self.file, self.place(), what))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn advance(&mut self, bytes: usize) {
        let from = self.at;
        self.at += bytes;
        for (i, byte) in self.text.as_bytes()[from..self.at].iter().enumerate() {
            if *byte == b'\n' {
                self.line += 1;
                self.line_start = from + i + 1;
            }
        }
    }

    fn skip(&mut self) -> Result<(), Error> {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            self.advance(blank);
            let rest = self.rest();
            if rest.starts_with('#') || rest.starts_with("//") {
                self.advance(rest.find('\n').unwrap_or(rest.len()));
            } else if rest.starts_with("/*") {
                let Some(end) = rest.find("*/") else {
                    return self.fail("Multi-line comment has no terminating */");
                };
                self.advance(end + 2);
            } else if blank == 0 {
                return Ok(());
            }
        }
    }

    fn next(&mut self) -> Result<Token, Error> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = &rest[..end.unwrap_or(rest.len())];
            self.advance(name.len());
            return Ok(word(name).map_or_else(|| Token::Name(name.to_owned()), Token::Word));
        }
        if first.is_ascii_digit() {
            return self.number();
        }
        if rest.starts_with("|||") {
            return self.block();
        }
        match first {
            '"' | '\'' => self.quoted(first),
            '@' => self.verbatim(),
            '!' if !rest.starts_with("!=") => {
                self.advance(1);
                Ok(Token::Sign("!"))
            }
            '~' => {
                self.advance(1);
                Ok(Token::Sign("~"))
            }
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => {
                    self.advance(sign.len());
                    Ok(Token::Sign(sign))
                }
                None => self.fail(&format!("Could not lex the character {first:?}")),
            },
        }
    }

    fn number(&mut self) -> Result<Token, Error> {
        let rest = self.rest().as_bytes();
        let digits =
            |from: usize| from + rest[from..].iter().take_while(|b| b.is_ascii_digit()).count();
        let mut end = digits(0);
        if end > 1 && rest[0] == b'0' {
            return self.fail("Couldn't lex number, unexpected character after '0'");
        }
        if rest.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == end + 1 {
                return self.fail("Couldn't lex number, junk after decimal point");
            }
            end = fraction;
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent == end + 1 + sign {
                return self.fail("Couldn't lex number, junk after 'E'");
            }
            end = exponent;
        }
        match self.rest()[..end].parse::<f64>() {
            Ok(number) => {
                self.advance(end);
                Ok(Token::Number(number))
            }
            Err(_) => self.fail("Couldn't lex number"),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Token, Error> {
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            if c == quote {
                self.advance(i + 1);
                return Ok(Token::Text(out));
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let Some((_, escape)) = chars.next() else { break };
            match escape {
                '"' | '\'' | '\\' | '/' => out.push(escape),
                'b' => out.push('\u{8}'),
                'f' => out.push('\u{c}'),
                'n' => out.push('\n'),
                'r' => out.push('\r'),
                't' => out.push('\t'),
                'u' => {
                    let hex = |chars: &mut dyn Iterator<Item = (usize, char)>| {
                        let digits: String = chars.take(4).map(|(_, c)| c).collect();
                        (digits.len() == 4).then(|| u16::from_str_radix(&digits, 16).ok()).flatten()
                    };
                    let Some(first) = hex(&mut chars) else {
                        return self.fail("Truncated unicode escape sequence in string literal");
                    };
                    let mut units = vec![first];
                    if (0xD800..0xDC00).contains(&first) {
                        let (a, b) = (chars.next(), chars.next());
                        let second = matches!((a, b), (Some((_, '\\')), Some((_, 'u'))));
                        let second = if second { hex(&mut chars) } else { None };
                        let Some(second) = second else {
                            return self.fail("Invalid surrogate pair in string literal");
                        };
                        units.push(second);
                    }
                    out.push_str(&String::from_utf16_lossy(&units));
                }
                _ => {
                    return self
                        .fail(&format!("Unknown escape sequence in string literal: '{escape}'"));
                }
            }
        }
        self.fail("Unterminated String")
    }

    fn verbatim(&mut self) -> Result<Token, Error> {
        let rest = self.rest();
        let Some(quote) = rest[1..].chars().next().filter(|c| *c == '"' || *c == '\'') else {
            return self.fail("Couldn't lex verbatim string, expected a quote after @");
        };
        let mut out = String::new();
        let mut chars = rest.char_indices().skip(2).peekable();
        while let Some((i, c)) = chars.next() {
            if c != quote {
                out.push(c);
            } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                out.push(quote);
            } else {
                self.advance(i + 1);
                return Ok(Token::Text(out));
            }
        }
        self.fail("Unterminated String")
    }

    /// `|||`, lines that begin with the same blanks, `|||`.
    fn block(&mut self) -> Result<Token, Error> {
        let rest = self.rest();
        let (chomp, mut at) = if rest.starts_with("|||-") { (true, 4) } else { (false, 3) };
        at += rest[at..].len() - rest[at..].trim_start_matches([' ', '\t', '\r']).len();
        if !rest[at..].starts_with('\n') {
            return self.fail("Text block requires new line after |||.");
        }
        at += 1;
        let blank_line = |text: &str| text.starts_with('\n') || text.starts_with("\r\n");
        let mut lines = rest[at..].lines().skip_while(|line| line.trim().is_empty());
        let first = lines.next().unwrap_or_default();
        let indent = &first[..first.len() - first.trim_start_matches([' ', '\t']).len()];
        if indent.is_empty() {
            return self.fail("Text block's first line must start with whitespace.");
        }
        let mut out = String::new();
        loop {
            let line = &rest[at..];
            if line.is_empty() {
                return self.fail("Text block not terminated with |||");
            }
            let end = line.find('\n').map_or(line.len(), |i| i + 1);
            if blank_line(line) {
                out.push('\n');
            } else if let Some(text) = line[..end].strip_prefix(indent) {
                out.push_str(text);
            } else {
                let after = line.trim_start_matches([' ', '\t']);
                if !after.starts_with("|||") {
                    return self.fail("Text block not terminated with |||");
                }
                self.advance(at + (line.len() - after.len()) + 3);
                if chomp && out.ends_with('\n') {
                    out.pop();
                }
                return Ok(Token::Text(out));
            }
            at += end;
        }
    }
}
