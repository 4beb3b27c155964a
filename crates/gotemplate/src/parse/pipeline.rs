//! Pipelines: declarations, commands, operands.

use std::sync::Arc;

use super::{MAX_NESTING, MAX_PARENS, Parser, Result};
use crate::exec::deep;
use crate::lex::Kind;
use crate::node::{Command, Constant, Operand, Pipe, Term};
use crate::number::Number;
use crate::unquote::unquote_bytes;

impl Parser<'_> {
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe> {
        self.skip_space();
        let pos = self.at(self.next).pos;
        let mut pipe =
            Pipe { pos, declared: Vec::new(), assigns: false, commands: Vec::with_capacity(1) };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::String
                | Kind::Variable
                | Kind::LeftParen => {
                    self.next -= 1;
                    let command = self.command()?;
                    pipe.commands.push(command);
                }
                _ => return self.unexpected(&token, context),
            }
        }
        if pipe.commands.is_empty() {
            return self.error(format!("missing value for {context}"));
        }
        for (i, command) in pipe.commands.iter().enumerate().skip(1) {
            let head = command.args.first().map(|a| &a.term);
            if matches!(
                head,
                Some(Term::Bool(_) | Term::Dot | Term::Nil | Term::Number(_) | Term::String { .. })
            ) {
                let stage = i + 1;
                return self.error(format!("non executable command in pipeline stage {stage}"));
            }
        }
        Ok(pipe)
    }

    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result<()> {
        while self.skip_space() == Kind::Variable {
            let before = self.next;
            let name: Arc<str> = self.advance().text.into();
            match self.skip_space() {
                kind @ (Kind::Assign | Kind::Declare) => {
                    self.next += 1;
                    pipe.assigns = kind == Kind::Assign;
                    self.declare(pipe, name);
                    return Ok(());
                }
                Kind::Char if self.at(self.next).text == "," => {
                    self.next += 1;
                    self.declare(pipe, name);
                    if context != "range" || pipe.declared.len() >= 2 {
                        return self.error(format!("too many declarations in {context}"));
                    }
                    match self.skip_space() {
                        Kind::Variable | Kind::RightDelim | Kind::RightParen => {}
                        _ => return self.error("range can only initialize variables"),
                    }
                }
                _ => {
                    self.next = before;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn declare(&mut self, pipe: &mut Pipe, name: Arc<str>) {
        self.variables.push(name.clone());
        pipe.declared.push(name);
    }

    fn command(&mut self) -> Result<Command> {
        let mut args = Vec::new();
        loop {
            self.skip_space();
            if let Some(operand) = self.operand()? {
                args.push(operand);
            }
            let token = self.advance();
            match token.kind {
                Kind::Space => continue,
                Kind::RightDelim | Kind::RightParen => self.next -= 1,
                Kind::Pipe => {}
                _ => return self.unexpected(&token, "operand"),
            }
            break;
        }
        if args.is_empty() {
            return self.error("empty command");
        }
        Ok(Command { args })
    }

    fn operand(&mut self) -> Result<Option<Operand>> {
        let Some(mut operand) = self.term()? else { return Ok(None) };
        if self.peek() != Kind::Field {
            return Ok(Some(operand));
        }
        let pos = self.at(self.next).pos;
        let chained = match &mut operand.term {
            Term::Field(names) | Term::Variable(names) => {
                self.fields(names);
                None
            }
            Term::Bool(_) | Term::String { .. } | Term::Number(_) | Term::Nil | Term::Dot => {
                self.fields(&mut Vec::new());
                let shown = crate::fmt::quote(&operand.to_string());
                return self.error(format!("unexpected . after term {shown}"));
            }
            _ => {
                let mut names = Vec::new();
                self.fields(&mut names);
                Some(names)
            }
        };
        match chained {
            None => operand.pos = pos,
            Some(names) => operand = Operand { pos, term: Term::Chain(Box::new(operand), names) },
        }
        Ok(Some(operand))
    }

    /// The fields that stand here, without their dots.
    fn fields(&mut self, names: &mut Vec<Arc<str>>) {
        while self.peek() == Kind::Field {
            names.push(self.advance().text[1..].into());
        }
    }

    fn term(&mut self) -> Result<Option<Operand>> {
        let token = self.next_non_space();
        let term = match token.kind {
            Kind::Identifier => {
                if !(self.is_function)(token.text) {
                    let name = crate::fmt::quote(token.text);
                    return self.error(format!("function {name} not defined"));
                }
                Term::Identifier(token.text.into())
            }
            Kind::Dot => Term::Dot,
            Kind::Nil => Term::Nil,
            Kind::Variable => {
                if !self.variables.iter().any(|v| **v == *token.text) {
                    let name = crate::fmt::quote(token.text);
                    return self.error(format!("undefined variable {name}"));
                }
                Term::Variable(vec![token.text.into()])
            }
            Kind::Field => Term::Field(vec![token.text[1..].into()]),
            Kind::Bool => Term::Bool(token.text == "true"),
            Kind::CharConstant | Kind::Number => {
                let number = if token.kind == Kind::Number {
                    Number::parse(token.text)
                } else {
                    Number::character(token.text)
                };
                match number {
                    Ok(number) => Term::Number(Box::new(number)),
                    Err(message) => return self.error(message),
                }
            }
            Kind::LeftParen => {
                if self.parens >= MAX_PARENS.min(MAX_NESTING) {
                    return self.error("max expression depth exceeded");
                }
                self.parens += 1;
                let pipe = deep(|| self.pipeline("parenthesized pipeline", Kind::RightParen))?;
                self.parens -= 1;
                let pos = pipe.pos;
                return Ok(Some(Operand { pos, term: Term::Pipe(Box::new(pipe)) }));
            }
            Kind::String | Kind::RawString => {
                let Some(bytes) = unquote_bytes(token.text) else {
                    return self.error("invalid syntax");
                };
                Term::String { quoted: token.text.into(), text: Constant::new(bytes) }
            }
            _ => {
                self.next -= 1;
                return Ok(None);
            }
        };
        Ok(Some(Operand { pos: token.pos, term }))
    }
}
