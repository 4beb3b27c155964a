//! `.Capabilities` and what it holds.

use std::rc::Rc;

use windlass_gotemplate::{Object, Type, Value};

use crate::{Capabilities, KubeVersion};

/// What `.Capabilities.HelmVersion` says: the version whose behaviour this is.
const HELM: [(&str, &str); 5] = [
    ("Version", "v4.3"),
    ("GitCommit", ""),
    ("GitTreeState", ""),
    ("GoVersion", "go1.26.8"),
    ("KubeClientVersion", "v1.37"),
];

/// The object that templates see.
pub(super) fn value(capabilities: &Capabilities) -> Value {
    let kube = Kube(capabilities.kube_version.clone());
    let versions = Value::strings(capabilities.api_versions.iter().map(|v| Rc::from(&**v)));
    Value::Object(Rc::new(All {
        kube: Value::Object(Rc::new(kube)),
        versions: Value::Object(Rc::new(Versions(versions))),
        helm: Value::Object(Rc::new(Helm)),
    }))
}

#[derive(Debug)]
struct All {
    kube: Value,
    versions: Value,
    helm: Value,
}

impl Object for All {
    fn type_name(&self) -> &str {
        "*common.Capabilities"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "KubeVersion" => Some(self.kube.clone()),
            "APIVersions" => Some(self.versions.clone()),
            "HelmVersion" => Some(self.helm.clone()),
            _ => None,
        }
    }

    fn print(&self) -> String {
        let print = windlass_gotemplate::fmt::print_one;
        format!("&{{{} {} {}}}", print(&self.kube), print(&self.versions), print(&self.helm))
    }

    fn has_method(&self, name: &str) -> bool {
        name == "Copy"
    }

    fn parameters(&self, _method: &str) -> Option<&'static [Type]> {
        Some(&[])
    }

    fn call(&self, _name: &str, _args: &[Value]) -> Result<Value, String> {
        let Self { kube, versions, helm } = self;
        let (kube, versions, helm) = (kube.clone(), versions.clone(), helm.clone());
        Ok(Value::Object(Rc::new(Self { kube, versions, helm })))
    }

    fn struct_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        self.json_fields()
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(vec![
            ("KubeVersion", self.kube.clone()),
            ("APIVersions", self.versions.clone()),
            ("HelmVersion", self.helm.clone()),
        ])
    }

    fn data(&self) -> Value {
        Value::map(self.json_fields().unwrap_or_default())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[derive(Debug)]
struct Kube(KubeVersion);

impl Object for Kube {
    fn type_name(&self) -> &str {
        "common.KubeVersion"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Version" => Some(Value::string(&*self.0.version)),
            "Major" => Some(Value::string(&*self.0.major)),
            "Minor" => Some(Value::string(&*self.0.minor)),
            _ => None,
        }
    }

    fn has_method(&self, name: &str) -> bool {
        matches!(name, "String" | "GitVersion")
    }

    fn parameters(&self, _method: &str) -> Option<&'static [Type]> {
        Some(&[])
    }

    fn call(&self, name: &str, _args: &[Value]) -> Result<Value, String> {
        let text = if name == "String" { self.0.text() } else { &self.0.version };
        Ok(Value::string(text))
    }

    fn print(&self) -> String {
        let KubeVersion { version, normalized, major, minor } = &self.0;
        format!("{{{version} {normalized} {major} {minor}}}")
    }

    fn shown(&self) -> String {
        self.0.text().to_owned()
    }

    fn struct_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let KubeVersion { version, normalized, major, minor } = &self.0;
        let fields = [
            ("Version", version),
            ("normalizedVersion", normalized),
            ("Major", major),
            ("Minor", minor),
        ];
        Some(fields.map(|(k, v)| (k, Value::string(&**v))).into())
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let KubeVersion { version, major, minor, .. } = &self.0;
        let fields = [("Version", version), ("Major", major), ("Minor", minor)];
        Some(fields.map(|(k, v)| (k, Value::string(&**v))).into())
    }

    fn data(&self) -> Value {
        Value::map(self.json_fields().unwrap_or_default())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

/// A slice of strings with a method.
#[derive(Debug)]
struct Versions(Value);

impl Object for Versions {
    fn type_name(&self) -> &str {
        "common.VersionSet"
    }

    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    fn has_method(&self, name: &str) -> bool {
        name == "Has"
    }

    fn parameters(&self, _method: &str) -> Option<&'static [Type]> {
        Some(&[Type::String])
    }

    fn call(&self, _name: &str, args: &[Value]) -> Result<Value, String> {
        let wanted = args.first().and_then(Value::as_str).unwrap_or_default();
        let Value::List(list) = &self.0 else { return Ok(Value::Bool(false)) };
        Ok(Value::Bool(list.items.iter().any(|v| v.as_str() == Some(wanted))))
    }

    fn print(&self) -> String {
        windlass_gotemplate::fmt::print_one(&self.0)
    }

    fn underlying(&self) -> Option<Value> {
        Some(self.0.clone())
    }

    fn data(&self) -> Value {
        self.0.clone()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

#[derive(Debug)]
struct Helm;

impl Object for Helm {
    fn type_name(&self) -> &str {
        "version.BuildInfo"
    }

    fn field(&self, name: &str) -> Option<Value> {
        HELM.iter().find(|(n, _)| *n == name).map(|(_, v)| Value::string(*v))
    }

    fn print(&self) -> String {
        format!("{{{}}}", HELM.map(|(_, v)| v).join(" "))
    }

    fn struct_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(HELM.map(|(k, v)| (k, Value::string(v))).into())
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        let tags = ["version", "git_commit", "git_tree_state", "go_version", "kube_client_version"];
        let fields = tags.into_iter().zip(HELM.map(|(_, v)| v)).filter(|(_, v)| !v.is_empty());
        Some(fields.map(|(k, v)| (k, Value::string(v))).collect())
    }

    fn data(&self) -> Value {
        Value::map(self.json_fields().unwrap_or_default())
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}
