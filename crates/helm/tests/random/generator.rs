//! Small random templates: pipelines of functions by the kinds that they take, scopes, branches,
//! ranges with `break` and `continue`, definitions with arguments, `include`, `tpl`, trimming.

use super::signatures::{INTEGERS, LISTS, MAPS, NUMBERS, ODD, PATTERNS, SIGNATURES, TEXTS, TRUTHS};

const BETWEEN: &[&str] =
    &["", " ", "\n", "a", "  b\n", "\n\n", " - ", "x: ", "}", "\"", "\t", "é", "- "];

/// One in so many arguments is of a kind that the function does not take.
const ASTRAY: usize = 150;

/// A source of choices that follow from a seed.
pub(crate) struct Random {
    state: u64,
    /// Whether a `break` here ends a range.
    in_range: bool,
}

impl Random {
    /// The same seed gives the same templates.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, in_range: false }
    }

    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    /// A term of a kind: a constant, a path, a variable, a call in parentheses.
    fn term(&mut self, kind: char, depth: usize) -> String {
        let kind = if self.one_in(ASTRAY) { 'a' } else { kind };
        if depth > 0 && self.below(3) == 0 {
            return format!("({})", self.pipe(kind, depth - 1));
        }
        let variable = self.below(6) == 0;
        match kind {
            'i' => self.pick(if variable { &["$i"] } else { INTEGERS }).to_owned(),
            'n' => self.pick(if variable { &["$i"] } else { NUMBERS }).to_owned(),
            's' => self.pick(if variable { &["$s"] } else { TEXTS }).to_owned(),
            'p' => self.pick(PATTERNS).to_owned(),
            'b' => self.pick(TRUTHS).to_owned(),
            'l' => self.pick(if variable { &["$l"] } else { LISTS }).to_owned(),
            'm' => self.pick(if variable { &["$m", "$m.a"] } else { MAPS }).to_owned(),
            _ if variable => self.pick(&["$x", ".", ".a", "$x.b", "$.Values.m"]).to_owned(),
            _ => {
                let kinds = [INTEGERS, NUMBERS, TEXTS, TRUTHS, LISTS, MAPS, ODD, TEXTS];
                let all = kinds[self.below(kinds.len())];
                self.pick(all).to_owned()
            }
        }
    }

    fn gives(signature: &str) -> char {
        signature.chars().next_back().unwrap_or('a')
    }

    /// A call of a function that gives a kind. `piped`: without its last argument, which is of the
    /// kind that is answered beside it.
    fn call(&mut self, kind: char, depth: usize, piped: bool) -> (String, char) {
        let signature = loop {
            let signature = self.pick(SIGNATURES);
            if kind == 'a' || Self::gives(signature) == kind || self.one_in(ASTRAY) {
                break signature;
            }
        };
        let takes = signature.split(':').next().unwrap_or_default();
        let mut words: Vec<&str> = takes.split(' ').collect();
        let last = words.last().and_then(|w| w.chars().next()).unwrap_or('a');
        if piped {
            words.pop();
        }
        let mut call = words[0].to_owned();
        for kind in &words[1..] {
            let kind = kind.chars().next().unwrap_or('a');
            call.push(' ');
            call.push_str(&self.term(kind, depth));
        }
        (call, last)
    }

    /// A pipeline that gives a kind.
    fn pipe(&mut self, kind: char, depth: usize) -> String {
        let mut calls = Vec::new();
        let mut kind = kind;
        while self.below(3) == 0 && calls.len() < 4 {
            let (call, takes) = self.call(kind, depth, true);
            calls.push(call);
            kind = takes;
        }
        calls.push(match self.below(4) {
            0 => self.term(kind, depth),
            _ => self.call(kind, depth, false).0,
        });
        calls.reverse();
        calls.join(" | ")
    }

    fn action(&mut self, inner: &str) -> String {
        let open = self.pick(&["{{ ", "{{- ", "{{"]);
        // A brace or a sign would be read as something else.
        let open = if inner.starts_with('-') { "{{ " } else { open };
        let close = self.pick(&[" }}", " -}}", " }}"]);
        format!("{open}{inner}{close}")
    }

    fn block(&mut self, depth: usize) -> String {
        let mut out = String::new();
        for _ in 0..=self.below(2) {
            out.push_str(&self.node(depth));
            out.push_str(self.pick(BETWEEN));
        }
        out
    }

    /// An action that begins with `head`, its body, further branches that begin with `chain`.
    fn nested(&mut self, head: &str, depth: usize, chain: &str) -> String {
        let mut out = self.action(head);
        out += &self.block(depth - 1);
        while !chain.is_empty() && self.below(3) == 0 {
            let pipe = self.pipe('a', 1);
            out += &self.action(&format!("else {chain} {pipe}"));
            out += &self.block(depth - 1);
        }
        if self.below(3) == 0 {
            out += &self.action("else");
            out += &self.block(depth - 1);
        }
        out + &self.action("end")
    }

    fn assignment(&mut self) -> String {
        let (name, kind) =
            [("$x", 'a'), ("$s", 's'), ("$i", 'i'), ("$l", 'l'), ("$m", 'm')][self.below(5)];
        let sign = self.pick(&[":=", "="]);
        let pipe = self.pipe(kind, 1);
        self.action(&format!("{name} {sign} {pipe}"))
    }

    fn range(&mut self, depth: usize) -> String {
        let head = self.pick(&["", "$x := ", "$s, $x := ", "$x = ", "$s, $x = ", "$_, $i := "]);
        let over = match self.below(6) {
            0 => self
                .pick(&["3", "0", "(int 2)", "$.Values.n", "$.Values.nope", "\"ab\""])
                .to_owned(),
            1 => self.term('m', 1),
            2 => self.pipe('l', 1),
            _ => self.term('l', 1),
        };
        let outer = std::mem::replace(&mut self.in_range, true);
        let range = self.nested(&format!("range {head}{over}"), depth, "");
        self.in_range = outer;
        range
    }

    fn tpl(&mut self) -> String {
        let body = self.block(0).replace('`', "'");
        let data = self.term('a', 1);
        let then = self.pick(&["", " | upper", " | quote", " | nindent 2", " | len"]);
        self.action(&format!("tpl `{body}` {data}{then}").replace('$', "."))
            .replace("..Values", "(dict).Values")
    }

    fn node(&mut self, depth: usize) -> String {
        if depth == 0 {
            let pipe = self.pipe('a', 2);
            return self.action(&pipe);
        }
        match self.below(24) {
            0..7 => {
                let pipe = self.pipe('a', 2);
                self.action(&pipe)
            }
            7..10 => self.assignment(),
            10..13 => {
                let kind = ['a', 'b'][self.below(2)];
                let pipe = self.pipe(kind, 1);
                self.nested(&format!("if {pipe}"), depth, "if")
            }
            13..15 => {
                let head = self.pick(&["", "$x := ", "$m := "]);
                let pipe = self.pipe('a', 1);
                self.nested(&format!("with {head}{pipe}"), depth, "with")
            }
            15..18 => self.range(depth),
            18..20 if self.in_range => {
                let pipe = self.pipe('b', 1);
                let word = self.pick(&["{{ break }}", "{{- continue }}"]);
                format!("{}{word}{{{{ end }}}}", self.action(&format!("if {pipe}")))
            }
            18..20 => {
                let data = self.term('m', 1);
                self.action(&format!("template \"NAME\" {data}"))
            }
            20..22 => {
                let (key, value) = (self.pick(&["a", "b", "l"]), self.term('a', 1));
                let then = self.pick(&["", " | trim", " | quote", " | indent 3", " | fromYaml"]);
                self.action(&format!("include \"NAME\" (dict \"{key}\" {value}){then}"))
            }
            22 => self.tpl(),
            _ => self.pick(&["{{/* c */}}", "{{- /* c */ -}}", "{{- \"\" -}}"]).to_owned(),
        }
    }

    /// A template; its number keeps its definition apart from others'.
    pub(crate) fn template(&mut self, number: usize) -> String {
        self.in_range = false;
        // The definition calls nothing, or it would not end; the root there is its argument.
        let body = self.block(1);
        let body = body.replace("template \"NAME\"", "print").replace("include \"NAME\"", "toJson");
        let body = format!(
            "{{{{ $i := 1 }}}}{{{{ $s := .a }}}}{{{{ $l := list .b }}}}{{{{ $m := dict \"a\" . }}}}{{{{ $x := .l }}}}{}",
            body.replace("$.", "(dict).")
        );
        let lead = "{{ $i := 2 }}{{ $s := \"s,t\" }}{{ $l := list 1 \"q\" }}{{ $m := dict \"a\" (dict \"z\" 1) }}{{ $x := 1.5 }}";
        let rest = self.block(2);
        // Dot is a map that prints the same in each run.
        let rest = format!("{{{{ with $.Values.m }}}}{rest}{{{{ end }}}}");
        format!("{{{{ define \"NAME\" }}}}{body}{{{{ end }}}}{lead}{rest}")
            .replace("NAME", &format!("t{number}"))
    }
}
