//! YAML judged by the real `helm`: what `fromYaml` makes of a text, and what `toYaml` writes. One
//! run of the program judges thousands of generated texts. Helm reads with sigs.k8s.io/yaml, so
//! this is the dialect of Kubernetes and Argo CD too.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod generate;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use generate::Random;
use windlass_object::{Value, yaml};

const TEMPLATE: &str = r#"{{- range $path, $_ := .Files.Glob "in/*" }}
{{- $v := fromYaml ($.Files.Get $path) }}
---
name: {{ base $path }}
json: {{ toJson $v | b64enc }}
yaml: {{ toYaml $v | b64enc }}
{{- end }}
"#;

/// What helm says about a text: the value, and how it writes it.
struct Verdict {
    value: Value,
    text: String,
}

/// `None` where helm is not to be had.
fn judge(inputs: &[String]) -> Option<Vec<Verdict>> {
    if !windlass_testkit::available(&["helm"]) {
        return None;
    }
    let helm = windlass_testkit::peer("helm").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    write("templates/t.yaml", TEMPLATE);
    for (i, input) in inputs.iter().enumerate() {
        write(&format!("in/{i}"), input);
    }
    let out = run(&helm, dir.path());
    let decode = |text: &str| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let mut verdicts = BTreeMap::new();
    for block in out.split("name: ").skip(1) {
        let mut lines = block.lines();
        let number: usize = lines.next().unwrap().parse().unwrap();
        let mut field =
            |name: &str| decode(lines.next().unwrap().strip_prefix(name).unwrap().trim());
        let value = serde_json::from_str(&field("json:")).unwrap();
        verdicts.insert(number, Verdict { value, text: field("yaml:") });
    }
    assert_eq!(verdicts.len(), inputs.len());
    Some(verdicts.into_values().collect())
}

fn run(helm: &Path, chart: &Path) -> String {
    let out = Command::new(helm).args(["template", "x"]).arg(chart).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn refusal(verdict: &Verdict) -> Option<&str> {
    verdict.value.as_object().filter(|o| o.len() == 1)?.get("Error")?.as_str()
}

/// Helm keeps numbers as floats; so does the comparison.
fn floats(value: &Value) -> Value {
    match value {
        Value::Number(n) => n.as_f64().map_or(Value::Null, Value::from),
        Value::Array(items) => items.iter().map(floats).collect(),
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), floats(v))).collect(),
        other => other.clone(),
    }
}

fn same_lines(a: &str, b: &str) -> bool {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    sorted(a) == sorted(b)
}

#[track_caller]
fn report(wrong: &[String], total: usize) {
    let shown = wrong[..wrong.len().min(12)].join("\n");
    assert!(wrong.is_empty(), "{} of {total} differ:\n{shown}", wrong.len());
}

#[test]
fn writes_the_same_bytes() {
    let mut random = Random::new(7);
    let values: Vec<Value> = (0..3000).map(|_| generate::value(&mut random)).collect();
    let inputs: Vec<String> = values.iter().map(generate::ascii_json).collect();
    let Some(verdicts) = judge(&inputs) else { return };
    let mut wrong = Vec::new();
    // Go's comparison of keys is no order for some, and then it is chance what it writes first.
    let mut shuffled = 0;
    for ((value, input), verdict) in values.iter().zip(&inputs).zip(&verdicts) {
        let text = yaml::to_string(value);
        // Helm cuts one line feed at the end.
        let ours = text.strip_suffix('\n').unwrap_or(&text);
        if ours != verdict.text && !(shuffled < 10 && same_lines(ours, &verdict.text)) {
            wrong.push(format!("{input}\nhelm: {:?}\nours: {text:?}", verdict.text));
        }
        shuffled += usize::from(ours != verdict.text);
        let back = yaml::parse_one(text.as_bytes(), &yaml::Options::default());
        // The parser follows YAML 1.2, in which these are no line breaks; and Go does not quote a
        // key that reads as the merge key.
        let differs = text.contains(['\u{2028}', '\u{2029}']) || text.contains("<<:");
        if !differs && back.as_ref().map(floats) != Ok(floats(value)) {
            wrong.push(format!("not read back: {input}\n{text:?}\n{back:?}"));
        }
    }
    report(&wrong, values.len());
}

#[test]
fn reads_the_same_values() {
    let mut random = Random::new(11);
    let mut inputs: Vec<String> = (0..4000).map(|_| generate::document(&mut random)).collect();
    // Known differences, YAML 1.1 against 1.2, both outside what people write: a question mark
    // that touches a word in braces, and a third exclamation mark.
    inputs.retain(|text| !text.contains("{?a") && !text.contains("!!!"));
    let Some(verdicts) = judge(&inputs) else { return };
    let mut wrong = Vec::new();
    let mut accepted = 0;
    for (input, verdict) in inputs.iter().zip(&verdicts) {
        let ours = yaml::parse_one(input.as_bytes(), &yaml::Options::default());
        match (refusal(verdict), ours) {
            (None, Ok(value)) if floats(&value) == floats(&verdict.value) => accepted += 1,
            (Some(_), Err(_)) => {}
            // `fromYaml` takes mappings only.
            (Some(_), Ok(value)) if !value.is_object() => {}
            (helms, ours) => wrong.push(format!(
                "{input:?}\nhelm: {}\nours: {}",
                helms.map_or_else(|| verdict.value.to_string(), str::to_owned),
                ours.map_or_else(|e| e.to_string(), |v| v.to_string()),
            )),
        }
    }
    report(&wrong, inputs.len());
    assert!(accepted > inputs.len() / 2, "only {accepted} of {} are YAML", inputs.len());
}

#[test]
fn takes_the_same_tabs_and_comments() {
    let inputs = generate::with_blanks();
    let Some(verdicts) = judge(&inputs) else { return };
    let mut wrong = Vec::new();
    let mut refused = 0;
    for (input, verdict) in inputs.iter().zip(&verdicts) {
        let ours = yaml::first(input.as_bytes(), &yaml::Options::default());
        match (refusal(verdict), ours) {
            (None, Ok(value)) if floats(&value) == floats(&verdict.value) => {}
            (Some(_), Err(_)) => refused += 1,
            (Some(_), Ok(value)) if !value.is_object() && !value.is_null() => {}
            (_, ours) => wrong.push(format!("{input:?}\nhelm: {}\nours: {ours:?}", verdict.value)),
        }
    }
    report(&wrong, inputs.len());
    assert!(refused > inputs.len() / 5, "only {refused} of {} are refused", inputs.len());
}
