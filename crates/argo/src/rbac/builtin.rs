//! The roles that Argo CD has by itself: `role:readonly`, `role:admin`, and the user `admin`.

use super::{Policy, Rule};

const PROJECT_SCOPED: [&str; 4] = ["applications", "applicationsets", "logs", "exec"];

const READONLY: [(&str, &[&str]); 10] = [
    ("applications", &["get"]),
    ("applicationsets", &["get"]),
    ("certificates", &["get"]),
    ("clusters", &["get"]),
    ("repositories", &["get"]),
    ("write-repositories", &["get"]),
    ("projects", &["get"]),
    ("accounts", &["get"]),
    ("gpgkeys", &["get"]),
    ("logs", &["get"]),
];

const ADMIN: [(&str, &[&str]); 10] = [
    (
        "applications",
        &["create", "update", "update/*", "delete", "delete/*", "sync", "override", "action/*"],
    ),
    ("applicationsets", &["get", "create", "update", "delete"]),
    ("certificates", &["create", "update", "delete"]),
    ("clusters", &["create", "update", "delete"]),
    ("repositories", &["create", "update", "delete"]),
    ("write-repositories", &["create", "update", "delete"]),
    ("projects", &["create", "update", "delete"]),
    ("accounts", &["update"]),
    ("gpgkeys", &["create", "delete"]),
    ("exec", &["create"]),
];

/// The policy that is there without any setting.
pub fn builtin() -> Policy {
    let mut policy = Policy::default();
    for (role, grants) in [("role:readonly", &READONLY), ("role:admin", &ADMIN)] {
        for (resource, actions) in grants {
            let object = if PROJECT_SCOPED.contains(resource) { "*/*" } else { "*" };
            policy.rules.extend(actions.iter().map(|action| Rule {
                subject: role.to_owned(),
                patterns: [*resource, *action, object].map(str::to_owned),
                effect: "allow".to_owned(),
            }));
        }
    }
    for (subject, role) in [("role:admin", "role:readonly"), ("admin", "role:admin")] {
        policy.roles.insert(subject.to_owned(), vec![role.to_owned()]);
        policy.named.push(role.to_owned());
    }
    policy
}
