//! Tabs and comments, where go-yaml takes them and where it does not.
//!
//! Where a key may begin (at the start of a line, behind a dash) go-yaml takes blanks only, and no
//! tab may stand in the indentation of a text. Behind a key's colon, within brackets and before a
//! comment it takes tabs as it takes blanks. The parser here is of another mind in places of both
//! kinds. A comment may stand right behind what is in quotes or brackets, and not only behind a blank.
//! So texts with such things are scanned as go-yaml scans them, as far as it takes to know what
//! stands where; what else is wrong with a text, the parser tells.

use std::borrow::Cow;

use super::{Dialect, Error, Position, Problem};

/// The text, whose first line is number `line`, with blanks for the tabs that go-yaml takes for such,
/// and before comments.
/// What is before the first thing on the first line is not looked at: a marker may have stood there.
///
/// # Errors
/// For a tab that go-yaml does not take.
pub(super) fn mended(source: &str, line: usize, dialect: Dialect) -> Result<Cow<'_, str>, Error> {
    if !may_differ(source.as_bytes()) {
        return Ok(Cow::Borrowed(source));
    }
    let mut scanner = Scanner {
        bytes: source.as_bytes(),
        at: 0,
        line_start: 0,
        dialect,
        flow: 0,
        indents: Vec::new(),
        key: None,
        begins_key: true,
        is_fresh: true,
        blanks: Vec::new(),
    };
    scanner.scan().map_err(|Refused(problem)| {
        let (before, at) = (&source[..scanner.at], &source[scanner.line_start..scanner.at]);
        Error {
            at: Position {
                line: line + before.matches('\n').count(),
                column: 1 + at.chars().count(),
            },
            problem: Problem::Syntax(problem.to_owned()),
        }
    })?;
    if scanner.blanks.is_empty() {
        return Ok(Cow::Borrowed(source));
    }
    let mut out = String::with_capacity(source.len());
    let mut copied = 0;
    for at in scanner.blanks {
        out.push_str(&source[copied..at]);
        out.push(' ');
        copied = at + usize::from(scanner.bytes[at] == b'\t');
    }
    out.push_str(&source[copied..]);
    Ok(Cow::Owned(out))
}

/// How far go-yaml looks for more of a comment, in bytes.
const MAX_AHEAD: usize = 512;

/// Whether there is a tab, or something that may be a comment right behind what it belongs to.
fn may_differ(bytes: &[u8]) -> bool {
    memchr::memchr2_iter(b'\t', b'#', bytes).any(|at| {
        let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
        bytes[at] == b'\t' || b"\"'[]{},|>+-0123456789".contains(&before)
    })
}

struct Refused(&'static str);

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
    line_start: usize,
    dialect: Dialect,
    /// How many brackets are open.
    flow: usize,
    /// The columns of the block collections that are open.
    indents: Vec<usize>,
    /// Where what may be a key begins on this line, outside of brackets.
    key: Option<usize>,
    /// Whether a key may begin here.
    begins_key: bool,
    /// Whether nothing but dashes is on this line so far.
    is_fresh: bool,
    /// The tabs that are blanks, and the comments that want one before them, in order.
    blanks: Vec<usize>,
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

impl Scanner<'_> {
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Whether nothing came before this.
    fn is_first(&self) -> bool {
        self.line_start == 0 && self.is_fresh && self.indents.is_empty()
    }

    /// Whether what begins `ahead` bytes on is a blank, a line's end or the text's.
    fn is_blank_at(&self, ahead: usize) -> bool {
        self.bytes.get(self.at + ahead).is_none_or(|b| is_blank(*b) || is_break(*b))
    }

    /// In bytes, which is characters wherever go-yaml compares columns.
    fn column(&self) -> usize {
        self.at - self.line_start
    }

    /// The least column of what is inside the innermost block collection.
    fn inner(&self) -> usize {
        self.indents.last().map_or(0, |column| column + 1)
    }

    fn opens(&mut self, column: usize) {
        if self.flow == 0 && self.indents.last().is_none_or(|last| *last < column) {
            self.indents.push(column);
        }
    }

    fn closes(&mut self, column: usize) {
        while self.flow == 0 && self.indents.last().is_some_and(|last| *last > column) {
            self.indents.pop();
        }
    }

    /// Goes behind the line's end, which is here.
    fn end_line(&mut self) {
        self.at += if self.bytes[self.at..].starts_with(b"\r\n") { 2 } else { 1 };
        // A key is on one line.
        (self.line_start, self.key, self.is_fresh) = (self.at, None, true);
    }

    fn skip_line(&mut self) {
        while self.byte().is_some_and(|b| !is_break(b)) {
            self.at += 1;
        }
    }

    /// A comment, which begins here; the parser here wants a blank before it.
    fn comment(&mut self) {
        if self.column() > 0 && !is_blank(self.bytes[self.at - 1]) {
            self.blanks.push(self.at);
        }
        self.skip_line();
    }

    /// Goes behind the comment on one of the next lines, if nothing else comes before it: the newer
    /// go-yaml keeps comments, and looks for more of one without a thought for what is before it.
    fn next_comment(&mut self) -> bool {
        let start = self.at;
        let ahead = self.bytes[start..].iter().take(MAX_AHEAD);
        let blanks = ahead.take_while(|b| is_blank(**b) || is_break(**b)).count();
        if self.bytes.get(start + blanks) != Some(&b'#') {
            return false;
        }
        while self.at < start + blanks {
            if self.byte().is_some_and(is_break) { self.end_line() } else { self.at += 1 }
        }
        self.blank(start);
        self.comment();
        true
    }

    fn is_marker(&self) -> bool {
        let rest = &self.bytes[self.at..];
        self.column() == 0
            && (rest.starts_with(b"---") || rest.starts_with(b"..."))
            && self.is_blank_at(3)
    }

    fn scan(&mut self) -> Result<(), Refused> {
        while self.reach_token()? {
            self.token()?;
        }
        Ok(())
    }

    /// Goes to where something begins; false at the end.
    fn reach_token(&mut self) -> Result<bool, Refused> {
        while let Some(byte) = self.byte() {
            match byte {
                b' ' => self.at += 1,
                b'\t' if self.flow > 0 || !self.begins_key || self.is_first() => {
                    self.blanks.push(self.at);
                    self.at += 1;
                }
                b'\t' => return Err(Refused("found character that cannot start any token")),
                b'#' => {
                    let is_own = self.is_fresh;
                    self.comment();
                    while is_own && self.dialect == Dialect::GoV3 && self.next_comment() {}
                }
                _ if is_break(byte) => {
                    self.end_line();
                    self.begins_key |= self.flow == 0;
                }
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    fn token(&mut self) -> Result<(), Refused> {
        let Some(byte) = self.byte() else { return Ok(()) };
        self.is_fresh &= byte == b'-' && self.is_blank_at(1);
        let column = self.column();
        self.closes(column);
        if self.is_marker() {
            self.indents.clear();
            (self.at, self.key, self.begins_key) = (self.at + 3, None, false);
            return Ok(());
        }
        match byte {
            b'%' if column == 0 => self.skip_line(),
            b'[' | b'{' => {
                self.node();
                (self.at, self.flow) = (self.at + 1, self.flow + 1);
            }
            b']' | b'}' => {
                (self.at, self.flow) = (self.at + 1, self.flow.saturating_sub(1));
                self.begins_key = false;
            }
            b',' => self.at += 1,
            b'-' | b'?' if self.flow == 0 && self.is_blank_at(1) => {
                self.opens(column);
                (self.at, self.key, self.begins_key) = (self.at + 1, None, true);
            }
            b':' if self.flow > 0 => self.at += 1,
            b':' if self.is_blank_at(1) => {
                let key = self.key.take();
                self.opens(key.unwrap_or(column));
                (self.at, self.begins_key) = (self.at + 1, key.is_none());
            }
            b'&' | b'*' | b'!' => {
                self.node();
                self.property();
            }
            b'|' | b'>' if self.flow == 0 => {
                self.block_scalar()?;
                self.begins_key = true;
            }
            b'"' | b'\'' => {
                self.node();
                self.quoted(byte)?;
            }
            _ => {
                self.node();
                self.plain()?;
            }
        }
        Ok(())
    }

    /// Something that may be a key begins.
    fn node(&mut self) {
        if self.flow == 0 && self.begins_key {
            self.key = Some(self.column());
        }
        self.begins_key = false;
    }

    /// An anchor, an alias or a tag.
    fn property(&mut self) {
        self.at += 1;
        let ends = |b: u8| matches!(b, b',' | b'[' | b']' | b'{' | b'}');
        let ends = |s: &Self| s.is_blank_at(0) || s.flow > 0 && s.byte().is_some_and(ends);
        while !ends(self) {
            self.at += 1;
        }
    }

    /// Goes behind blanks and ends of lines within a text or behind it; whether there was an end.
    fn fold(&mut self, least: usize) -> Result<bool, Refused> {
        let (start, mut ended) = (self.at, false);
        while let Some(byte) = self.byte().filter(|b| is_blank(*b) || is_break(*b)) {
            if is_break(byte) {
                self.end_line();
                ended = true;
                continue;
            }
            if ended && byte == b'\t' && self.column() < least {
                return Err(Refused("found a tab character that violates indentation"));
            }
            self.at += 1;
        }
        if ended {
            self.blank(start);
        }
        Ok(ended)
    }

    /// The tabs from `start` on to here say nothing.
    fn blank(&mut self, start: usize) {
        self.blanks.extend((start..self.at).filter(|at| self.bytes[*at] == b'\t'));
    }

    fn plain(&mut self) -> Result<(), Refused> {
        let least = self.inner();
        // What begins it belongs to it.
        self.at += 1;
        loop {
            while !self.is_blank_at(0) {
                let is_indicator =
                    matches!(self.bytes[self.at], b',' | b'?' | b'[' | b']' | b'{' | b'}');
                let is_colon = self.byte() == Some(b':') && self.is_blank_at(1);
                if is_colon || self.flow > 0 && is_indicator {
                    return Ok(());
                }
                self.at += 1;
            }
            let start = self.at;
            let folded = self.fold(least)?;
            self.begins_key |= folded;
            if self.byte().is_none_or(|b| b == b'#') || self.is_marker() {
                if !folded {
                    self.blank(start);
                }
                return Ok(());
            }
            if self.flow == 0 && self.column() < least {
                return Ok(());
            }
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<(), Refused> {
        self.at += 1;
        while let Some(byte) = self.byte() {
            if is_blank(byte) || is_break(byte) {
                self.fold(0)?;
                continue;
            }
            self.at += 1;
            match byte {
                b'\\' if quote == b'"' && self.byte().is_some_and(|b| !is_break(b)) => self.at += 1,
                b'\'' if quote == b'\'' && self.byte() == Some(b'\'') => self.at += 1,
                _ if byte == quote => break,
                _ => {}
            }
        }
        Ok(())
    }

    fn block_scalar(&mut self) -> Result<(), Refused> {
        let mut increment = 0;
        self.at += 1;
        while let Some(byte) =
            self.byte().filter(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-'))
        {
            if byte.is_ascii_digit() {
                increment = usize::from(byte - b'0');
            }
            self.at += 1;
        }
        let start = self.at;
        while self.byte().is_some_and(is_blank) {
            self.at += 1;
        }
        self.blank(start);
        match self.byte() {
            Some(b'#') => self.comment(),
            // Nothing, or what the parser refuses.
            _ => self.skip_line(),
        }
        if self.byte().is_none() {
            return Ok(());
        }
        self.end_line();
        let outer = self.indents.last().copied();
        let mut indent = if increment > 0 { outer.unwrap_or(0) + increment } else { 0 };
        loop {
            self.block_breaks(&mut indent)?;
            if self.column() != indent || self.byte().is_none() {
                return Ok(());
            }
            self.skip_line();
            if self.byte().is_none() {
                return Ok(());
            }
            self.end_line();
        }
    }

    /// Empty lines and the indentation of the next one. An `indent` of none is found here.
    fn block_breaks(&mut self, indent: &mut usize) -> Result<(), Refused> {
        let mut widest = 0;
        loop {
            let is_outside = |column: usize| *indent == 0 || column < *indent;
            while is_outside(self.column()) && self.byte() == Some(b' ') {
                self.at += 1;
            }
            widest = widest.max(self.column());
            if is_outside(self.column()) && self.byte() == Some(b'\t') {
                return Err(Refused(
                    "found a tab character where an indentation space is expected",
                ));
            }
            if !self.byte().is_some_and(is_break) {
                break;
            }
            self.end_line();
        }
        if *indent == 0 {
            *indent = widest.max(self.inner()).max(1);
        }
        Ok(())
    }
}
