//! Arrays and objects, and comprehensions of both.

use std::rc::Rc;

use super::{Parsed, Parser, shown};
use crate::ast::{Body, Clause, Field, FieldName, Function, Kind, Visibility};
use crate::error::{Error, Place};
use crate::lexer::{Token, Word};

impl Parser {
    fn clauses(&mut self) -> Result<Vec<Clause>, Error> {
        let mut clauses = Vec::new();
        loop {
            if self.takes_word(Word::For) {
                let name = self.name()?;
                if !self.takes_word(Word::In) {
                    return self.fail(&format!("Expected token in but got {}", shown(self.peek())));
                }
                clauses.push(Clause::For(name, self.expr()?));
            } else if !clauses.is_empty() && self.takes_word(Word::If) {
                clauses.push(Clause::If(self.expr()?));
            } else {
                return Ok(clauses);
            }
        }
    }

    pub(super) fn array(&mut self, place: Place) -> Parsed {
        let mut items = Vec::new();
        while !self.takes("]") {
            items.push(self.expr()?);
            let comma = self.takes(",");
            if items.len() == 1 && *self.peek() == Token::Word(Word::For) {
                let clauses = self.clauses()?;
                self.expect("]")?;
                return Ok(self.make(place, Kind::ArrayOf(items.remove(0), clauses)));
            }
            if !comma {
                self.expect("]")?;
                break;
            }
        }
        Ok(self.make(place, Kind::Array(items)))
    }

    pub(super) fn object(&mut self, place: Place) -> Parsed {
        let mut body = Body::default();
        let mut clauses = Vec::new();
        while !self.takes("}") {
            if self.takes_word(Word::Local) {
                body.locals.push(self.bind()?);
            } else if self.takes_word(Word::Assert) {
                body.asserts.push(self.assert()?);
            } else {
                body.fields.push(self.field()?);
            }
            let comma = self.takes(",");
            if *self.peek() == Token::Word(Word::For) {
                clauses = self.clauses()?;
                self.expect("}")?;
                break;
            }
            if !comma {
                self.expect("}")?;
                break;
            }
        }
        if clauses.is_empty() {
            for (i, field) in body.fields.iter().enumerate() {
                if let FieldName::Fixed(name) = &field.name
                    && body.fields[..i]
                        .iter()
                        .any(|f| matches!(&f.name, FieldName::Fixed(other) if other == name))
                {
                    return Err(Error::at(&self.file, place, format!("Duplicate field: {name}")));
                }
            }
            return Ok(self.make(place, Kind::Object(Rc::new(body))));
        }
        let computed =
            matches!(body.fields.as_slice(), [Field { name: FieldName::Computed(_), .. }]);
        if !computed || !body.asserts.is_empty() {
            let what = "Object comprehension can only have one field, and its name in brackets";
            return Err(Error::at(&self.file, place, what));
        }
        Ok(self.make(place, Kind::ObjectOf(Rc::new(body), clauses)))
    }

    fn field(&mut self) -> Result<Field, Error> {
        let place = self.place();
        let name = match self.next() {
            Token::Name(name) => FieldName::Fixed(name.into()),
            Token::Text(text) => FieldName::Fixed(text.into()),
            Token::Sign("[") => {
                let name = self.expr()?;
                self.expect("]")?;
                FieldName::Computed(name)
            }
            other => {
                return Err(Error::at(
                    &self.file,
                    place,
                    format!("Unexpected: {} while parsing field definition", shown(&other)),
                ));
            }
        };
        let parameters = if self.takes("(") { Some(self.parameters()?) } else { None };
        let (plus, visibility) = match self.next() {
            Token::Sign(":") => (false, Visibility::Inherit),
            Token::Sign("::") => (false, Visibility::Hidden),
            Token::Sign(":::") => (false, Visibility::Visible),
            Token::Sign("+:") => (true, Visibility::Inherit),
            Token::Sign("+::") => (true, Visibility::Hidden),
            Token::Sign("+:::") => (true, Visibility::Visible),
            other => {
                return Err(Error::at(
                    &self.file,
                    place,
                    format!("Expected token \":\" but got {}", shown(&other)),
                ));
            }
        };
        let mut value = self.expr()?;
        if let Some(parameters) = parameters {
            let function = Function { parameters, body: value };
            value = self.make(place, Kind::Function(Rc::new(function)));
        }
        Ok(Field { name, visibility, plus, value })
    }
}
