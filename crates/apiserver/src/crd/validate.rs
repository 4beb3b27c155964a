//! What is wrong with a CustomResourceDefinition.

use serde_json::Value;
use windlass_object::Object;

use super::schema;
use crate::field::{forbidden, invalid, not_supported, required, text};
use crate::names;
use crate::status::{FieldError, FieldErrorKind as Kind};

/// Checks a definition that has its defaults, apart from its metadata. `old` is what it replaces.
pub fn validate(crd: &Object, old: Option<&Object>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = crd.get(&["spec"]).unwrap_or(&Value::Null);
    let group = text(spec, "/group");
    let plural = text(spec, "/names/plural");
    if old.is_none() && crd.name() != format!("{plural}.{group}") {
        errors.push(invalid(
            "metadata.name",
            crd.name(),
            "must be spec.names.plural+\".\"+spec.group",
        ));
    }
    check_group(group, &mut errors);
    match text(spec, "/scope") {
        "" => errors.push(required("spec.scope", "")),
        "Cluster" | "Namespaced" => {}
        other => errors.push(not_supported("spec.scope", other, &["Cluster", "Namespaced"])),
    }
    check_versions(spec, &mut errors);
    check_names(spec.pointer("/names").unwrap_or(&Value::Null), &mut errors);
    check_conversion(spec.get("conversion").unwrap_or(&Value::Null), &mut errors);
    if let Some(old) = old {
        check_immutable(spec, old, &mut errors);
    }
    check_stored_versions(crd, spec, &mut errors);
    check_approval(crd, group, &mut errors);
    errors
}

fn check_group(group: &str, errors: &mut Vec<FieldError>) {
    if group.is_empty() {
        errors.push(required("spec.group", ""));
        return;
    }
    let faults = names::subdomain(group);
    if !faults.is_empty() {
        errors.push(invalid("spec.group", group, &faults.join(",")));
    } else if !group.contains('.') {
        errors.push(invalid("spec.group", group, "should be a domain with at least one dot"));
    }
}

fn check_versions(spec: &Value, errors: &mut Vec<FieldError>) {
    let versions = spec.get("versions").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let schema_of = |version: &Value| version.pointer("/schema/openAPIV3Schema").cloned();
    for (at, version) in versions.iter().enumerate() {
        if schema_of(version).is_none_or(|schema| schema.is_null()) {
            errors.push(required(&format!("spec.versions[{at}].schema.openAPIV3Schema"), ""));
        }
    }
    // Where all versions say the same, the server moves it out of them before it validates.
    let shared = |part: &str| {
        let first = versions.first().and_then(|version| version.pointer(part));
        first.is_some_and(|first| {
            !first.is_null() && versions.iter().all(|version| version.pointer(part) == Some(first))
        })
    };
    let mut first_faults = Vec::new();
    let shared_schema = shared("/schema");
    let shared_columns = shared("/additionalPrinterColumns");
    for (at, version) in versions.iter().enumerate() {
        let path = format!("spec.versions[{at}]");
        let name = text(version, "/name");
        let faults = names::label_1035(name);
        if !faults.is_empty() {
            errors.push(invalid(&format!("{path}.name"), name, &faults.join(",")));
        }
        check_deprecation(version, &path, errors);
        if let Some(schema) = schema_of(version).filter(|_| !shared_schema) {
            let status = version.pointer("/subresources/status").is_some();
            errors.extend(schema::check(
                &schema,
                &format!("{path}.schema.openAPIV3Schema"),
                status,
            ));
        }
        check_subresources(version, &format!("{path}.subresources"), errors);
        if !shared_columns {
            check_columns(version, &format!("{path}.additionalPrinterColumns"), errors);
        }
        check_selectable(version, &format!("{path}.selectableFields"), errors);
    }
    // The first version is also the server's internal `spec.version`.
    if let Some(first) = versions.first() {
        let name = text(first, "/name");
        let faults = names::label_1035(name);
        if !name.is_empty() && !faults.is_empty() {
            first_faults.push(invalid("spec.version", name, &faults.join(",")));
        }
    }
    let all = spec.get("versions").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    let mut seen: Vec<&str> = versions.iter().map(|version| text(version, "/name")).collect();
    seen.sort_unstable();
    if seen.windows(2).any(|pair| pair[0] == pair[1]) {
        errors.push(invalid("spec.versions", all.clone(), "must contain unique version names"));
    }
    if versions.iter().filter(|version| version["storage"] == true).count() != 1 {
        errors.push(invalid(
            "spec.versions",
            all,
            "must have exactly one version marked as storage version",
        ));
    }
    errors.extend(first_faults);
    if let Some(first) = versions.first() {
        if let Some(schema) = schema_of(first).filter(|_| shared_schema) {
            let status = versions.iter().any(|v| v.pointer("/subresources/status").is_some());
            errors.extend(schema::check(&schema, "spec.validation.openAPIV3Schema", status));
        }
        if shared_columns {
            check_columns(first, "spec.additionalPrinterColumns", errors);
        }
    }
}

fn check_deprecation(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(warning) = version.get("deprecationWarning").and_then(Value::as_str) else { return };
    let path = format!("{path}.deprecationWarning");
    if version["deprecated"] != true {
        errors.push(invalid(&path, warning, "can only be set for deprecated versions"));
        return;
    }
    if warning.len() > 256 {
        errors.push(invalid(&path, warning, "must be <= 256 characters long"));
    }
    if warning.is_empty() {
        errors.push(invalid(&path, warning, "must not be an empty string"));
    }
}

fn check_subresources(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let Some(scale) = version.pointer("/subresources/scale").filter(|scale| scale.is_object())
    else {
        return;
    };
    let mut check = |field: &str, prefixes: &[&str], needed: bool| {
        let value = text(scale, &format!("/{field}"));
        let at = format!("{path}.scale.{field}");
        if value.is_empty() {
            if needed {
                errors.push(required(&at, ""));
            }
        } else if !is_simple_path(value) {
            errors.push(invalid(&at, value, "must be a simple json path starting with ."));
        } else if !prefixes.iter().any(|prefix| value.starts_with(&format!("{prefix}."))) {
            let either = if prefixes.len() > 1 { "either " } else { "" };
            let detail = format!("should be a json path under {either}{}", prefixes.join(" or "));
            errors.push(invalid(&at, value, &detail));
        }
    };
    check("specReplicasPath", &[".spec"], true);
    check("statusReplicasPath", &[".status"], true);
    check("labelSelectorPath", &[".spec", ".status"], false);
}

fn check_columns(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
    const FORMATS: [&str; 8] =
        ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    let columns = version.get("additionalPrinterColumns").and_then(Value::as_array);
    for (at, column) in columns.into_iter().flatten().enumerate() {
        let path = format!("{path}[{at}]");
        if text(column, "/name").is_empty() {
            errors.push(required(&format!("{path}.name"), ""));
        }
        let kind = text(column, "/type");
        let one_of = format!("must be one of {}", TYPES.join(","));
        if kind.is_empty() {
            errors.push(required(&format!("{path}.type"), &one_of));
        } else if !TYPES.contains(&kind) {
            errors.push(invalid(&format!("{path}.type"), kind, &one_of));
        }
        let format = text(column, "/format");
        if !format.is_empty() && !FORMATS.contains(&format) {
            let one_of = format!("must be one of {}", FORMATS.join(","));
            errors.push(invalid(&format!("{path}.format"), format, &one_of));
        }
        let json_path = text(column, "/jsonPath");
        if json_path.is_empty() {
            errors.push(required(&format!("{path}.JSONPath"), ""));
        } else if !json_path.starts_with('.') {
            errors.push(invalid(
                &format!("{path}.JSONPath"),
                json_path,
                "must be a simple json path starting with .",
            ));
        }
    }
}

fn check_selectable(version: &Value, path: &str, errors: &mut Vec<FieldError>) {
    let fields = version.get("selectableFields").and_then(Value::as_array);
    let schema = version.pointer("/schema/openAPIV3Schema").unwrap_or(&Value::Null);
    let mut seen = Vec::new();
    for (at, field) in fields.into_iter().flatten().enumerate() {
        let json_path = text(field, "/jsonPath");
        let at = format!("{path}[{at}].jsonPath");
        if json_path.is_empty() {
            errors.push(required(&at, ""));
            continue;
        }
        let mut found = Some(schema);
        for name in json_path.trim_start_matches('.').split('.') {
            found = found.and_then(|schema| schema.get("properties")?.get(name));
        }
        let Some(found) = found else {
            let detail = "is an invalid path: does not refer to a valid field";
            errors.push(invalid(&at, json_path, detail));
            continue;
        };
        if json_path.starts_with(".metadata.") {
            errors.push(invalid(&at, json_path, "must not point to fields in metadata"));
        }
        if !matches!(text(found, "/type"), "string" | "boolean" | "integer") {
            errors.push(invalid(
                &at,
                json_path,
                "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
            ));
        }
        if seen.contains(&json_path) {
            errors.push(FieldError::with_value(Kind::Duplicate, at, json_path, ""));
        } else {
            seen.push(json_path);
        }
    }
    if seen.len() > 8 {
        let seen = seen.len();
        errors.push(FieldError::with_value(Kind::TooMany, path, seen, "must have at most 8 items"));
    }
}

fn check_names(names_of: &Value, errors: &mut Vec<FieldError>) {
    for field in ["plural", "singular", "kind", "listKind"] {
        if text(names_of, &format!("/{field}")).is_empty() {
            errors.push(required(&format!("spec.names.{field}"), ""));
        }
    }
    for (field, mixed) in
        [("plural", false), ("singular", false), ("kind", true), ("listKind", true)]
    {
        let value = text(names_of, &format!("/{field}"));
        let faults =
            names::label_1035(&if mixed { value.to_lowercase() } else { value.to_owned() });
        if !value.is_empty() && !faults.is_empty() {
            let lead = if mixed { "may have mixed case, but should otherwise match: " } else { "" };
            let detail = format!("{lead}{}", faults.join(","));
            errors.push(invalid(&format!("spec.names.{field}"), value, &detail));
        }
    }
    let mut check_list = |field: &str| {
        let values = names_of.get(field).and_then(Value::as_array);
        for (at, value) in values.into_iter().flatten().enumerate() {
            let value = value.as_str().unwrap_or_default();
            let faults = names::label_1035(value);
            if !faults.is_empty() {
                errors.push(invalid(
                    &format!("spec.names.{field}[{at}]"),
                    value,
                    &faults.join(","),
                ));
            }
        }
    };
    check_list("shortNames");
    check_list("categories");
    let kind = text(names_of, "/kind");
    if !kind.is_empty() && kind == text(names_of, "/listKind") {
        errors.push(invalid("spec.names.listKind", kind, "kind and listKind may not be the same"));
    }
}

fn check_conversion(conversion: &Value, errors: &mut Vec<FieldError>) {
    let strategy = text(conversion, "/strategy");
    match strategy {
        _ if conversion.is_null() => return,
        "" => errors.push(required("spec.conversion.strategy", "")),
        "None" | "Webhook" => {}
        other => {
            errors.push(not_supported("spec.conversion.strategy", other, &["None", "Webhook"]));
        }
    }
    let client = conversion.pointer("/webhook/clientConfig");
    let versions =
        conversion.pointer("/webhook/conversionReviewVersions").and_then(Value::as_array);
    if strategy != "Webhook" {
        if client.is_some() {
            errors.push(forbidden(
                "spec.conversion.webhookClientConfig",
                "should not be set when strategy is not set to Webhook",
            ));
        }
        return;
    }
    let path = "spec.conversion.webhookClientConfig";
    match client {
        None => errors.push(required(path, "required when strategy is set to Webhook")),
        Some(client) => {
            let has = |field: &str| client.get(field).is_some_and(|value| !value.is_null());
            if has("url") == has("service") {
                errors.push(required(path, "exactly one of url or service is required"));
            }
        }
    }
    let path = "spec.conversion.conversionReviewVersions";
    match versions.map(Vec::as_slice) {
        None | Some([]) => errors.push(required(path, "")),
        Some(versions) if versions.iter().all(|v| *v != "v1" && *v != "v1beta1") => {
            let detail = "must include at least one of v1, v1beta1";
            errors.push(invalid(path, Value::Array(versions.to_vec()), detail));
        }
        Some(_) => {}
    }
}

fn check_immutable(spec: &Value, old: &Object, errors: &mut Vec<FieldError>) {
    let old_spec = old.get(&["spec"]).unwrap_or(&Value::Null);
    let mut check = |pointer: &str| {
        if spec.pointer(pointer) != old_spec.pointer(pointer) {
            let field = format!("spec{}", pointer.replace('/', "."));
            let value = spec.pointer(pointer).cloned().unwrap_or_else(|| "".into());
            errors.push(invalid(&field, value, "field is immutable"));
        }
    };
    if super::is_established(old) {
        check("/scope");
        check("/names/kind");
    }
    check("/group");
    check("/names/plural");
}

fn check_stored_versions(crd: &Object, spec: &Value, errors: &mut Vec<FieldError>) {
    let stored: Vec<&str> = crd
        .get(&["status", "storedVersions"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let path = "status.storedVersions";
    if stored.is_empty() {
        errors.push(invalid(path, Value::Null, "must have at least one stored version"));
        return;
    }
    let versions = spec.get("versions").and_then(Value::as_array);
    for version in versions.into_iter().flatten().filter(|version| version["storage"] == true) {
        let name = text(version, "/name");
        if !stored.contains(&name) {
            let detail = format!("must have the storage version {name}");
            errors.push(invalid(path, stored.clone(), &detail));
        }
    }
    for (at, stored) in stored.iter().enumerate() {
        if !versions.into_iter().flatten().any(|version| text(version, "/name") == *stored) {
            let detail = format!(
                "missing from spec.versions; {stored} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {stored} and removes {stored} from status.storedVersions"
            );
            errors.push(invalid(&format!("{path}[{at}]"), *stored, &detail));
        }
    }
}

/// Groups of the Kubernetes community need a reviewer's consent, written into an annotation.
fn check_approval(crd: &Object, group: &str, errors: &mut Vec<FieldError>) {
    const ANNOTATION: &str = "api-approved.kubernetes.io";
    let protected = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|domain| group == *domain || group.ends_with(&format!(".{domain}")));
    if !protected {
        return;
    }
    let path = format!("metadata.annotations[{ANNOTATION}]");
    match crd.annotation(ANNOTATION) {
        None | Some("") => errors.push(required(
            &path,
            "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111",
        )),
        Some(value) if value.starts_with("unapproved") || value.contains("://") => {}
        Some(value) => errors.push(invalid(
            &path,
            value,
            "protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111",
        )),
    }
}

/// A path of plain names: `.spec.replicas`.
fn is_simple_path(path: &str) -> bool {
    path.starts_with('.')
        && path[1..].split('.').all(|name| {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        })
}
