//! Argo CD's own tables of what projects permit, read from a clone of its repository that
//! `WINDLASS_ARGOCD_SOURCE` names (as `crates/engine/tests/public.rs`); none of it is kept here.

use regex::Regex;
use windlass_object::{Value, json};

use super::*;

/// What the pattern finds in one test of `types_test.go`; it must find this many or more.
fn table(test: &str, pattern: &str, least: usize) -> Vec<Vec<String>> {
    let Some(source) = std::env::var_os("WINDLASS_ARGOCD_SOURCE") else { return Vec::new() };
    let mut git = std::process::Command::new("git");
    git.arg("-C").arg(source);
    git.args(["show", "HEAD:pkg/apis/application/v1alpha1/types_test.go"]);
    let text = String::from_utf8(git.output().unwrap().stdout).unwrap();
    let begin = text.find(&format!("func {test}(")).expect("the test");
    let body = &text[begin..begin + text[begin..].find("\n}\n").unwrap()];
    let texts = |found: regex::Captures<'_>| -> Vec<String> {
        found.iter().skip(1).flatten().map(|part| part.as_str().to_owned()).collect()
    };
    let lines: Vec<_> = Regex::new(pattern).unwrap().captures_iter(body).map(texts).collect();
    assert!(lines.len() >= least, "{test}: {} lines", lines.len());
    lines
}

fn project(spec: &Value) -> AppProject {
    serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap()
}

#[test]
fn sources() {
    let pattern = r#"(?s)projSources:\s*\[\]string\{([^}]*)\},\s*appSource:\s*"([^"]*)",\s*isPermitted:\s*(true|false)"#;
    for (test, least) in
        [("TestAppProject_IsSourcePermitted", 12), ("TestAppProject_IsNegatedSourcePermitted", 8)]
    {
        for line in table(test, pattern, least) {
            let repos: Value = serde_json::from_str(&format!("[{}]", line[0])).unwrap();
            let permitted = permits_source(&project(&json!({"sourceRepos": repos})), &line[1]);
            assert_eq!(permitted.to_string(), line[2], "{line:?}");
        }
    }
}

#[test]
fn destinations() {
    let pattern = r"(?s)projDest:\s*\[\]ApplicationDestination\{(.*?)\},\s*appDest:\s*ApplicationDestination\{([^}]*)\},\s*isPermitted:\s*(true|false)";
    let item = Regex::new(r"\{([^{}]*)\}").unwrap();
    let field = Regex::new(r#"(\w+):\s*"([^"]*)""#).unwrap();
    let destination = |text: &str| -> Value {
        let fields = field.captures_iter(text).map(|f| (f[1].to_lowercase(), json!(&f[2])));
        Value::Object(fields.collect())
    };
    for (test, least) in [
        ("TestAppProject_IsDestinationPermitted", 10),
        ("TestAppProject_IsNegatedDestinationPermitted", 12),
    ] {
        for line in table(test, pattern, least) {
            let items: Vec<Value> =
                item.captures_iter(&line[0]).map(|found| destination(&found[1])).collect();
            let place = destination(&line[1]);
            let text = |key: &str| place[key].as_str().unwrap_or_default();
            let place = Place {
                server: text("server"),
                cluster: text("name"),
                namespace: text("namespace"),
                owner: "",
            };
            let permitted = permits_destination(&project(&json!({"destinations": items})), &place);
            assert_eq!(permitted.to_string(), line[2], "{line:?}");
        }
    }
}
