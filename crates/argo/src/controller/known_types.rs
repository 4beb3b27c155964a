//! Fields of custom kinds of which `argocd-cm` says that they hold Kubernetes' own types.

use std::collections::BTreeMap;

use serde::Deserialize;
use windlass_engine::known_types::{KnownField, KnownType, KnownTypes};
use windlass_object::{GroupKind, Value, yaml};

const PREFIX: &str = "resource.customizations.knownTypeFields.";

#[derive(Deserialize)]
struct Field {
    field: String,
    #[serde(rename = "type")]
    holds: String,
}

/// Reads `resource.customizations.knownTypeFields.<group>_<Kind>`, and the map
/// `resource.customizations` with keys `<group>/<Kind>`. What cannot be read is a problem. The pods
/// of Argo Rollouts are known unless a setting says otherwise.
pub(crate) fn read(config: &BTreeMap<String, String>, problems: &mut Vec<String>) -> KnownTypes {
    let mut known = Vec::new();
    let yaml_of = |text: &str| yaml::parse_one(text.as_bytes(), &yaml::Options::default());
    for (key, text) in config {
        let Some(kind) = key.strip_prefix(PREFIX) else { continue };
        let (group, kind) = kind.rsplit_once('_').unwrap_or(("", kind));
        match yaml_of(text) {
            Ok(fields) => add(key, &GroupKind::new(group, kind), fields, &mut known, problems),
            Err(error) => problems.push(format!("{key}: {error}")),
        }
    }
    let map = config.get("resource.customizations").map(|text| yaml_of(text).unwrap_or_default());
    for (key, value) in map.iter().filter_map(Value::as_object).flatten() {
        let Some(fields) = value.get("knownTypeFields") else { continue };
        let (group, kind) = key.rsplit_once('/').unwrap_or(("", key));
        add(key, &GroupKind::new(group, kind), fields.clone(), &mut known, problems);
    }
    let rollout = GroupKind::new("argoproj.io", "Rollout");
    if !known.iter().any(|field: &KnownField| field.kind == rollout) {
        known.extend(KnownType::parse("core/v1/PodSpec").map(|holds| KnownField {
            kind: rollout,
            path: ["spec", "template", "spec"].map(str::to_owned).to_vec(),
            holds,
        }));
    }
    KnownTypes(known)
}

fn add(
    key: &str,
    kind: &GroupKind,
    fields: Value,
    known: &mut Vec<KnownField>,
    problems: &mut Vec<String>,
) {
    let fields = match Vec::<Field>::deserialize(fields) {
        Ok(fields) => fields,
        Err(error) => return problems.push(format!("{key}: {error}")),
    };
    for field in fields {
        match KnownType::parse(&field.holds) {
            Some(holds) => known.push(KnownField {
                kind: kind.clone(),
                path: field.field.split('.').map(str::to_owned).collect(),
                holds,
            }),
            None => problems.push(format!("{key}: type '{}' is not supported", field.holds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_keys_are_read_and_the_rest_is_told() {
        let config = BTreeMap::from([
            (format!("{PREFIX}example.com_Thing"), "- {field: spec.size, type: core/Quantity}".to_owned()),
            (format!("{PREFIX}Odd"), "- {field: spec.size, type: nothing}".to_owned()),
            (
                "resource.customizations".to_owned(),
                "example.com/Other:\n  knownTypeFields:\n  - {field: spec.wait, type: meta/v1/Duration}\n"
                    .to_owned(),
            ),
        ]);
        let mut problems = Vec::new();
        let known = read(&config, &mut problems);
        let kinds: Vec<_> = known.0.iter().map(|field| field.kind.to_string()).collect();
        assert_eq!(kinds, ["Thing.example.com", "Other.example.com", "Rollout.argoproj.io"]);
        assert_eq!(problems, [format!("{PREFIX}Odd: type 'nothing' is not supported")]);
    }
}
