//! `Chart.yaml` and `Chart.lock`, written as Helm writes them.

use serde_json::{Map, Value, json};
use windlass_helm::{Dependency, Lock, Metadata};

/// As a document: what is empty is left out.
pub fn to_value(chart: &Metadata) -> Value {
    let mut map = Map::new();
    let mut text = |name: &str, value: &str| {
        if !value.is_empty() {
            map.insert(name.to_owned(), value.into());
        }
    };
    text("name", &chart.name);
    text("home", &chart.home);
    text("version", &chart.version);
    text("description", &chart.description);
    text("icon", &chart.icon);
    text("apiVersion", &chart.api_version);
    text("condition", &chart.condition);
    text("tags", &chart.tags);
    text("appVersion", &chart.app_version);
    text("kubeVersion", &chart.kube_version);
    text("type", &chart.kind);
    let mut list = |name: &str, items: Vec<Value>| {
        if !items.is_empty() {
            map.insert(name.to_owned(), items.into());
        }
    };
    list("sources", chart.sources.iter().map(|s| s.as_str().into()).collect());
    list("keywords", chart.keywords.iter().map(|s| s.as_str().into()).collect());
    let maintainers = chart.maintainers.iter().map(|m| {
        let fields = [("name", &m.name), ("email", &m.email), ("url", &m.url)];
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        Value::Object(fields.map(|(k, v)| (k.to_owned(), v.as_str().into())).collect())
    });
    list("maintainers", maintainers.collect());
    list("dependencies", chart.dependencies.iter().map(dependency).collect());
    if chart.deprecated {
        map.insert("deprecated".to_owned(), true.into());
    }
    if !chart.annotations.is_empty() {
        map.insert("annotations".to_owned(), json!(chart.annotations));
    }
    Value::Object(map)
}

/// A dependency as a document.
pub fn dependency(dependency: &Dependency) -> Value {
    let mut map = Map::new();
    map.insert("name".to_owned(), dependency.name.as_str().into());
    map.insert("repository".to_owned(), dependency.repository.as_str().into());
    let texts = [
        ("version", &dependency.version),
        ("condition", &dependency.condition),
        ("alias", &dependency.alias),
    ];
    for (name, value) in texts.into_iter().filter(|(_, value)| !value.is_empty()) {
        map.insert(name.to_owned(), value.as_str().into());
    }
    if !dependency.tags.is_empty() {
        map.insert("tags".to_owned(), json!(dependency.tags));
    }
    if dependency.enabled {
        map.insert("enabled".to_owned(), true.into());
    }
    if !dependency.import_values.is_empty() {
        map.insert("import-values".to_owned(), dependency.import_values.clone().into());
    }
    Value::Object(map)
}

/// A lock file as a document.
pub fn lock(lock: &Lock) -> Value {
    let dependencies: Vec<Value> = lock.dependencies.iter().map(dependency).collect();
    json!({"generated": lock.generated, "digest": lock.digest, "dependencies": dependencies})
}

/// The digest of what is asked for and what was chosen: it tells whether a lock file still fits.
/// Helm hashes the JSON of both lists, each dependency in its struct's order of fields.
pub fn lock_digest(wanted: &[Dependency], chosen: &[Dependency]) -> String {
    use sha2::Digest as _;
    let list = |all: &[Dependency]| all.iter().map(go_json).collect::<Vec<_>>().join(",");
    let text = format!("[[{}],[{}]]", list(wanted), list(chosen));
    format!("sha256:{}", hex::encode(sha2::Sha256::digest(text)))
}

/// `Chart.yaml` as Go's encoding/json prints it, which registries keep as a chart's configuration.
pub fn to_go_json(chart: &Metadata) -> String {
    let value = to_value(chart);
    let fields = value.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let at = Metadata::FIELDS.iter().position(|field| field == name)?;
        let text = match name.as_str() {
            "dependencies" => list(chart.dependencies.iter().map(go_json)),
            "maintainers" => list(value.as_array()?.iter().map(|m| ordered(m, &MAINTAINER))),
            _ => go_escape(&value.to_string()),
        };
        Some((at, format!("\"{name}\":{text}")))
    });
    let mut fields: Vec<(usize, String)> = fields.collect();
    fields.sort();
    let fields: Vec<String> = fields.into_iter().map(|(_, text)| text).collect();
    format!("{{{}}}", fields.join(","))
}

const MAINTAINER: [&str; 3] = ["name", "email", "url"];
const DEPENDENCY: [&str; 8] =
    ["name", "version", "repository", "condition", "tags", "enabled", "import-values", "alias"];

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// As Go's encoding/json prints the struct.
fn go_json(dependency: &Dependency) -> String {
    ordered(&self::dependency(dependency), &DEPENDENCY)
}

fn ordered(value: &Value, order: &[&str]) -> String {
    let fields = order.iter().filter_map(|name| {
        let value = value.get(name)?;
        Some(format!("\"{name}\":{}", go_escape(&value.to_string())))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// JSON with the characters escaped that Go escapes.
pub(crate) fn go_escape(json: &str) -> String {
    json.replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}
