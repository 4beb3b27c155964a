//! YAML as people write it: comments, anchors, block scalars, quoted keys, flow and JSON.

use serde_json::{Map, Value};
use windlass_object::yaml::{self, Options};

use crate::random::Random;

const COMMENTS: &[&str] = &["# a comment", "#", "# - not: an item", "#no space", "# é: \"x\""];

/// The documents as text, always the same for the same seed. What each says does not depend on how
/// it is written.
pub(crate) fn written(documents: &[Value], seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut out = String::new();
    if random.percent(20) {
        out.push_str(random.word(&["---\n", "# first\n", "# first\n---\n"]));
    }
    for (number, document) in documents.iter().enumerate() {
        if number > 0 {
            out.push_str(random.word(&[
                "---\n",
                "---\n",
                "--- # next\n",
                "---\n# next\n",
                "...\n---\n",
            ]));
        }
        if random.percent(6) {
            out.push_str(&serde_json::to_string_pretty(document).unwrap());
            out.push('\n');
            continue;
        }
        let mut writer = Writer { random: &mut random, anchors: Vec::new(), next: 0 };
        let text = writer.document(document);
        // A style that does not say the same is a fault of this writer, not of what is tested.
        let read = yaml::parse_one(text.as_bytes(), &Options::kustomize());
        match read.is_ok_and(|read| read == *document) {
            true => out.push_str(&text),
            false => out.push_str(&yaml::to_string(document)),
        }
    }
    out
}

struct Writer<'r> {
    random: &'r mut Random,
    /// Values with an anchor, and its name.
    anchors: Vec<(Value, String)>,
    next: usize,
}

impl Writer<'_> {
    fn document(&mut self, value: &Value) -> String {
        let mut out = String::new();
        self.block(value, 0, &mut out);
        out.trim_start_matches('\n').to_owned()
    }

    fn comment(&mut self, indent: usize, out: &mut String) {
        if self.random.percent(4) {
            let comment = self.random.word(COMMENTS);
            out.push_str(&format!("{}{comment}\n", " ".repeat(indent)));
        }
        if self.random.percent(2) {
            out.push('\n');
        }
    }

    fn line_end(&mut self, out: &mut String) {
        if self.random.percent(4) {
            out.push_str(&format!(" {}", self.random.word(COMMENTS)));
        }
        if self.random.percent(2) {
            out.push(' ');
        }
        out.push('\n');
    }

    /// Fields or items, each on lines of its own.
    fn block(&mut self, value: &Value, indent: usize, out: &mut String) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, inner) in map {
                    self.comment(indent, out);
                    out.push_str(&" ".repeat(indent));
                    let key = self.key(key);
                    if self.random.percent(1) {
                        out.push_str(&format!("? {key}\n{}:", " ".repeat(indent)));
                    } else {
                        out.push_str(&format!("{key}:"));
                    }
                    self.after(inner, indent, true, out);
                }
            }
            Value::Array(list) if !list.is_empty() => {
                for inner in list {
                    self.comment(indent, out);
                    out.push_str(&format!("{}-", " ".repeat(indent)));
                    self.after(inner, indent, false, out);
                }
            }
            other => {
                out.push_str(&self.flow(other));
                out.push('\n');
            }
        }
    }

    /// What stands behind a key or a dash.
    fn after(&mut self, value: &Value, indent: usize, of_map: bool, out: &mut String) {
        if let Some((_, name)) = self.anchors.iter().find(|(v, _)| v == value)
            && self.random.percent(70)
        {
            out.push_str(&format!(" *{name}"));
            return self.line_end(out);
        }
        let mut anchored = None;
        if self.random.percent(3) && !value.is_null() {
            self.next += 1;
            let name = format!("a{}", self.next);
            out.push_str(&format!(" &{name}"));
            anchored = Some((value.clone(), name));
        }
        match value {
            Value::Object(map) if !map.is_empty() && self.random.percent(92) => {
                if !of_map && anchored.is_none() && self.random.percent(85) {
                    // The first field stands behind the dash.
                    let mut inner = String::new();
                    self.block(value, indent + 2, &mut inner);
                    match inner.strip_prefix(&" ".repeat(indent + 2)) {
                        Some(rest) if !rest.starts_with(['#', ' ', '\n']) => {
                            out.push_str(&format!(" {rest}"));
                        }
                        _ => out.push_str(&format!("\n{inner}")),
                    }
                } else {
                    self.line_end(out);
                    let deeper = self.random.word(&["2", "2", "2", "4"]).parse().unwrap_or(2);
                    self.block(value, indent + deeper, out);
                }
            }
            Value::Array(list) if !list.is_empty() && self.random.percent(90) => {
                self.line_end(out);
                let deeper = if of_map && self.random.percent(60) { 0 } else { 2 };
                self.block(value, indent + deeper, out);
            }
            Value::String(text) if self.random.percent(40) && text.contains('\n') => {
                self.literal(text, indent, out);
            }
            other => {
                let text = self.flow(other);
                if !text.is_empty() {
                    out.push_str(&format!(" {text}"));
                }
                self.line_end(out);
            }
        }
        self.anchors.extend(anchored);
    }

    /// A block scalar.
    fn literal(&mut self, text: &str, indent: usize, out: &mut String) {
        let chomp = match (text.ends_with("\n\n"), text.ends_with('\n')) {
            (true, _) => "+",
            (_, true) => "",
            _ => "-",
        };
        let hint = if text.starts_with([' ', '\n']) { "2" } else { "" };
        out.push_str(&format!(" |{hint}{chomp}\n"));
        for line in text.split_inclusive('\n') {
            let line = line.trim_end_matches('\n');
            match line.is_empty() {
                true => out.push('\n'),
                false => out.push_str(&format!("{}{line}\n", " ".repeat(indent + 2))),
            }
        }
    }

    fn key(&mut self, key: &str) -> String {
        match self.random.below(30) {
            0 => serde_json::to_string(key).unwrap(),
            1 => format!("'{}'", key.replace('\'', "''")),
            _ => self.scalar_text(key),
        }
    }

    /// Plain where that says the same.
    fn scalar_text(&mut self, text: &str) -> String {
        let is_same = |written: &str| {
            let whole = format!("a: {written}\n");
            yaml::parse_one(whole.as_bytes(), &Options::kustomize())
                .is_ok_and(|v| v["a"].as_str() == Some(text))
        };
        let is_plain = !text.contains([',', '[', ']', '{', '}', '\n']) && is_same(text);
        let single = format!("'{}'", text.replace('\'', "''"));
        match self.random.below(6) {
            0 => serde_json::to_string(text).unwrap(),
            1 if !text.contains('\n') => single,
            2 if is_same(&format!("!!str {text}")) && is_plain => format!("!!str {text}"),
            _ if is_plain => text.to_owned(),
            _ if !text.contains('\n') && self.random.percent(50) => single,
            _ => serde_json::to_string(text).unwrap(),
        }
    }

    fn flow(&mut self, value: &Value) -> String {
        let space = if self.random.percent(30) { " " } else { "" };
        match value {
            Value::Null => self.random.word(&["null", "~", "Null", "null"]).to_owned(),
            Value::Bool(flag) => flag.to_string(),
            Value::Number(n) => n.to_string(),
            Value::String(text) => self.scalar_text(text),
            Value::Array(list) => {
                let items: Vec<String> = list.iter().map(|item| self.flow(item)).collect();
                format!("[{space}{}{space}]", items.join(", "))
            }
            Value::Object(map) => {
                let fields: Vec<String> = Map::iter(map)
                    .map(|(key, inner)| format!("{}: {}", self.key(key), self.flow(inner)))
                    .collect();
                format!("{{{space}{}{space}}}", fields.join(", "))
            }
        }
    }
}
