//! Small random templates: pipelines, scopes, branches, ranges, blocks, trimming.

const PATHS: &[&str] = &[
    ".Values.n",
    ".Values.f",
    ".Values.big",
    ".Values.s",
    ".Values.e",
    ".Values.t",
    ".Values.b",
    ".Values.nil",
    ".Values.l",
    ".Values.m",
    ".Values.m.b.c",
    ".Values.m.q",
    ".Values.m.z",
    ".Values.nope",
    ".Values.sl",
    ".Values.u",
    "$.Values.m",
    "(.Values.m).a",
    "$x",
    "$y",
    "$.Values.sl",
    ".Values.nope.x",
    "(.Values.nope).a.b",
];

const CONSTANTS: &[&str] = &[
    "1",
    "-2",
    "0",
    "1.5",
    "1e3",
    "0x1F",
    "\"a\"",
    "\"x y\"",
    "`raw`",
    "'a'",
    "true",
    "false",
    "nil",
    "\"\"",
    "\"%d\"",
    "\"%v %s\"",
    "\"é\"",
];

const FUNCTIONS: &[&str] = &[
    "len",
    "not",
    "print",
    "printf",
    "quote",
    "toYaml",
    "toJson",
    "upper",
    "first",
    "last",
    "list",
    "dict",
    "empty",
    "default",
    "int",
    "float64",
    "toString",
    "kindOf",
    "typeOf",
    "join",
    "html",
    "js",
    "urlquery",
    "println",
    "squote",
    "cat",
    "trim",
    "sortAlpha",
    "uniq",
    "b64enc",
    "title",
    "index",
    "and",
    "or",
    "eq",
    "lt",
    "ternary",
    "coalesce",
    "has",
    "hasKey",
    "get",
    "merge",
    "printf \"%v\"",
    "printf \"%T\"",
    "printf \"%#v\"",
    "printf \"%q\"",
    "printf \"%d\"",
    "printf \"%s\"",
    "printf \"%x\"",
    "printf \"%5v|%-5v\"",
    "printf \"%t\"",
    "printf \"%g\"",
    "printf \"%08.3f\"",
    "printf \"%c\"",
    "printf \"%U\"",
    "printf \"%+v\"",
    "add",
    "sub",
    "mul",
    "max",
    "splitList \",\"",
    "trimSuffix \"d\"",
    "replace \"l\" \"L\"",
    "contains \"a\"",
    "nindent 2",
    "indent 2",
    "pluck \"a\"",
    "omit",
    "pick",
    "toToml",
    "lower",
    "trunc 3",
    "snakecase",
    "regexReplaceAll \"l+\" \"x\"",
];

const BETWEEN: &[&str] = &["", " ", "\n", "a", "  b\n", "\n\n", " - ", "x: ", "{", "}", "\""];

/// A source of choices that follow from a seed.
pub(crate) struct Random(u64);

impl Random {
    /// The same seed gives the same templates.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn below(&mut self, bound: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }

    fn term(&mut self, depth: usize) -> String {
        match self.below(20) {
            0..9 => self.pick(PATHS).to_owned(),
            9..15 => self.pick(CONSTANTS).to_owned(),
            _ if depth == 0 => self.pick(CONSTANTS).to_owned(),
            _ => format!("({})", self.pipe(depth - 1)),
        }
    }

    fn pipe(&mut self, depth: usize) -> String {
        let mut pipe = match self.below(10) {
            0..4 => self.pick(PATHS).to_owned(),
            _ => {
                let mut call = self.pick(FUNCTIONS).to_owned();
                for _ in 0..[0, 1, 1, 1, 2, 2, 3][self.below(7)] {
                    call.push(' ');
                    call.push_str(&self.term(depth));
                }
                call
            }
        };
        while self.below(3) == 0 {
            pipe.push_str(" | ");
            pipe.push_str(self.pick(FUNCTIONS));
        }
        pipe
    }

    fn action(&mut self, inner: &str) -> String {
        let open = self.pick(&["{{ ", "{{- ", "{{"]);
        let close = self.pick(&[" }}", " -}}", " }}"]);
        format!("{open}{inner}{close}")
    }

    fn block(&mut self, depth: usize, number: usize) -> String {
        let mut out = String::new();
        for _ in 0..=self.below(3) {
            out.push_str(&self.node(depth, number));
            out.push_str(self.pick(BETWEEN));
        }
        out
    }

    /// An action that begins with `head`, its body, `tail` before its end.
    fn nested(&mut self, head: &str, depth: usize, number: usize, tail: &str) -> String {
        let open = self.action(head);
        let body = self.block(depth - 1, number);
        let otherwise = match self.below(3) {
            0 => self.action("else") + &self.block(depth - 1, number),
            _ => String::new(),
        };
        let end = self.action("end");
        format!("{open}{body}{tail}{otherwise}{end}")
    }

    fn node(&mut self, depth: usize, number: usize) -> String {
        match self.below(20) {
            _ if depth == 0 => {
                let pipe = self.pipe(2);
                self.action(&pipe)
            }
            0..8 => {
                let pipe = self.pipe(2);
                self.action(&pipe)
            }
            8..10 => {
                let set = self.pick(&["$x := ", "$y := ", "$x = ", "$y = "]);
                let pipe = self.pipe(1);
                self.action(&format!("{set}{pipe}"))
            }
            10..13 => {
                let pipe = self.pipe(1);
                self.nested(&format!("if {pipe}"), depth, number, "")
            }
            13..15 => {
                let pipe = self.pipe(1);
                self.nested(&format!("with {pipe}"), depth, number, "")
            }
            15..18 => {
                let head = self.pick(&["", "$x := ", "$x, $y := ", "$x = "]);
                let over = self.pick(&[
                    ".Values.l",
                    ".Values.m",
                    ".Values.sl",
                    "3",
                    ".Values.el",
                    "(until 3)",
                    ".Values.nope",
                    ".Values.s",
                    "(int .Values.n)",
                ]);
                let tail = self.pick(&["", "", "{{ break }}", "{{ continue }}z"]);
                self.nested(&format!("range {head}{over}"), depth, number, tail)
            }
            18 => format!("{{{{ template \"t{number}\" {} }}}}", self.pick(PATHS)),
            _ => self.pick(&["{{/* c */}}", "{{- /* c */ -}}"]).to_owned(),
        }
    }

    /// A template; its number keeps its definitions apart from others'.
    pub(crate) fn template(&mut self, number: usize) -> String {
        let body = self.block(1, number).replace("$x", ".").replace("$y", ".");
        let lead = self.pick(&[
            "{{ $x := 1 }}{{ $y := \"q\" }}",
            "{{ $x := .Values.m }}{{ $y := list 1 2 }}",
            "{{ $x := list 1 2 }}{{ $y := dict \"a\" 1 }}",
        ]);
        // The definition calls nothing, or it would not end.
        let body = body.replace(&format!("template \"t{number}\""), "print");
        let rest = self.block(2, number);
        format!("{{{{ define \"t{number}\" }}}}{body}{{{{ end }}}}{lead}{rest}")
    }
}
