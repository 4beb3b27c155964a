//! Tokens to a program.

mod collections;

use std::rc::Rc;

use crate::ast::{Assert, Bind, Expr, Function, ImportAs, Kind, Name, Operator};
use crate::error::{Error, Place};
use crate::lexer::{Lexer, Token, Word};

/// How deep expressions may be nested.
const DEEPEST: usize = 400;

/// Reads a file.
pub(crate) fn parse(file: &str, text: &str) -> Result<Rc<Expr>, Error> {
    let tokens = Lexer::tokens(file, text)?;
    let mut parser = Parser { file: file.into(), tokens, at: 0, depth: 0 };
    let expr = parser.expr()?;
    match parser.peek() {
        Token::End => Ok(expr),
        other => parser.fail(&format!("Did not expect: {}", shown(other))),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("(IDENTIFIER, {name:?})"),
        Token::Word(word) => format!("{word:?}").to_lowercase(),
        Token::Number(number) => format!("(NUMBER, {number})"),
        Token::Text(text) => format!("(STRING, {text:?})"),
        Token::Sign(sign) => format!("{sign:?}"),
        Token::End => "end of file".to_owned(),
    }
}

struct Parser {
    file: Rc<str>,
    tokens: Vec<(Token, Place)>,
    at: usize,
    depth: usize,
}

type Parsed = Result<Rc<Expr>, Error>;
/// By name, if one is given.
type Argument = (Option<Name>, Rc<Expr>);
/// With its default, if it has one.
type Parameter = (Name, Option<Rc<Expr>>);

fn operator(token: &Token) -> Option<(Operator, u8)> {
    use Operator::{
        And, BitAnd, BitOr, BitXor, Equal, Greater, GreaterEqual, In, Left, Less, LessEqual, Minus,
        NotEqual, Or, Over, Plus, Remainder, Right, Times,
    };
    Some(match token {
        Token::Sign("*") => (Times, 10),
        Token::Sign("/") => (Over, 10),
        Token::Sign("%") => (Remainder, 10),
        Token::Sign("+") => (Plus, 9),
        Token::Sign("-") => (Minus, 9),
        Token::Sign("<<") => (Left, 8),
        Token::Sign(">>") => (Right, 8),
        Token::Sign("<") => (Less, 7),
        Token::Sign(">") => (Greater, 7),
        Token::Sign("<=") => (LessEqual, 7),
        Token::Sign(">=") => (GreaterEqual, 7),
        Token::Word(Word::In) => (In, 7),
        Token::Sign("==") => (Equal, 6),
        Token::Sign("!=") => (NotEqual, 6),
        Token::Sign("&") => (BitAnd, 5),
        Token::Sign("^") => (BitXor, 4),
        Token::Sign("|") => (BitOr, 3),
        Token::Sign("&&") => (And, 2),
        Token::Sign("||") => (Or, 1),
        _ => return None,
    })
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn place(&self) -> Place {
        self.tokens[self.at].1
    }

    fn next(&mut self) -> Token {
        let token = self.tokens[self.at].0.clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn fail<T>(&self, what: &str) -> Result<T, Error> {
        Err(Error::at(&self.file, self.place(), what))
    }

    fn takes(&mut self, sign: &'static str) -> bool {
        let found = *self.peek() == Token::Sign(sign);
        if found {
            self.next();
        }
        found
    }

    fn takes_word(&mut self, word: Word) -> bool {
        let found = *self.peek() == Token::Word(word);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), Error> {
        if self.takes(sign) {
            return Ok(());
        }
        self.fail(&format!("Expected token {sign:?} but got {}", shown(self.peek())))
    }

    fn name(&mut self) -> Result<Name, Error> {
        match self.peek().clone() {
            Token::Name(name) => {
                self.next();
                Ok(name.into())
            }
            other => self.fail(&format!("Expected token IDENTIFIER but got {}", shown(&other))),
        }
    }

    fn make(&self, place: Place, kind: Kind) -> Rc<Expr> {
        Rc::new(Expr { file: self.file.clone(), place, kind })
    }

    fn expr(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail("Exceeded maximum parse depth limit");
        }
        let parsed = self.binary(0);
        self.depth -= 1;
        parsed
    }

    fn binary(&mut self, lowest: u8) -> Parsed {
        let mut left = self.unary()?;
        while let Some((operator, rank)) = operator(self.peek()).filter(|(_, rank)| *rank > lowest)
        {
            let place = self.place();
            self.next();
            if operator == Operator::In && *self.peek() == Token::Word(Word::Super) {
                let next = &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].0;
                if !matches!(next, Token::Sign("." | "[")) {
                    self.next();
                    left = self.make(place, Kind::InSuper(left));
                    continue;
                }
            }
            let right = self.binary(rank)?;
            left = self.make(place, Kind::Binary(operator, left, right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed {
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.fail("Exceeded maximum parse depth limit");
        }
        let place = self.place();
        let sign = ["!", "-", "+", "~"].into_iter().find(|sign| *self.peek() == Token::Sign(sign));
        let parsed = match sign {
            Some(sign) => {
                self.next();
                self.unary().map(|operand| self.make(place, Kind::Unary(sign, operand)))
            }
            None => self.suffixed(),
        };
        self.depth -= 1;
        parsed
    }

    fn suffixed(&mut self) -> Parsed {
        let mut expr = self.primary()?;
        loop {
            let place = self.place();
            match self.peek() {
                Token::Sign(".") => {
                    self.next();
                    let name = self.name()?;
                    let name = self.make(place, Kind::Text(name));
                    expr = self.make(place, Kind::Index(expr, name));
                }
                Token::Sign("[") => {
                    self.next();
                    expr = self.index(expr, place)?;
                }
                Token::Sign("(") => {
                    self.next();
                    let arguments = self.arguments()?;
                    self.takes_word(Word::Tailstrict);
                    expr = self.make(place, Kind::Apply { function: expr, arguments });
                }
                Token::Sign("{") => {
                    self.next();
                    let right = self.object(place)?;
                    expr = self.make(place, Kind::Binary(Operator::Plus, expr, right));
                }
                _ => return Ok(expr),
            }
        }
    }

    fn index(&mut self, of: Rc<Expr>, place: Place) -> Parsed {
        let mut parts: [Option<Rc<Expr>>; 3] = [None, None, None];
        let mut at = 0;
        loop {
            if self.takes("]") {
                break;
            }
            if self.takes(":") {
                at += 1;
            } else if self.takes("::") {
                at += 2;
            } else if parts[at].is_none() {
                parts[at] = Some(self.expr()?);
            } else {
                return self.fail(&format!("Expected token \"]\" but got {}", shown(self.peek())));
            }
            if at > 2 {
                return self.fail("Invalid slice: too many colons");
            }
        }
        match (at, parts) {
            (0, [Some(index), _, _]) => Ok(self.make(place, Kind::Index(of, index))),
            (0, _) => self.fail("ranges and indices need an expression"),
            (_, parts) => Ok(self.make(place, Kind::Slice(of, parts))),
        }
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, Error> {
        let mut arguments = Vec::new();
        while !self.takes(")") {
            let named = matches!(self.peek(), Token::Name(_))
                && self.tokens.get(self.at + 1).is_some_and(|(t, _)| *t == Token::Sign("="));
            let name = if named { Some(self.name()?) } else { None };
            if named {
                self.next();
            } else if arguments.iter().any(|(name, _): &Argument| name.is_some()) {
                return self.fail("Positional argument after a named argument is not allowed");
            }
            arguments.push((name, self.expr()?));
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(arguments)
    }

    fn parameters(&mut self) -> Result<Vec<Parameter>, Error> {
        let mut parameters: Vec<Parameter> = Vec::new();
        while !self.takes(")") {
            let name = self.name()?;
            if parameters.iter().any(|(known, _)| *known == name) {
                return self.fail(&format!("Duplicate function parameter: {name}"));
            }
            let default = if self.takes("=") { Some(self.expr()?) } else { None };
            parameters.push((name, default));
            if !self.takes(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(parameters)
    }

    fn function(&mut self, place: Place) -> Parsed {
        let parameters = self.parameters()?;
        let body = self.expr()?;
        Ok(self.make(place, Kind::Function(Rc::new(Function { parameters, body }))))
    }

    fn bind(&mut self) -> Result<Bind, Error> {
        let place = self.place();
        let name = self.name()?;
        if self.takes("(") {
            let parameters = self.parameters()?;
            self.expect("=")?;
            let body = self.expr()?;
            let value = self.make(place, Kind::Function(Rc::new(Function { parameters, body })));
            return Ok(Bind { name, value });
        }
        self.expect("=")?;
        Ok(Bind { name, value: self.expr()? })
    }

    fn assert(&mut self) -> Result<Assert, Error> {
        let condition = self.expr()?;
        let message = if self.takes(":") { Some(self.expr()?) } else { None };
        Ok(Assert { condition, message })
    }

    fn primary(&mut self) -> Parsed {
        let place = self.place();
        let kind = match self.next() {
            Token::Number(number) => Kind::Number(number),
            Token::Text(text) => Kind::Text(text.into()),
            Token::Name(name) => Kind::Var(name.into()),
            Token::Sign("$") => Kind::Dollar,
            Token::Sign("(") => {
                let inner = self.expr()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Token::Sign("[") => return self.array(place),
            Token::Sign("{") => return self.object(place),
            Token::Word(word) => return self.worded(word, place),
            other => {
                return Err(Error::at(&self.file, place, format!("Unexpected: {}", shown(&other))));
            }
        };
        Ok(self.make(place, kind))
    }

    fn worded(&mut self, word: Word, place: Place) -> Parsed {
        let kind = match word {
            Word::Null => Kind::Null,
            Word::True => Kind::Bool(true),
            Word::False => Kind::Bool(false),
            Word::Own => Kind::Own,
            Word::Super => {
                if self.takes(".") {
                    let name = self.name()?;
                    Kind::SuperIndex(self.make(place, Kind::Text(name)))
                } else {
                    self.expect("[")?;
                    let index = self.expr()?;
                    self.expect("]")?;
                    Kind::SuperIndex(index)
                }
            }
            Word::If => {
                let condition = self.expr()?;
                if !self.takes_word(Word::Then) {
                    return self
                        .fail(&format!("Expected token then but got {}", shown(self.peek())));
                }
                let then = self.expr()?;
                let other = if self.takes_word(Word::Else) { Some(self.expr()?) } else { None };
                Kind::If(condition, then, other)
            }
            Word::Local => {
                let mut binds = vec![self.bind()?];
                while self.takes(",") {
                    binds.push(self.bind()?);
                }
                self.expect(";")?;
                Kind::Local(binds, self.expr()?)
            }
            Word::Function => {
                self.expect("(")?;
                return self.function(place);
            }
            Word::Error => Kind::Error(self.expr()?),
            Word::Assert => {
                let assert = self.assert()?;
                self.expect(";")?;
                Kind::Assert(assert, self.expr()?)
            }
            Word::Import | Word::ImportStr | Word::ImportBin => {
                let how = match word {
                    Word::Import => ImportAs::Code,
                    Word::ImportStr => ImportAs::Text,
                    _ => ImportAs::Bytes,
                };
                match self.next() {
                    Token::Text(path) => Kind::Import(how, path),
                    _ => return self.fail("Computed imports are not allowed"),
                }
            }
            other => {
                let shown = format!("{other:?}").to_lowercase();
                return Err(Error::at(&self.file, place, format!("Unexpected: {shown}")));
            }
        };
        Ok(self.make(place, kind))
    }
}
