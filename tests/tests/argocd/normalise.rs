//! What two runs cannot have in common is blanked, at its length where it stands in a column.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;
use windlass_object::{Value, json, yaml};
use windlass_stories::Printed;

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+0000 UTC", "2026-01-01 00:00:00 +0000 UTC"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-01-01T00:00:00Z"),
        (r"(Duration:\s+)\d+m?\d*s", "${1}0s"),
        (r"(, duration: )[0-9.]+m?s", "${1}1s"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UID"),
        (r"\b10\.96\.\d+\.\d+", "10.96.0.1"),
        // Argo CD forgets the commit of what it could not render.
        (r"(Sync Status: +Unknown) \([0-9a-f]{7}\)", "$1"),
        (r#"resourceVersion: "\d+""#, "resourceVersion: N"),
        // A token, and when it was issued and ends.
        (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "TOKEN"),
        (r"\b1[789]\d{8}\b", "1700000000"),
        (r"Z \([a-z0-9 ]*\)", "Z (now)"),
        // A condition of ours: who changed what in the cluster. Argo CD's status has no place for it.
        (r"CONDITION  MESSAGE  LAST TRANSITION\nDriftWarning .*\n\n\n", ""),
        (r"DriftWarning    ", "<none>          "),
        // A ReplicaSet of a Deployment, and its pods.
        (r"-[bcdf-hj-np-tv-z2456789]{8,10}-[bcdf-hj-np-tv-z2456789]{5}\b", "-hash-xxxxx"),
        (r"-[bcdf-hj-np-tv-z2456789]{9,10}\b", "-hash"),
    ]
    .into_iter()
    .map(|(pattern, blank)| (regex(pattern), blank))
    .collect()
});
static AGE: LazyLock<Regex> = LazyLock::new(|| regex(r"\b\d+[smh](\d+s)?\b"));
static BLANKS: LazyLock<Regex> = LazyLock::new(|| regex(r" {2,}"));
static ABSENT: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(applications\.argoproj\.io|cluster) "\w+" not found|repo '.*' not found"#)
});
/// Where the field of a difference stands is told in Go's names.
static KEYS: LazyLock<Regex> = LazyLock::new(|| regex("; difference in keys \"[A-Za-z0-9,]*\""));
/// Go's own log.
static LOGGED: LazyLock<Regex> = LazyLock::new(|| regex(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d "));
static GRPC: LazyLock<Regex> = LazyLock::new(|| regex(r"rpc error: code = \w+ desc = "));

fn text(text: &str, root: &Path) -> String {
    let root = root.display().to_string();
    let text = text.replace(&root, &format!("/{}", "R".repeat(root.len() - 1)));
    let text = unframed(&text);
    RULES.iter().fold(text, |text, (rule, blank)| rule.replace_all(&text, *blank).into_owned())
}

/// Conditions without the frame of a call between Argo CD's programs, their columns closed up.
fn unframed(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        if line.starts_with("CONDITION") || line.starts_with("ComparisonError") {
            BLANKS.replace_all(&GRPC.replace_all(line, ""), "  ").into_owned()
        } else {
            GRPC.replace_all(line, "").into_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether both have the same to say of an answer. Where windlass says more on purpose, only the
/// outcome that it must not hide counts.
pub(crate) fn differs_on_purpose(command: &str) -> bool {
    [
        // argocd shows no application of a project that is not there.
        "app get noproject",
        // argocd prints nothing and ends with 0 although nothing could be rendered.
        "app manifests nopath",
        "app diff nopath",
        // argocd's server names the commit in the operation; ours is found when the sync runs, and
        // the branch stays where that fails.
        "app sync nopath",
        // argocd prints the roots alone.
        "app resources web --output tree",
        "app resources web --output tree=detailed",
    ]
    .contains(&command)
}

/// An answer as it is compared: exit code, output (a value where it is JSON or YAML) and the last
/// error message.
pub(crate) fn answer(command: &str, answer: &Printed, root: &Path) -> Value {
    let out = text(&answer.out, root);
    let out = match command.rsplit_once("-o ").map(|(_, format)| format) {
        Some("json") if answer.code == 0 => {
            serde_json::from_str(&out).map(value).unwrap_or(json!(out))
        }
        Some("yaml") if answer.code == 0 => {
            yaml::parse_one(out.as_bytes(), &yaml::Options::default()).map_or(json!(out), value)
        }
        _ if command.ends_with("--source live") => {
            let parsed = yaml::parse(out.as_bytes(), &yaml::Options::default());
            parsed.documents.into_iter().map(|document| value(document.value)).collect()
        }
        _ if command.contains("detailed") => {
            json!(sorted(&BLANKS.replace_all(&AGE.replace_all(&out, "AGE"), "  ")))
        }
        _ if command.ends_with("tree") => json!(sorted(&BLANKS.replace_all(&out, "  "))),
        _ if command.starts_with("app get-resource") => json!(of_manifest(&out)),
        _ if ["app sync", "app wait", "app rollback"].iter().any(|c| command.starts_with(c)) => {
            json!(end_state(&out))
        }
        _ => json!(out),
    };
    json!({"code": answer.code, "out": out, "err": message(&text(&answer.err, root))})
}

/// A value with what two runs cannot have in common blanked.
pub(crate) fn masked(value: &Value, root: &Path) -> Value {
    let masked = text(&value.to_string(), root);
    serde_json::from_str(&masked).unwrap_or(json!(masked))
}

/// A table with each root's lines together, by name: argocd prints the roots in any order.
fn sorted(out: &str) -> String {
    let lines: Vec<&str> = out.lines().collect();
    let is_head = |line: &&str| line.starts_with("KIND/NAME") || line.starts_with("GROUP");
    let begin = lines.iter().position(is_head).map_or(0, |head| head + 1);
    let (before, table) = lines.split_at(begin);
    let mut roots: Vec<Vec<&str>> = Vec::new();
    for &line in table {
        match roots.last_mut() {
            Some(root) if line.trim_start().starts_with(['├', '└', '│']) => root.push(line),
            _ => roots.push(vec![line]),
        }
    }
    roots.sort();
    [before, &roots.concat()].concat().join("\n")
}

/// Fields of an object as lines, without those that every API server makes up by itself.
fn of_manifest(out: &str) -> String {
    let own = ["metadata.uid", "metadata.resourceVersion", "metadata.creationTimestamp"];
    let lines = out.lines().filter(|line| !own.iter().any(|field| line.starts_with(field)));
    let lines = lines.map(|line| BLANKS.replace_all(line, "  ").into_owned());
    lines.collect::<Vec<_>>().join("\n")
}

/// Of a wait, what follows its progress: which changes are seen on the way, and when the word of a
/// timeout comes, depends on the moment.
fn end_state(out: &str) -> String {
    let lines = out.lines().filter(|line| !line.starts_with("The command timed out"));
    let lines: Vec<&str> = lines.collect();
    let begin = lines.iter().position(|line| line.starts_with("Name:")).unwrap_or(0);
    lines[begin..].join("\n")
}

/// The error, without the tool's frame around it.
fn message(err: &str) -> String {
    let mut message = String::new();
    for line in
        err.lines().filter(|line| !line.starts_with("warning: ") && !line.starts_with("info: "))
    {
        match serde_json::from_str::<Value>(line) {
            Ok(entry) if entry["level"] == "fatal" => {
                entry["msg"].as_str().unwrap_or_default().clone_into(&mut message);
            }
            Ok(_) => {}
            Err(_) => match line.strip_prefix("error: ") {
                Some(error) => error.clone_into(&mut message),
                None if message.is_empty() => line.clone_into(&mut message),
                None => {}
            },
        }
    }
    let message = GRPC.replace_all(&message, "");
    let message = LOGGED.replace(&message, "");
    let message = KEYS.replace(&message, "; difference in keys");
    // Argo CD's server does not say whether an application is there.
    ABSENT.replace_all(&message, "permission denied").into_owned()
}

/// An object without what every API server makes up by itself. Its kind, which argocd leaves out
/// and windlass prints so that the text can be applied, is left out too.
pub(crate) fn value(mut value: Value) -> Value {
    clean(&mut value);
    let unnamed = |value: &mut Value| {
        if let Some(map) = value.as_object_mut()
            && ["Application", "AppProject"]
                .iter()
                .any(|kind| map.get("kind") == Some(&json!(kind)))
        {
            map.remove("apiVersion");
            map.remove("kind");
        }
    };
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(unnamed),
        one => unnamed(one),
    }
    value
}

fn clean(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for field in ["uid", "resourceVersion", "generation", "managedFields"] {
                map.remove(field);
            }
            // argocd writes some blocks that are empty; its server has nobody signed in here.
            map.remove("initiatedBy");
            // The server of argocd resolves the revision, windlass leaves that to the controller.
            if map.contains_key("syncStrategy") {
                map.remove("revision");
                map.remove("source");
            }
            if let Some(Value::Array(conditions)) = map.get_mut("conditions") {
                conditions.retain(|condition| condition["type"] != "DriftWarning");
                if conditions.is_empty() {
                    map.remove("conditions");
                }
            }
            map.values_mut().for_each(clean);
            map.retain(|_, value| *value != json!({}));
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        _ => {}
    }
}
