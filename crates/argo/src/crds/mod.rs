//! The CustomResourceDefinitions of the Argo CD kinds.
//!
//! Argo CD's own run to seven thousand lines, since every use of a type repeats it. Here a type is
//! written once, in `*.fields`, one line a field, and [`fields::expand`] makes the structural
//! schema of it. A test compares the result with the real ones, so that whatever Argo CD's API
//! accepts and keeps, ours does too.

mod fields;

use windlass_object::{Object, Value, json};

/// The CRDs that the controller needs, in the order to apply them.
pub fn all() -> Vec<Object> {
    vec![application(), app_project()]
}

/// `applications.argoproj.io`. It has no status subresource, as Argo CD's has none.
pub fn application() -> Object {
    let column = |name: &str, path: &str, priority: i64| {
        let mut column = json!({"name": name, "type": "string", "jsonPath": path});
        if priority > 0 {
            column["priority"] = json!(priority);
        }
        column
    };
    let mut version = version(include_str!("application.fields"));
    version["additionalPrinterColumns"] = json!([
        column("Sync Status", ".status.sync.status", 0),
        column("Health Status", ".status.health.status", 0),
        column("Revision", ".status.sync.revision", 10),
        column("Project", ".spec.project", 10),
    ]);
    version["subresources"] = json!({});
    definition("Application", "applications", &["app", "apps"], &version)
}

/// `appprojects.argoproj.io`.
pub fn app_project() -> Object {
    let version = version(include_str!("appproject.fields"));
    definition("AppProject", "appprojects", &["appproj", "appprojs"], &version)
}

fn version(text: &str) -> Value {
    json!({
        "name": "v1alpha1", "served": true, "storage": true,
        "schema": {"openAPIV3Schema": fields::expand(text)},
    })
}

fn definition(kind: &str, plural: &str, short_names: &[&str], version: &Value) -> Object {
    let name = format!("{plural}.argoproj.io");
    let value = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "argocd"},
        },
        "spec": {
            "group": "argoproj.io",
            "names": {
                "kind": kind, "listKind": format!("{kind}List"), "plural": plural,
                "shortNames": short_names, "singular": kind.to_lowercase(),
            },
            "scope": "Namespaced",
            "versions": [version],
        },
    });
    Object::try_from(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
