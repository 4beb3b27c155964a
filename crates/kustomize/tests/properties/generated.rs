//! Random `configMapGenerator` and `secretGenerator` fields.

use serde_json::{Value, json};

use crate::objects::{NAMES, pairs, text};
use crate::overlays::{Content, Maker};

const LITERALS: &[&str] = &[
    "q=\"quoted\"",
    "n=1",
    "e=",
    "t=a=b",
    "host=x.example.com",
    "s='single'",
    "u=日本語",
    "long=a very long line of words that goes on and on until it is wider than eighty columns",
    "lines=one\ntwo",
    "yes=no",
];
const CONTENTS: &[&str] = &[
    "plain\n",
    "",
    "a: b\n",
    "tab\there \n",
    "no newline",
    "dos\r\nlines\r\n",
    "trailing  \nspaces\n",
    "\n\nblank lines\n\n",
    "\u{0}\u{1}binary",
    "é: ü\n",
    "# comment\n",
    "{\"json\": [1, 2]}",
];
const ENVS: &[&str] = &[
    "# comment\nENV_A=1\n\nENV_B=two words \nENV_C=\"q\"\n",
    "A=1\r\nB=2\r\n",
    "\u{feff}A=bom\n",
    "A=\nB==\n  C=indented\n",
    "A=b # no comment\nexport_B='x'",
];

impl Maker<'_> {
    /// Sets the fields; `busy` is how often.
    pub(crate) fn generators(&mut self, at: &str, busy: usize, out: &mut Value) {
        for field in ["configMapGenerator", "secretGenerator"] {
            if !self.random.percent(busy * 35 / 100) {
                continue;
            }
            let mut all = vec![self.generator(at, field)];
            if self.random.percent(20) {
                all.push(self.generator(at, field));
            }
            out[field] = all.into();
        }
        if self.random.percent(busy / 10) {
            out["generatorOptions"] = json!({"disableNameSuffixHash": self.random.percent(50),
                "labels": pairs(self.random), "immutable": self.random.percent(20)});
        }
    }

    fn generator(&mut self, at: &str, field: &str) -> Value {
        let mut args = json!({"name": self.random.word(NAMES)});
        if self.random.percent(20) {
            args["namespace"] = self.random.word(&["one", "two"]).into();
        }
        let kind = if field == "configMapGenerator" { "ConfigMap" } else { "Secret" };
        let meta = json!({"name": args["name"], "namespace": args["namespace"]});
        let is_same = |o: &Value| {
            let at = &o["metadata"];
            o["kind"] == kind && at["name"] == meta["name"] && at["namespace"] == meta["namespace"]
        };
        let exists = self.objects.iter().any(is_same);
        if exists != self.random.percent(2) {
            args["behavior"] = self.random.word(&["merge", "replace"]).into();
        } else {
            if self.random.percent(20) {
                args["behavior"] = "create".into();
            }
            self.objects.push(json!({"apiVersion": "v1", "kind": kind, "metadata": meta,
                "data": {"k": "v"}}));
        }
        if self.random.percent(70) {
            let value = text(self.random);
            args["literals"] = json!([
                format!("k={}", value.as_str().unwrap_or_default()),
                self.random.word(LITERALS)
            ]);
        }
        if self.random.percent(30) {
            let content = self.random.word(CONTENTS);
            self.put(&format!("{at}/app.conf"), Content::Text(content.to_owned()));
            args["files"] = json!([self.random.word(&["app.conf", "x.conf=app.conf"])]);
        }
        if self.random.percent(20) {
            let content = self.random.word(ENVS);
            self.put(&format!("{at}/e.env"), Content::Text(content.to_owned()));
            match self.random.percent(70) {
                true => args["envs"] = json!(["e.env"]),
                false => args["env"] = "e.env".into(),
            }
        }
        if self.random.percent(20) {
            args["options"] = json!({"disableNameSuffixHash": self.random.percent(50),
                "labels": pairs(self.random), "annotations": {"g": "1"},
                "immutable": self.random.percent(30)});
        }
        if field == "secretGenerator" && self.random.percent(20) {
            args["type"] = self.random.word(&["example.com/kind", "kubernetes.io/tls", ""]).into();
        }
        args
    }
}
