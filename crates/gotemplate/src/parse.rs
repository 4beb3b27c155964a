//! Tokens to trees.

mod pipeline;

use std::sync::Arc;

use crate::error::ParseError;
use crate::exec::deep;
use crate::lex::{Keyword, Kind, Lexed, Token, lex};
use crate::node::{Invocation, Node, Source, Tree};
use crate::unquote::unquote;

/// Nesting of parentheses that is still parsed; as Go's.
const MAX_PARENS: usize = 10_000;
/// Nesting of control structures that is still parsed; Go has no bound, and a stack of megabytes.
const MAX_NESTING: usize = 2_000;

/// Parses `text`. The trees come in the order in which Go adds them: definitions as they end, the
/// text's own last.
pub(crate) fn parse<'a>(
    name: &str,
    text: &'a str,
    is_function: &'a dyn Fn(&str) -> bool,
) -> Result<Vec<Tree>, ParseError> {
    let source = Arc::new(Source { name: name.into(), text: text.to_owned() });
    let Lexed { tokens, error } = lex(text);
    let mut parser = Parser {
        source,
        tokens,
        bad_token: error,
        next: 0,
        furthest: 0,
        is_function,
        variables: vec!["$".into()],
        action_line: 0,
        range_depth: 0,
        parens: 0,
        nesting: 0,
        trees: Vec::new(),
    };
    parser.text()?;
    Ok(parser.trees)
}

struct Parser<'a> {
    source: Arc<Source>,
    tokens: Vec<Token<'a>>,
    /// What the last token says, if it is an error.
    bad_token: String,
    next: usize,
    /// The last token that was looked at: an error names its line, as Go's does.
    furthest: usize,
    is_function: &'a dyn Fn(&str) -> bool,
    variables: Vec<Arc<str>>,
    action_line: usize,
    range_depth: usize,
    parens: usize,
    nesting: usize,
    trees: Vec<Tree>,
}

/// What ended a list.
enum End {
    End,
    /// `{{else}}`, or `{{else` when a control word follows, which is then still to be read.
    Else,
}

type Result<T, E = ParseError> = std::result::Result<T, E>;

impl<'a> Parser<'a> {
    fn error<T>(&self, message: impl Into<String>) -> Result<T> {
        let line = self.tokens.get(self.furthest).map_or(1, |t| t.line);
        Err(ParseError { name: self.source.name.clone(), line, message: message.into() })
    }

    /// The token at an index; past the end, the end.
    fn at(&mut self, index: usize) -> Token<'a> {
        // Lexing always leaves a last token, an end or an error.
        let index = index.min(self.tokens.len() - 1);
        self.furthest = self.furthest.max(index);
        self.tokens[index]
    }

    fn advance(&mut self) -> Token<'a> {
        let token = self.at(self.next);
        self.next = (self.next + 1).min(self.tokens.len());
        token
    }

    fn peek(&mut self) -> Kind {
        self.at(self.next).kind
    }

    fn next_non_space(&mut self) -> Token<'a> {
        loop {
            let token = self.advance();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn skip_space(&mut self) -> Kind {
        while self.peek() == Kind::Space {
            self.next += 1;
        }
        self.peek()
    }

    fn unexpected<T>(&mut self, token: &Token<'_>, context: &str) -> Result<T> {
        if token.kind == Kind::Error {
            let mut extra = String::new();
            if self.action_line != 0 && self.action_line != token.line {
                let place = format!("{}:{}", self.source.name, self.action_line);
                let word = if self.bad_token.ends_with(" action") { "" } else { " in action" };
                extra = format!("{word} started at {place}");
            }
            return self.error(format!("{}{extra}", self.bad_token));
        }
        self.error(format!("unexpected {} in {context}", token.shown()))
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token<'a>> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { self.unexpected(&token, context) }
    }

    fn add(&mut self, name: &str, root: Vec<Node>) {
        self.trees.push(Tree { name: name.into(), source: self.source.clone(), root });
    }

    fn text(&mut self) -> Result<()> {
        let mut root = Vec::new();
        while self.peek() != Kind::Eof {
            if self.peek() == Kind::LeftDelim {
                let before = self.next;
                self.next += 1;
                if self.next_non_space().kind == Kind::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.next = before;
            }
            match self.text_or_action()? {
                Ok(node) => root.extend(node),
                Err(End::End) => return self.error("unexpected {{end}}"),
                Err(End::Else) => return self.error("unexpected {{else}}"),
            }
        }
        let name = self.source.name.clone();
        self.add(&name, root);
        Ok(())
    }

    fn definition(&mut self) -> Result<()> {
        const CONTEXT: &str = "define clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        self.expect(Kind::RightDelim, CONTEXT)?;
        let root = self.own_list(CONTEXT)?;
        self.add(&name, root);
        Ok(())
    }

    /// The body of a template of its own: it sees none of the variables around it.
    fn own_list(&mut self, context: &str) -> Result<Vec<Node>> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".into()]);
        let depth = std::mem::take(&mut self.range_depth);
        let action_line = std::mem::take(&mut self.action_line);
        let (root, end) = self.list()?;
        self.variables = variables;
        self.range_depth = depth;
        self.action_line = action_line;
        match end {
            End::End => Ok(root),
            End::Else => self.error(format!("unexpected {{{{else}}}} in {context}")),
        }
    }

    fn list(&mut self) -> Result<(Vec<Node>, End)> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return self.error("max control nesting exceeded");
        }
        let mut nodes = Vec::new();
        while self.skip_space() != Kind::Eof {
            match self.text_or_action()? {
                Ok(node) => nodes.extend(node),
                Err(end) => {
                    self.nesting -= 1;
                    return Ok((nodes, end));
                }
            }
        }
        self.error("unexpected EOF")
    }

    fn text_or_action(&mut self) -> Result<std::result::Result<Option<Node>, End>> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => Ok(Ok(Some(Node::Text(token.pos..token.pos + token.text.len())))),
            Kind::LeftDelim => {
                self.action_line = token.line;
                let action = self.action();
                self.action_line = 0;
                action
            }
            _ => self.unexpected(&token, "input"),
        }
    }

    fn action(&mut self) -> Result<std::result::Result<Option<Node>, End>> {
        let before = self.next;
        let token = self.next_non_space();
        let node = match token.kind {
            Kind::Keyword(Keyword::Block) => self.block()?,
            Kind::Keyword(word @ (Keyword::Break | Keyword::Continue)) => self.leave(word)?,
            Kind::Keyword(Keyword::Else) => {
                self.else_control()?;
                return Ok(Err(End::Else));
            }
            Kind::Keyword(Keyword::End) => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Err(End::End));
            }
            Kind::Keyword(word @ (Keyword::If | Keyword::Range | Keyword::With)) => {
                self.control(word)?
            }
            Kind::Keyword(Keyword::Template) => self.template()?,
            _ => {
                self.next = before;
                self.skip_space();
                Node::Action(self.pipeline("command", Kind::RightDelim)?)
            }
        };
        Ok(Ok(Some(node)))
    }

    fn leave(&mut self, word: Keyword) -> Result<Node> {
        let (shown, node) = match word {
            Keyword::Break => ("{{break}}", Node::Break),
            _ => ("{{continue}}", Node::Continue),
        };
        let token = self.next_non_space();
        if token.kind != Kind::RightDelim {
            return self.unexpected(&token, shown);
        }
        if self.range_depth == 0 {
            return self.error(format!("{shown} outside {{{{range}}}}"));
        }
        Ok(node)
    }

    fn else_control(&mut self) -> Result<()> {
        match self.skip_space() {
            Kind::Keyword(Keyword::If | Keyword::With) => Ok(()),
            _ => self.expect(Kind::RightDelim, "else").map(|_| ()),
        }
    }

    fn control(&mut self, word: Keyword) -> Result<Node> {
        let context = match word {
            Keyword::If => "if",
            Keyword::With => "with",
            _ => "range",
        };
        let mark = self.variables.len();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let ranges = usize::from(word == Keyword::Range);
        self.range_depth += ranges;
        let (body, end) = deep(|| self.list())?;
        self.range_depth -= ranges;
        let otherwise = match end {
            End::End => None,
            End::Else => Some(self.otherwise(word)?),
        };
        self.variables.truncate(mark);
        Ok(match word {
            Keyword::If => Node::If { pipe, then: body, otherwise },
            Keyword::With => Node::With { pipe, then: body, otherwise },
            _ => Node::Range { pipe, body, otherwise },
        })
    }

    /// What follows `{{else`: a list, or `if`/`with` in the place of one.
    fn otherwise(&mut self, word: Keyword) -> Result<Vec<Node>> {
        if word != Keyword::Range && self.peek() == Kind::Keyword(word) {
            self.next += 1;
            self.nesting += 1;
            if self.nesting > MAX_NESTING {
                return self.error("max control nesting exceeded");
            }
            let node = deep(|| self.control(word))?;
            self.nesting -= 1;
            return Ok(vec![node]);
        }
        let (list, end) = self.list()?;
        match end {
            End::End => Ok(list),
            End::Else => self.error("expected end; found {{else}}"),
        }
    }

    fn block(&mut self) -> Result<Node> {
        const CONTEXT: &str = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let pipe = self.pipeline(CONTEXT, Kind::RightDelim)?;
        let root = self.own_list(CONTEXT)?;
        self.add(&name, root);
        Ok(Node::Template(Invocation { pos: token.pos, name: name.into(), pipe: Some(pipe) }))
    }

    fn template(&mut self) -> Result<Node> {
        const CONTEXT: &str = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, CONTEXT)?;
        let before = self.next;
        let pipe = if self.next_non_space().kind == Kind::RightDelim {
            None
        } else {
            self.next = before;
            Some(self.pipeline(CONTEXT, Kind::RightDelim)?)
        };
        Ok(Node::Template(Invocation { pos: token.pos, name: name.into(), pipe }))
    }

    fn template_name(&mut self, token: &Token<'_>, context: &str) -> Result<String> {
        match token.kind {
            Kind::String | Kind::RawString => self.literal(token),
            _ => self.unexpected(token, context),
        }
    }

    fn literal(&self, token: &Token<'_>) -> Result<String> {
        unquote(token.text).map_or_else(|| self.error("invalid syntax"), Ok)
    }
}
