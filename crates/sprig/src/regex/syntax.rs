//! Go's syntax of regular expressions (RE2) in that of the `regex` crate, with Go's errors.
//!
//! The two differ in what a class letter means (`\d`, `\w`, `\s` and `\b` are ASCII in Go), in what
//! need not be escaped (`[` in a class, `{` that repeats nothing), in `\Q…\E`, octal escapes and
//! set operations, which Go has not, and in what may be repeated twice.

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
const BLANK: &str = r"\t\n\x0C\r\x20";

/// The most times that a thing may be repeated.
const MAX_REPEAT: u32 = 1_000;
/// How deep groups may nest.
const MAX_DEPTH: usize = 1_000;

type Result<T> = std::result::Result<T, String>;

/// The pattern in the crate's syntax.
///
/// # Errors
/// In Go's words, behind `error parsing regexp: `.
pub(super) fn translate(pattern: &str) -> Result<String> {
    let mut translator = Translator { pattern, at: 0, out: String::new(), groups: 0 };
    translator.all()?;
    Ok(translator.out)
}

struct Translator<'a> {
    pattern: &'a str,
    at: usize,
    out: String,
    groups: usize,
}

/// What the last thing was, for a repetition that follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing that can be repeated.
    Nothing,
    /// Something that can.
    Item,
    /// A repetition, which began there.
    Repetition(usize),
}

impl<'a> Translator<'a> {
    fn rest(&self) -> &'a str {
        &self.pattern[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn advance(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn all(&mut self) -> Result<()> {
        let mut last = Last::Nothing;
        let mut named: Vec<&str> = Vec::new();
        while let Some(c) = self.peek() {
            let from = self.at;
            last = match c {
                '(' => {
                    self.groups += 1;
                    if self.groups > MAX_DEPTH {
                        return Err("expression nests too deeply".to_owned());
                    }
                    self.open(&mut named)?
                }
                ')' => {
                    if self.groups == 0 {
                        return Err(format!("unexpected ): `{}`", self.pattern));
                    }
                    self.groups -= 1;
                    self.copy();
                    Last::Item
                }
                '|' => {
                    self.copy();
                    Last::Nothing
                }
                '*' | '+' | '?' => {
                    self.at += 1;
                    self.repetition(last, from)?
                }
                '{' => match self.count()? {
                    Some(()) => self.repetition(last, from)?,
                    None => {
                        self.at += 1;
                        self.out.push_str(r"\{");
                        Last::Item
                    }
                },
                '}' | ']' => {
                    self.at += 1;
                    self.out.push('\\');
                    self.out.push(c);
                    Last::Item
                }
                '[' => {
                    self.class()?;
                    Last::Item
                }
                '\\' => self.escape()?,
                _ => {
                    self.copy();
                    Last::Item
                }
            };
        }
        if self.groups > 0 {
            return Err(format!("missing closing ): `{}`", self.pattern));
        }
        Ok(())
    }

    fn copy(&mut self) {
        if let Some(c) = self.advance() {
            self.out.push(c);
        }
    }

    /// `(` and what may stand behind it.
    fn open(&mut self, named: &mut Vec<&'a str>) -> Result<Last> {
        let rest = self.rest();
        let Some(flags) = rest.strip_prefix("(?") else {
            self.copy();
            return Ok(Last::Nothing);
        };
        for lead in ["P<", "<"] {
            let Some(name) = flags.strip_prefix(lead) else { continue };
            if lead == "<" && name.starts_with(['=', '!']) {
                break;
            }
            let Some(end) = name.find('>') else {
                return Err(format!("invalid named capture: `{rest}`"));
            };
            let whole = &rest[..2 + lead.len() + end + 1];
            let name = &name[..end];
            if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
                return Err(format!("invalid named capture: `{whole}`"));
            }
            if named.contains(&name) {
                return Err(format!("duplicate capture group name: `{name}`"));
            }
            named.push(name);
            // A name may begin with a digit in Go only.
            self.out.push_str(&format!(
                "(?P<{}{name}>",
                if name.starts_with(|c: char| c.is_ascii_digit()) { "_" } else { "" }
            ));
            self.at += whole.len();
            return Ok(Last::Nothing);
        }
        let end = flags.find(|c: char| !matches!(c, 'i' | 'm' | 's' | 'U' | '-'));
        let Some(end) = end else {
            return Err(format!("missing closing ): `{}`", self.pattern));
        };
        let (letters, next) = (&flags[..end], flags[end..].chars().next().unwrap_or(')'));
        let dashes = letters.matches('-').count();
        let good = dashes <= 1 && !letters.ends_with('-') && matches!(next, ':' | ')');
        if !good {
            let whole = &rest[..(2 + end + next.len_utf8()).min(rest.len())];
            return Err(format!("invalid or unsupported Perl syntax: `{whole}`"));
        }
        self.at += 2 + end + 1;
        if next == ')' {
            self.groups -= 1;
            if letters.is_empty() {
                // Go takes a group of no flags; it is nothing.
                return Ok(Last::Nothing);
            }
        }
        self.out.push_str("(?");
        self.out.push_str(letters);
        self.out.push(next);
        Ok(Last::Nothing)
    }

    /// A repetition whose text is `self.pattern[from..self.at]`, and a `?` that may follow.
    fn repetition(&mut self, last: Last, from: usize) -> Result<Last> {
        if self.peek() == Some('?') {
            self.at += 1;
        }
        let text = &self.pattern[from..self.at];
        match last {
            Last::Nothing => {
                let operator = text.strip_suffix('?').filter(|t| !t.is_empty()).unwrap_or(text);
                Err(format!("missing argument to repetition operator: `{operator}`"))
            }
            Last::Repetition(before) => Err(format!(
                "invalid nested repetition operator: `{}`",
                &self.pattern[before..self.at]
            )),
            Last::Item => {
                self.out.push_str(text);
                Ok(Last::Repetition(from))
            }
        }
    }

    /// `{n}`, `{n,}` or `{n,m}`, passed over; `None` when it is none, and then literal.
    fn count(&mut self) -> Result<Option<()>> {
        let rest = self.rest();
        let Some(end) = rest.find('}') else { return Ok(None) };
        let inner = &rest[1..end];
        let (low, high) = inner.split_once(',').unwrap_or((inner, inner));
        let digits = |t: &str| {
            !t.is_empty()
                && t.bytes().all(|b| b.is_ascii_digit())
                && (t.len() == 1 || !t.starts_with('0'))
        };
        if !digits(low) || !(high.is_empty() || digits(high)) {
            return Ok(None);
        }
        let number = |t: &str| t.parse::<u32>().unwrap_or(u32::MAX);
        let (low, high) = (number(low), if high.is_empty() { None } else { Some(number(high)) });
        if low > MAX_REPEAT || high.is_some_and(|h| h > MAX_REPEAT || h < low) {
            return Err(format!("invalid repeat count: `{}`", &rest[..=end]));
        }
        self.at += end + 1;
        Ok(Some(()))
    }

    /// A backslash outside of a class.
    fn escape(&mut self) -> Result<Last> {
        let rest = self.rest();
        let Some(c) = rest[1..].chars().next() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let word = match c {
            'A' => r"\A",
            'z' => r"\z",
            'b' => r"(?-u:\b)",
            'B' => r"(?-u:\B)",
            'd' => "[0-9]",
            'D' => "[^0-9]",
            'w' => "[0-9A-Za-z_]",
            'W' => "[^0-9A-Za-z_]",
            's' => r"[\t\n\x0C\r\x20]",
            'S' => r"[^\t\n\x0C\r\x20]",
            'Q' => {
                let text = &rest[2..];
                let (literal, skip) =
                    text.find(r"\E").map_or((text, text.len()), |end| (&text[..end], end + 2));
                self.out.push_str(&regex::escape(literal));
                self.at += 2 + skip;
                return Ok(if literal.is_empty() { Last::Nothing } else { Last::Item });
            }
            'p' | 'P' => {
                self.property()?;
                return Ok(Last::Item);
            }
            _ => {
                let c = self.character()?;
                push_literal(&mut self.out, c);
                return Ok(Last::Item);
            }
        };
        self.out.push_str(word);
        self.at += 2;
        Ok(Last::Item)
    }

    /// `\pN`, `\p{Greek}`, `\P{…}`, `\p{^…}`.
    fn property(&mut self) -> Result<()> {
        let rest = self.rest();
        let after = &rest[2..];
        let (name, length) = if let Some(inner) = after.strip_prefix('{') {
            let Some(end) = inner.find('}') else {
                return Err(format!("invalid character class range: `{rest}`"));
            };
            (&inner[..end], end + 2)
        } else {
            let length = after.chars().next().map_or(0, char::len_utf8);
            (&after[..length], length)
        };
        let whole = &rest[..2 + length];
        let bad = || format!("invalid character class range: `{whole}`");
        let negated = name.starts_with('^') != rest.starts_with(r"\P");
        let name = name.trim_start_matches('^');
        let written = if name == "Any" {
            (if negated { r"[^\x{0}-\x{10FFFF}]" } else { r"[\x{0}-\x{10FFFF}]" }).to_owned()
        } else {
            format!(r"\{}{{{name}}}", if negated { 'P' } else { 'p' })
        };
        // Go knows general categories by their letters, and scripts.
        let exact = name.starts_with(|c: char| c.is_ascii_uppercase());
        if !exact || name.contains(['=', ':']) || regex::Regex::new(&written).is_err() {
            return Err(bad());
        }
        self.out.push_str(&written);
        self.at += whole.len();
        Ok(())
    }

    /// An escape that stands for one character, consumed.
    fn character(&mut self) -> Result<char> {
        let rest = self.rest();
        let from = self.at;
        self.at += 1;
        let Some(c) = self.advance() else {
            return Err("trailing backslash at end of expression: ``".to_owned());
        };
        let bad = |end: usize| {
            let end = (from..=end.min(self.pattern.len()))
                .rev()
                .find(|i| self.pattern.is_char_boundary(*i))
                .unwrap_or(from);
            format!("invalid escape sequence: `{}`", &self.pattern[from..end])
        };
        let octal = |text: &str| {
            let digits = text.bytes().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            u32::from_str_radix(&text[..digits], 8)
                .ok()
                .and_then(char::from_u32)
                .map(|c| (c, digits))
        };
        match c {
            '1'..='7' if !rest[2..].starts_with(|c: char| ('0'..='7').contains(&c)) => {
                Err(bad(self.at))
            }
            '0'..='7' => {
                let (value, digits) = octal(&rest[1..]).ok_or_else(|| bad(self.at))?;
                self.at = from + 1 + digits;
                Ok(value)
            }
            'x' => {
                let after = &rest[2..];
                let (digits, length) = match after.strip_prefix('{') {
                    Some(inner) => match inner.find('}') {
                        Some(end) => (&inner[..end], end + 2),
                        None => return Err(bad(self.pattern.len())),
                    },
                    None => (after.get(..2).ok_or_else(|| bad(self.pattern.len()))?, 2),
                };
                let hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let value = u32::from_str_radix(digits, 16).ok().filter(|_| hex);
                let end = self.at + length;
                let value = value.and_then(char::from_u32).ok_or_else(|| bad(end))?;
                self.at = end;
                Ok(value)
            }
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            c if c.is_ascii() && !c.is_ascii_alphanumeric() => Ok(c),
            _ => Err(bad(self.at)),
        }
    }

    /// `[…]`.
    fn class(&mut self) -> Result<()> {
        let from = self.at;
        let missing = |pattern: &str| format!("missing closing ]: `{}`", &pattern[from..]);
        self.copy();
        if self.peek() == Some('^') {
            self.copy();
        }
        let mut first = true;
        loop {
            let Some(c) = self.peek() else { return Err(missing(self.pattern)) };
            if c == ']' && !first {
                break;
            }
            let rest = self.rest();
            first = false;
            if rest.starts_with("[:") && rest[2..].contains(":]") {
                self.posix()?;
                continue;
            }
            if let Some(letter) = rest.strip_prefix('\\').and_then(|r| r.chars().next()) {
                let (set, negated) = match letter {
                    'd' | 'D' => (DIGIT, letter == 'D'),
                    'w' | 'W' => (WORD, letter == 'W'),
                    's' | 'S' => (BLANK, letter == 'S'),
                    'p' | 'P' => {
                        self.property()?;
                        continue;
                    }
                    _ => ("", false),
                };
                if !set.is_empty() {
                    let written = if negated { format!("[^{set}]") } else { set.to_owned() };
                    self.out.push_str(&written);
                    self.at += 2;
                    continue;
                }
            }
            self.range()?;
        }
        self.copy();
        Ok(())
    }

    /// A character or a range of a class.
    fn range(&mut self) -> Result<()> {
        let from = self.at;
        let low = self.member()?;
        push_literal(&mut self.out, low);
        let rest = self.rest();
        if !rest.starts_with('-') || rest.starts_with("-]") || rest.len() == 1 {
            return Ok(());
        }
        self.at += 1;
        let high = self.member()?;
        if high < low {
            let shown = &self.pattern[from..self.at];
            return Err(format!("invalid character class range: `{shown}`"));
        }
        self.out.push('-');
        push_literal(&mut self.out, high);
        Ok(())
    }

    fn member(&mut self) -> Result<char> {
        match self.peek() {
            Some('\\') => self.character(),
            Some(c) => {
                self.at += c.len_utf8();
                Ok(c)
            }
            None => Err(format!("missing closing ]: `{}`", self.pattern)),
        }
    }

    /// `[:alpha:]` and `[:^alpha:]`.
    fn posix(&mut self) -> Result<()> {
        const NAMES: [&str; 14] = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print",
            "punct", "space", "upper", "word", "xdigit",
        ];
        let rest = self.rest();
        let end = rest.find(":]").unwrap_or(rest.len() - 2) + 2;
        let whole = &rest[..end];
        let name = whole[2..end - 2].trim_start_matches('^');
        if !NAMES.contains(&name) {
            return Err(format!("invalid character class range: `{whole}`"));
        }
        self.out.push_str(whole);
        self.at += end;
        Ok(())
    }
}

/// A character as itself, wherever it stands.
fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || (!c.is_ascii() && !c.is_control()) {
        out.push(c);
    } else {
        out.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
    }
}
