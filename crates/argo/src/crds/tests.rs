//! The CRDs against Argo CD's own, from its published Go module.

use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_object::{Object, Value, yaml};

/// The module of the Argo CD that the project's peers run; `None` where Go is not there.
fn argocd_module() -> Option<PathBuf> {
    let out = Command::new("go")
        .args(["mod", "download", "-json", "github.com/argoproj/argo-cd/v3@v3.2.6"])
        .current_dir(std::env::temp_dir())
        .output()
        .ok()?;
    let info: Value = serde_json::from_slice(&out.stdout).ok()?;
    Some(PathBuf::from(info.get("Dir")?.as_str()?))
}

fn read(path: &Path) -> Value {
    let text = std::fs::read(path).expect("the CRD of the module");
    yaml::parse_one(&text, &yaml::Options::default()).expect("the CRD is YAML")
}

/// Every constraint and field of `theirs` that `ours` lacks or has otherwise, by path.
fn missing(path: &str, theirs: &Value, ours: Option<&Value>, out: &mut Vec<String>) {
    let Some(ours) = ours else {
        out.push(format!("{path}: missing"));
        return;
    };
    match theirs {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(k, v)| *k != "description" || v.is_object()) {
                missing(&format!("{path}.{key}"), value, ours.get(key), out);
            }
        }
        Value::Array(list) => {
            let ours = ours.as_array().map_or(&[][..], Vec::as_slice);
            if list.len() != ours.len() {
                out.push(format!("{path}: {} entries there, {} here", list.len(), ours.len()));
            }
            for (i, item) in list.iter().enumerate() {
                missing(&format!("{path}[{i}]"), item, ours.get(i), out);
            }
        }
        scalar if scalar != ours => out.push(format!("{path}: {scalar} there, {ours} here")),
        _ => {}
    }
}

#[test]
fn whatever_argo_cd_accepts_is_accepted_and_kept() {
    let Some(module) = argocd_module() else {
        assert!(
            std::env::var_os("WINDLASS_PEERS").is_none(),
            "Argo CD's module is needed: install Go"
        );
        println!("skipped: no Go, so no Argo CD module to compare with");
        return;
    };
    let check = |file: &str, ours: Object| {
        let mut out = Vec::new();
        let theirs = read(&module.join("manifests/crds").join(file));
        missing("", &theirs["spec"], ours.get(&["spec"]), &mut out);
        assert!(out.is_empty(), "{file}:\n{}", out.join("\n"));
    };
    check("application-crd.yaml", super::application());
    check("appproject-crd.yaml", super::app_project());
}

#[test]
fn a_constraint_is_written_as_kubernetes_wants_it() {
    let schema = super::fields::expand("T\n  a! match(1 ^x$)\n  b string(..9)\n  c {}[]intstr\n");
    assert_eq!(schema["required"], windlass_object::json!(["a"]));
    assert_eq!(schema["properties"]["a"]["pattern"], "^x$");
    assert_eq!(schema["properties"]["b"]["maxLength"], 9);
    let item = &schema["properties"]["c"]["additionalProperties"]["items"];
    assert_eq!(item["x-kubernetes-int-or-string"], true);
}
