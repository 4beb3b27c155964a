//! The directives of a format: flags, width, precision, argument numbers.

use super::print::Printer;
use crate::value::Value;

/// The flags of one directive, with its width and precision in characters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    /// `%+v`.
    pub(super) plus_v: bool,
    /// `%#v`.
    pub(super) sharp_v: bool,
}

/// Widths and precisions above this are refused, as in Go.
const TOO_LARGE: usize = 1_000_000;

#[derive(Debug)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    Directive(Directive<'a>),
}

/// What stands between `%` and the verb, and the verb; none at the end of the format.
#[derive(Debug)]
pub(super) struct Directive<'a> {
    flags: &'a str,
    rest: &'a str,
    verb: Option<char>,
    /// Whether the verb is a byte that is no character.
    cut: bool,
}

impl Directive<'_> {
    /// Whether a byte that is no character stands where the verb should.
    pub(super) fn verb_is_byte(&self) -> bool {
        self.verb == Some(char::REPLACEMENT_CHARACTER) && self.cut
    }
}

/// Splits a format. A directive ends at its first character that is no flag, digit, `.`, `*` or
/// argument number. `cut`: a byte follows that is no character.
pub(super) fn pieces(format: &str, cut: bool) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        if at > 0 {
            out.push(Piece::Text(&rest[..at]));
        }
        rest = &rest[at + 1..];
        let flags = rest.len() - rest.trim_start_matches(['+', '-', '#', ' ', '0']).len();
        let mut end = flags;
        let bytes = rest.as_bytes();
        while let Some(b) = bytes.get(end) {
            match b {
                b'[' => match rest[end..].find(']') {
                    Some(close) => end += close + 1,
                    None => end += 1,
                },
                b'0'..=b'9' | b'.' | b'*' => end += 1,
                _ => break,
            }
        }
        if too_large(&rest[flags..end]) {
            // The rest of the format is passed over.
            out.push(Piece::Directive(Directive { flags: "", rest: "", verb: None, cut: false }));
            return out;
        }
        let verb = rest[end..].chars().next();
        out.push(Piece::Directive(Directive {
            flags: &rest[..flags],
            rest: &rest[flags..end],
            verb: verb.or(cut.then_some(char::REPLACEMENT_CHARACTER)),
            cut: verb.is_none() && cut,
        }));
        rest = &rest[end + verb.map_or(0, char::len_utf8)..];
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest));
    }
    out
}

/// Whether a width or precision has a digit too many: Go looks before it takes the next one.
fn too_large(text: &str) -> bool {
    let mut depth = 0;
    let numbers = text.split(|c: char| {
        depth += i32::from(c == '[') - i32::from(c == ']');
        depth > 0 || !c.is_ascii_digit()
    });
    let mut numbers = numbers.filter(|n| !n.is_empty());
    numbers.any(|n| n[..n.len() - 1].parse::<usize>().map_or(n.len() > 1, |n| n > TOO_LARGE))
}

/// The arguments while a format is worked through.
pub(super) struct Arguments<'a> {
    pub(super) args: &'a [Value],
    pub(super) next: usize,
    pub(super) reordered: bool,
    pub(super) good: bool,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(args: &'a [Value]) -> Self {
        Self { args, next: 0, reordered: false, good: true }
    }

    /// Sets the printer's flags, and gives the verb; `None` when the format ended before it.
    pub(super) fn resolve(
        &mut self,
        directive: &Directive<'_>,
        printer: &mut Printer,
    ) -> Option<char> {
        self.good = true;
        let mut flags = Flags::default();
        for c in directive.flags.chars() {
            match c {
                '#' => flags.sharp = true,
                // Zeros fill on the left only.
                '0' => flags.zero = true,
                '+' => flags.plus = true,
                '-' => flags.minus = true,
                _ => flags.space = true,
            }
        }
        let mut rest = directive.rest;
        let mut after_index = self.index(&mut rest);
        if let Some(tail) = rest.strip_prefix('*') {
            rest = tail;
            match self.star() {
                Some(n) if n < 0 => {
                    flags.minus = true;
                    flags.width = usize::try_from(n.unsigned_abs()).ok();
                }
                Some(n) => flags.width = usize::try_from(n).ok(),
                None => printer.out.push_str("%!(BADWIDTH)"),
            }
            after_index = false;
        } else if let Some(n) = number(&mut rest) {
            flags.width = Some(n);
            if after_index {
                self.good = false;
            }
        }
        if let Some(tail) = rest.strip_prefix('.') {
            rest = tail;
            if after_index {
                self.good = false;
            }
            after_index = self.index(&mut rest);
            if let Some(tail) = rest.strip_prefix('*') {
                rest = tail;
                match self.star() {
                    Some(n) if n >= 0 => flags.precision = usize::try_from(n).ok(),
                    _ => printer.out.push_str("%!(BADPREC)"),
                }
                after_index = false;
            } else {
                flags.precision = Some(number(&mut rest).unwrap_or(0));
            }
        }
        if !after_index {
            self.index(&mut rest);
        }
        if flags.minus {
            flags.zero = false;
        }
        let Some(verb) = directive.verb else {
            printer.out.push_str("%!(NOVERB)");
            return None;
        };
        if matches!(verb, 'v' | 'w') {
            flags.sharp_v = std::mem::take(&mut flags.sharp);
            flags.plus_v = std::mem::take(&mut flags.plus);
        }
        printer.flags = flags;
        Some(verb)
    }

    /// An argument number `[n]`, if one stands here.
    fn index(&mut self, rest: &mut &str) -> bool {
        let Some(inner) = rest.strip_prefix('[') else { return false };
        self.reordered = true;
        let Some(close) = inner.find(']') else {
            self.good = false;
            *rest = "";
            return false;
        };
        let number = inner[..close].parse::<usize>().ok();
        *rest = &inner[close + 1..];
        match number {
            Some(n) if (1..=self.args.len()).contains(&n) => self.next = n - 1,
            _ => self.good = false,
        }
        true
    }

    fn star(&mut self) -> Option<i64> {
        let value = self.args.get(self.next)?;
        self.next += 1;
        match value {
            Value::Int(n) | Value::Int64(n)
                if n.unsigned_abs() <= u64::try_from(TOO_LARGE).ok()? =>
            {
                Some(*n)
            }
            Value::Uint8(n) => Some(i64::from(*n)),
            _ => None,
        }
    }
}

fn number(rest: &mut &str) -> Option<usize> {
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let value = rest[..digits].parse::<usize>().ok();
    *rest = &rest[digits..];
    value
}
