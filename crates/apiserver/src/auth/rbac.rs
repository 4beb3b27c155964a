//! Role-based access control over the stored roles and bindings.
//!
//! The policy is parsed once and parsed again only after one of its four resources has changed.

use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::Deserialize;
use serde_json::Value;
use windlass_object::{Object, go};

use super::{Attributes, MASTERS, UserInfo};
use crate::registry::{Registry, collection_id};
use crate::status::{Status, qualified};

const GROUP: &str = "rbac.authorization.k8s.io";
const RESOURCES: [&str; 4] = ["roles", "rolebindings", "clusterroles", "clusterrolebindings"];

/// One rule of a role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    /// Verbs.
    pub verbs: Vec<String>,
    /// API groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    /// Resources, with subresources as `pods/log`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Names; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    /// Paths.
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub non_resource_urls: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Subject {
    kind: String,
    name: String,
    namespace: String,
}

/// What a binding grants: rules to subjects, in a namespace or (empty) everywhere.
struct Grant {
    namespace: String,
    subjects: Vec<Subject>,
    rules: Arc<Vec<Rule>>,
}

struct Policy {
    revisions: [u64; 4],
    grants: Vec<Grant>,
}

/// Decides who may do what.
pub struct Authorizer {
    registry: Arc<Registry>,
    changed: [tokio::sync::watch::Receiver<u64>; 4],
    policy: ArcSwap<Policy>,
}

impl Authorizer {
    /// Over the roles and bindings of a registry.
    pub fn new(registry: Arc<Registry>) -> Self {
        let changed =
            RESOURCES.map(|plural| registry.store.subscribe(&collection_id(GROUP, plural)));
        let policy = ArcSwap::from_pointee(read(&registry, revisions(&changed)));
        Self { registry, changed, policy }
    }

    /// Whether a user may.
    pub fn allows(&self, user: &UserInfo, wish: &Attributes) -> bool {
        user.groups.iter().any(|group| group == MASTERS)
            || self.policy().grants.iter().any(|grant| {
                grant.reaches(user, &wish.namespace) && grant.rules.iter().any(|r| r.allows(wish))
            })
    }

    /// The rules that hold for a user in a namespace.
    pub fn rules(&self, user: &UserInfo, namespace: &str) -> Vec<Rule> {
        let mut rules = Vec::new();
        if user.groups.iter().any(|group| group == MASTERS) {
            let all = || vec!["*".to_owned()];
            rules.push(Rule {
                verbs: all(),
                api_groups: all(),
                resources: all(),
                ..Rule::default()
            });
            rules.push(Rule { verbs: all(), non_resource_urls: all(), ..Rule::default() });
        }
        let policy = self.policy();
        let grants = policy.grants.iter().filter(|grant| grant.reaches(user, namespace));
        rules.extend(grants.flat_map(|grant| grant.rules.iter().cloned()));
        rules
    }

    /// Refuses what a user may not do, in the server's words.
    pub fn check(&self, user: &UserInfo, wish: &Attributes) -> Result<(), Status> {
        if self.allows(user, wish) { Ok(()) } else { Err(forbidden(user, wish)) }
    }

    fn policy(&self) -> Arc<Policy> {
        let current = self.policy.load_full();
        let now = revisions(&self.changed);
        if current.revisions == now {
            return current;
        }
        let fresh = Arc::new(read(&self.registry, now));
        self.policy.store(Arc::clone(&fresh));
        fresh
    }
}

fn revisions(changed: &[tokio::sync::watch::Receiver<u64>; 4]) -> [u64; 4] {
    std::array::from_fn(|at| *changed[at].borrow())
}

fn read(registry: &Registry, revisions: [u64; 4]) -> Policy {
    let rules = |object: &Object| {
        let rules = object.get(&["rules"]).cloned().unwrap_or_default();
        Arc::new(Vec::<Rule>::deserialize(rules).unwrap_or_default())
    };
    let key = |object: &Object| (object.namespace().to_owned(), object.name().to_owned());
    let roles: std::collections::HashMap<(String, String), Arc<Vec<Rule>>> =
        ["roles", "clusterroles"]
            .into_iter()
            .flat_map(|plural| registry.all(GROUP, plural, ""))
            .map(|role| (key(&role), rules(&role)))
            .collect();
    let bindings = ["rolebindings", "clusterrolebindings"]
        .into_iter()
        .flat_map(|plural| registry.all(GROUP, plural, ""));
    let grants = bindings.filter_map(|binding| {
        let cluster = binding.str_at(&["roleRef", "kind"]) == "ClusterRole";
        let namespace = binding.namespace().to_owned();
        let home = if cluster { String::new() } else { namespace.clone() };
        let name = binding.str_at(&["roleRef", "name"]).to_owned();
        let rules = roles.get(&(home, name))?;
        let subjects = binding.get(&["subjects"]).and_then(Value::as_array);
        let subjects =
            subjects.into_iter().flatten().filter_map(|s| Subject::deserialize(s).ok()).collect();
        Some(Grant { namespace, subjects, rules: Arc::clone(rules) })
    });
    Policy { revisions, grants: grants.collect() }
}

impl Grant {
    fn reaches(&self, user: &UserInfo, namespace: &str) -> bool {
        (self.namespace.is_empty() || self.namespace == namespace)
            && self.subjects.iter().any(|subject| match subject.kind.as_str() {
                "User" => subject.name == user.name,
                "Group" => user.groups.contains(&subject.name),
                "ServiceAccount" => {
                    let home = if subject.namespace.is_empty() {
                        &self.namespace
                    } else {
                        &subject.namespace
                    };
                    user.name == format!("system:serviceaccount:{home}:{}", subject.name)
                }
                _ => false,
            })
    }
}

impl Rule {
    /// Whether the rule grants it.
    pub fn allows(&self, wish: &Attributes) -> bool {
        let any = |list: &[String], value: &str| list.iter().any(|v| v == "*" || v == value);
        if !any(&self.verbs, &wish.verb) {
            return false;
        }
        if wish.resource.is_empty() {
            return self.non_resource_urls.iter().any(|url| match url.strip_suffix('*') {
                Some(prefix) => wish.path.starts_with(prefix),
                None => *url == wish.path,
            });
        }
        let full = if wish.subresource.is_empty() {
            wish.resource.clone()
        } else {
            format!("{}/{}", wish.resource, wish.subresource)
        };
        let every = format!("*/{}", wish.subresource);
        any(&self.api_groups, &wish.group)
            && self
                .resources
                .iter()
                .any(|r| r == "*" || *r == full || !wish.subresource.is_empty() && *r == every)
            && (self.resource_names.is_empty() || self.resource_names.contains(&wish.name))
    }
}

/// 403 in the words of the server.
fn forbidden(user: &UserInfo, wish: &Attributes) -> Status {
    let name = go::quote(&user.name);
    if wish.resource.is_empty() {
        let why = format!("User {name} cannot {} path {}", wish.verb, go::quote(&wish.path));
        let mut status = Status::forbidden("", "", "", &why);
        status.details = Some(Box::default());
        return status;
    }
    let mut resource = wish.resource.clone();
    if !wish.subresource.is_empty() {
        resource = format!("{resource}/{}", wish.subresource);
    }
    let scope = if wish.namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {}", go::quote(&wish.namespace))
    };
    let why = format!(
        "User {name} cannot {} resource {} in API group {} {scope}",
        wish.verb,
        go::quote(&resource),
        go::quote(&wish.group)
    );
    let mut status = Status::forbidden(&wish.group, &wish.resource, &wish.name, &why);
    if wish.name.is_empty() {
        status.message = format!("{} is forbidden: {why}", qualified(&wish.group, &wish.resource));
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let rule = |value: Value| Rule::deserialize(value).unwrap();
        let wish = |verb: &str, group: &str, resource: &str, sub: &str, name: &str| Attributes {
            verb: verb.into(),
            group: group.into(),
            resource: resource.into(),
            subresource: sub.into(),
            name: name.into(),
            ..Attributes::default()
        };
        let pods = rule(
            serde_json::json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "*/scale"]}),
        );
        assert!(pods.allows(&wish("get", "", "pods", "", "")));
        assert!(!pods.allows(&wish("get", "", "pods", "log", "")));
        assert!(pods.allows(&wish("get", "", "x", "scale", "")));
        assert!(!pods.allows(&wish("list", "", "pods", "", "")));
        assert!(!pods.allows(&wish("get", "apps", "pods", "", "")));
        let named = rule(
            serde_json::json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "resourceNames": ["a"]}),
        );
        assert!(named.allows(&wish("get", "x", "y", "z", "a")));
        assert!(!named.allows(&wish("get", "x", "y", "", "b")));
        let paths =
            rule(serde_json::json!({"verbs": ["get"], "nonResourceURLs": ["/api/*", "/version"]}));
        assert!(paths.allows(&Attributes::path("get", "/api/v1")));
        assert!(!paths.allows(&Attributes::path("get", "/apis")));
    }
}
