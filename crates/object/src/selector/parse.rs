//! The text of a label selector, read as `kubectl -l` takes it.

use super::SelectorError;
use super::labels::{Operator, Requirement, check_key};

/// The requirements that a text names.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    Parser { tokens: tokens(text)?, at: 0 }.selector()
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Symbol(&'static str),
    End,
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Word(w) => w,
            Self::Symbol(s) => s,
            Self::End => "",
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, SelectorError> {
    const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];
    let mut rest = text.trim_start_matches([' ', '\t', '\r', '\n']);
    let mut out = Vec::new();
    while !rest.is_empty() {
        let len = if let Some(symbol) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            out.push(Token::Symbol(symbol));
            symbol.len()
        } else {
            let end = rest.find(|c: char| " \t\r\n=!(),><".contains(c)).unwrap_or(rest.len());
            out.push(Token::Word(rest[..end].to_owned()));
            end
        };
        rest = rest[len..].trim_start_matches([' ', '\t', '\r', '\n']);
    }
    out.push(Token::End);
    Ok(out)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn selector(&mut self) -> Result<Vec<Requirement>, SelectorError> {
        let mut requirements = Vec::new();
        loop {
            match self.peek() {
                Token::End => return Ok(requirements),
                Token::Word(_) | Token::Symbol("!") => {}
                other => {
                    return Err(SelectorError(format!(
                        "found '{}', expected: !, identifier, or 'end of string'",
                        other.text()
                    )));
                }
            }
            let requirement = self
                .requirement()
                .map_err(|e| SelectorError(format!("unable to parse requirement: {e}")))?;
            requirements.push(requirement);
            match self.next() {
                Token::End => return Ok(requirements),
                Token::Symbol(",") => match self.peek() {
                    Token::Word(_) | Token::Symbol("!") => {}
                    other => {
                        return Err(SelectorError(format!(
                            "found '{}', expected: identifier after ','",
                            other.text()
                        )));
                    }
                },
                other => {
                    return Err(SelectorError(format!(
                        "found '{}', expected: ',' or 'end of string'",
                        other.text()
                    )));
                }
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let mut token = self.next();
        let absent = token == Token::Symbol("!");
        if absent {
            token = self.next();
        }
        let Token::Word(key) = token else {
            let found = token.text();
            return Err(SelectorError(format!("found '{found}', expected: identifier")));
        };
        check_key(&key)?;
        if absent {
            return Requirement::new(key, Operator::DoesNotExist, []);
        }
        if matches!(self.peek(), Token::End | Token::Symbol(",")) {
            return Requirement::new(key, Operator::Exists, []);
        }
        let token = self.next();
        let operator = match token.text() {
            "in" => Operator::In,
            "notin" => Operator::NotIn,
            "=" => Operator::Equals,
            "==" => Operator::DoubleEquals,
            "!=" => Operator::NotEquals,
            ">" => Operator::GreaterThan,
            "<" => Operator::LessThan,
            found => {
                return Err(SelectorError(format!(
                    "found '{found}', expected: in, notin, =, ==, !=, gt, lt"
                )));
            }
        };
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.value()?],
        };
        Requirement::new(key, operator, values)
    }

    fn value(&mut self) -> Result<String, SelectorError> {
        match self.peek() {
            Token::End | Token::Symbol(",") => Ok(String::new()),
            Token::Word(word) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            Token::Symbol(found) => {
                Err(SelectorError(format!("found '{found}', expected: identifier")))
            }
        }
    }

    /// `(a, b)`; an empty item is the empty value.
    fn values(&mut self) -> Result<Vec<String>, SelectorError> {
        let token = self.next();
        if token != Token::Symbol("(") {
            return Err(SelectorError(format!("found '{}' expected: '('", token.text())));
        }
        let mut values = Vec::new();
        let mut item = None;
        loop {
            match self.next() {
                Token::Word(word) if item.is_none() => item = Some(word),
                Token::Symbol(",") => values.push(item.take().unwrap_or_default()),
                Token::Symbol(")") => {
                    values.push(item.unwrap_or_default());
                    return Ok(values);
                }
                other => {
                    let found = other.text();
                    return Err(SelectorError(format!("found '{found}', expected: ',' or ')'")));
                }
            }
        }
    }
}
