//! What `kubectl auth reconcile` makes of objects of RBAC. Argo CD runs it before it applies them, and
//! tells what it says; what it leads to is the same as that of the apply alone, but for a binding to
//! another role, which is deleted and made anew. So it is only computed here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use windlass_object::{Object, Value};

/// An object of this is not touched by it.
const PROTECTED: &str = "rbac.authorization.kubernetes.io/autoupdate";

/// What it would do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reconciled {
    /// What it would say beside the object's name, if anything.
    pub(crate) told: String,
    /// The live object as it would be afterwards.
    pub(crate) object: Object,
    /// Whether the object is deleted and made anew.
    pub(crate) anew: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    verbs: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    api_groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    non_resource_urls: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Subject {
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    api_group: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RoleRef {
    kind: String,
    name: String,
}

/// As Go's `%+v` prints them.
impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { verbs, api_groups, resources, resource_names, non_resource_urls } = self;
        write!(
            f,
            "{{Verbs:[{}] APIGroups:[{}] Resources:[{}] ResourceNames:[{}] NonResourceURLs:[{}]}}",
            verbs.join(" "),
            api_groups.join(" "),
            resources.join(" "),
            resource_names.join(" "),
            non_resource_urls.join(" ")
        )
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, api_group, name, namespace } = self;
        write!(f, "{{Kind:{kind} APIGroup:{api_group} Name:{name} Namespace:{namespace}}}")
    }
}

/// Whether it is one of the objects that are reconciled.
pub fn is_reconciled(object: &Object) -> bool {
    object.api_version() == "rbac.authorization.k8s.io/v1"
        && matches!(object.kind(), "Role" | "ClusterRole" | "RoleBinding" | "ClusterRoleBinding")
}

/// What becomes of `live` where Git says `wanted`; nothing is told of other objects.
pub(crate) fn reconcile(live: Option<&Object>, wanted: &Object) -> Option<Reconciled> {
    if !is_reconciled(wanted) {
        return None;
    }
    let binds = wanted.kind().ends_with("Binding");
    let Some(live) = live else {
        let missing = if binds {
            lines("subjects", &list::<Subject>(wanted, "subjects"))
        } else {
            lines("rules", &list::<Rule>(wanted, "rules"))
        };
        return Some(Reconciled {
            told: format!("reconciliation required create{missing}"),
            object: wanted.clone(),
            anew: false,
        });
    };
    let protected = live.annotation(PROTECTED) == Some("false");
    if binds && read::<RoleRef>(live, "roleRef") != read::<RoleRef>(wanted, "roleRef") {
        return Some(told("recreate", protected, "", wanted.clone(), !protected));
    }
    let mut object = live.clone();
    let mut changed = false;
    for field in ["annotations", "labels"] {
        changed |= lay_under(&mut object, wanted, field);
    }
    let missing = if binds {
        let known = list::<Subject>(live, "subjects");
        let mut missing: Vec<Subject> = Vec::new();
        for subject in list::<Subject>(wanted, "subjects") {
            if !known.contains(&subject) && !missing.contains(&subject) {
                missing.push(subject);
            }
        }
        add(&mut object, "subjects", &missing);
        lines("subjects", &missing)
    } else {
        let known = list::<Rule>(live, "rules");
        let broken = list::<Rule>(wanted, "rules").into_iter().flat_map(|rule| broken_down(&rule));
        let missing: Vec<Rule> =
            broken.filter(|rule| !known.iter().any(|owner| covers(owner, rule))).collect();
        add(&mut object, "rules", &missing);
        lines("rules", &missing)
    };
    changed |= !missing.is_empty();
    if !binds {
        changed |= aggregate(&mut object, live, wanted);
    }
    if !changed {
        return Some(Reconciled { told: String::new(), object, anew: false });
    }
    if protected {
        object = live.clone();
    }
    Some(told("update", protected, &missing, object, false))
}

fn told(what: &str, protected: bool, missing: &str, object: Object, anew: bool) -> Reconciled {
    let caveat = if protected {
        format!(", but object opted out ({PROTECTED}: false)")
    } else {
        String::new()
    };
    Reconciled { told: format!("reconciliation required {what}{caveat}{missing}"), object, anew }
}

fn lines<T: std::fmt::Display>(what: &str, missing: &[T]) -> String {
    if missing.is_empty() {
        return String::new();
    }
    let all: String = missing.iter().map(|item| format!("\n\t\t{item}")).collect();
    format!("\n\tmissing {what} added:{all}")
}

fn read<T: for<'a> Deserialize<'a> + Default>(object: &Object, field: &str) -> T {
    let value = object.get(&[field]).cloned();
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

fn list<T: for<'a> Deserialize<'a>>(object: &Object, field: &str) -> Vec<T> {
    let items = object.get(&[field]).and_then(Value::as_array);
    let items = items.into_iter().flatten();
    items.filter_map(|item| serde_json::from_value(item.clone()).ok()).collect()
}

fn add<T: Serialize>(object: &mut Object, field: &str, missing: &[T]) {
    if missing.is_empty() {
        return;
    }
    let mut all = object.get(&[field]).and_then(Value::as_array).cloned().unwrap_or_default();
    all.extend(missing.iter().filter_map(|item| serde_json::to_value(item).ok()));
    object.fields_mut().insert(field.to_owned(), Value::Array(all));
}

/// Adds what the live object lacks of the wanted one's map; answers whether there was something.
fn lay_under(object: &mut Object, wanted: &Object, field: &str) -> bool {
    let map = |object: &Object| -> BTreeMap<String, Value> {
        let found = object.get(&["metadata", field]).and_then(Value::as_object);
        found.map(|map| map.clone().into_iter().collect()).unwrap_or_default()
    };
    let (mut all, before) = (map(wanted), map(object));
    all.extend(before.clone());
    let changed = all != before;
    if changed && let Some(Value::Object(metadata)) = object.fields_mut().get_mut("metadata") {
        metadata.insert(field.to_owned(), Value::Object(all.into_iter().collect()));
    }
    changed
}

/// Takes an aggregation over; answers whether that changes something.
fn aggregate(object: &mut Object, live: &Object, wanted: &Object) -> bool {
    let field = "aggregationRule";
    let selectors = |object: &Object| -> Vec<Value> {
        let found = object.get(&[field, "clusterRoleSelectors"]).and_then(Value::as_array);
        found.cloned().unwrap_or_default()
    };
    let (known, mut all) = (selectors(live), selectors(live));
    match (live.get(&[field]), wanted.get(&[field])) {
        (Some(_), None) => {
            object.fields_mut().remove(field);
            true
        }
        (_, Some(_)) => {
            all.extend(selectors(wanted).into_iter().filter(|s| !known.contains(s)));
            if all == known {
                return false;
            }
            let rule = windlass_object::json!({"clusterRoleSelectors": all});
            object.fields_mut().insert(field.to_owned(), rule);
            true
        }
        (None, None) => false,
    }
}

/// Rules of one verb, one resource and one name each.
fn broken_down(rule: &Rule) -> Vec<Rule> {
    let mut all = Vec::new();
    let one = |text: &String| vec![text.clone()];
    for group in &rule.api_groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                let part = Rule {
                    verbs: one(verb),
                    api_groups: one(group),
                    resources: one(resource),
                    ..Rule::default()
                };
                if rule.resource_names.is_empty() {
                    all.push(part);
                    continue;
                }
                let named = |name| Rule { resource_names: one(name), ..part.clone() };
                all.extend(rule.resource_names.iter().map(named));
            }
        }
    }
    for url in &rule.non_resource_urls {
        for verb in &rule.verbs {
            all.push(Rule { verbs: one(verb), non_resource_urls: one(url), ..Rule::default() });
        }
    }
    all
}

/// Whether a rule allows what a broken down one does.
fn covers(owner: &Rule, part: &Rule) -> bool {
    let has = |set: &[String], item: &str| set.iter().any(|known| known == item);
    let all =
        |set: &[String], items: &[String]| has(set, "*") || items.iter().all(|item| has(set, item));
    let resource = |path: &String| {
        has(&owner.resources, "*")
            || has(&owner.resources, path)
            || path
                .split_once('/')
                .is_some_and(|(_, below)| has(&owner.resources, &format!("*/{below}")))
    };
    let url = |path: &String| {
        owner.non_resource_urls.iter().any(|known| {
            known == path || (known.ends_with('*') && path.starts_with(known.trim_end_matches('*')))
        })
    };
    let names = owner.resource_names.is_empty()
        || (!part.resource_names.is_empty()
            && part.resource_names.iter().all(|name| has(&owner.resource_names, name)));
    all(&owner.verbs, &part.verbs)
        && all(&owner.api_groups, &part.api_groups)
        && part.resources.iter().all(resource)
        && part.non_resource_urls.iter().all(url)
        && names
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_object::{json, yaml};

    fn object(text: &str) -> Object {
        let value = yaml::parse_one(text.as_bytes(), &yaml::Options::strict()).unwrap();
        let mut whole =
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "a"}});
        for (key, value) in value.as_object().unwrap() {
            whole[key] = value.clone();
        }
        Object::try_from(whole).unwrap()
    }

    fn check(live: Option<&str>, wanted: &str, told: &str, anew: bool) {
        let live = live.map(object);
        let made = reconcile(live.as_ref(), &object(wanted)).unwrap();
        assert_eq!((made.told.as_str(), made.anew), (told, anew), "{wanted}");
    }

    #[test]
    fn what_is_told_is_what_kubectl_tells() {
        let pods =
            "{kind: Role, rules: [{apiGroups: [''], resources: [pods], verbs: [get, list]}]}";
        check(
            None,
            pods,
            "reconciliation required create\n\tmissing rules added:\n\t\t{Verbs:[get list] \
             APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}",
            false,
        );
        check(None, "{kind: ClusterRole, rules: []}", "reconciliation required create", false);
        check(Some(pods), pods, "", false);
        check(
            Some("{kind: Role, rules: [{apiGroups: ['*'], resources: [pods], verbs: [get]}]}"),
            pods,
            "reconciliation required update\n\tmissing rules added:\n\t\t{Verbs:[list] \
             APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}",
            false,
        );
        check(
            Some("{kind: Role, rules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]}"),
            pods,
            "",
            false,
        );
        let binding = "{kind: RoleBinding, roleRef: {kind: Role, name: r}, \
                       subjects: [{kind: ServiceAccount, name: s, namespace: x}]}";
        check(Some(binding), binding, "", false);
        check(
            Some("{kind: RoleBinding, roleRef: {kind: Role, name: other}}"),
            binding,
            "reconciliation required recreate",
            true,
        );
        check(
            Some("{kind: RoleBinding, roleRef: {kind: Role, name: r}}"),
            binding,
            "reconciliation required update\n\tmissing subjects added:\n\t\t{Kind:ServiceAccount \
             APIGroup: Name:s Namespace:x}",
            false,
        );
    }

    #[test]
    fn other_objects_are_not_reconciled() {
        let value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
        assert_eq!(reconcile(None, &Object::try_from(value).unwrap()), None);
    }
}
