//! Argo CD's own tables of what projects permit, read from a clone of its repository that
//! `WINDLASS_ARGOCD_SOURCE` names (as `crates/engine/tests/public.rs`); none of it is kept here.

use regex::Regex;
use windlass_object::Value;

use super::*;

/// What the pattern finds in one test of `types_test.go`; it must find this many or more.
fn table(test: &str, pattern: &str, least: usize) -> Vec<Vec<String>> {
    let path = "pkg/apis/application/v1alpha1/types_test.go";
    windlass_testkit::argocd_table(path, test, pattern, least).unwrap()
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
