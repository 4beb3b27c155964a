//! Argo CD's access rules: who may do what to which object.
//!
//! A policy is lines of CSV, as in `argocd-rbac-cm`: `p, SUBJECT, RESOURCE, ACTION, OBJECT, allow|deny`
//! grants or denies, `g, SUBJECT, ROLE` gives a subject what a role has. Resource, action and object
//! are globs (or regular expressions). A request is granted if some rule of the subject, or of a role
//! it has, allows it, and none denies it. This is what Casbin makes of Argo CD's model.

mod builtin;
mod csv;

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use windlass_tree::Glob;

pub use builtin::builtin;

/// How many roles may stand between a subject and a rule.
const MAX_DEPTH: usize = 10;

/// A line that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid RBAC policy: {line}: {why}")]
pub struct BadPolicy {
    /// The line.
    pub line: String,
    /// What is wrong with it.
    pub why: &'static str,
}

/// How resource, action and object are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchMode {
    /// As globs.
    #[default]
    Glob,
    /// As regular expressions that match somewhere.
    Regex,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// User, group or role.
    pub subject: &'a str,
    /// Such as `applications`.
    pub resource: &'a str,
    /// Such as `get`.
    pub action: &'a str,
    /// Such as `default/guestbook`.
    pub object: &'a str,
}

/// A rule: subject, resource, action, object, effect.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    subject: String,
    patterns: [String; 3],
    effect: String,
}

/// A policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
    /// Roles of a subject.
    roles: BTreeMap<String, Vec<String>>,
    /// Roles in the order they are given.
    named: Vec<String>,
}

/// A pattern cannot be read: Casbin fails the whole request then.
struct Unreadable;

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// Names the first line that is no rule.
    pub fn parse(text: &str) -> Result<Self, BadPolicy> {
        let mut policy = Self::default();
        policy.add(text)?;
        Ok(policy)
    }

    /// Adds the rules of a text.
    ///
    /// # Errors
    /// Names the first line that is no rule.
    pub fn add(&mut self, text: &str) -> Result<(), BadPolicy> {
        for line in text.split('\n') {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let bad = |why| BadPolicy { line: line.to_owned(), why };
            let fields = csv::fields(line).map_err(bad)?;
            match fields.as_slice() {
                [key, subject, resource, action, object, effect] if key == "p" => {
                    self.rules.push(Rule {
                        subject: subject.clone(),
                        patterns: [resource.clone(), action.clone(), object.clone()],
                        effect: effect.clone(),
                    });
                }
                [key, subject, role] if key == "g" => {
                    self.roles.entry(subject.clone()).or_default().push(role.clone());
                    if !self.named.contains(role) {
                        self.named.push(role.clone());
                    }
                }
                [key, ..] if key == "p" => return Err(bad("a rule of p has six fields")),
                [key, ..] if key == "g" => return Err(bad("a rule of g has three fields")),
                _ => return Err(bad("a rule begins with p or g")),
            }
        }
        Ok(())
    }

    /// Whether the request is granted.
    pub fn allows(&self, request: &Request<'_>, mode: MatchMode) -> bool {
        self.decide(request, mode).unwrap_or(false)
    }

    fn decide(&self, request: &Request<'_>, mode: MatchMode) -> Result<bool, Unreadable> {
        let asked = [request.resource, request.action, request.object];
        if self.rules.is_empty() {
            // Casbin compares with a rule of empty fields.
            return Ok(request.subject.is_empty() && asked.iter().all(|text| text.is_empty()));
        }
        let subjects = self.subjects(request.subject);
        let mut allowed = false;
        for rule in &self.rules {
            if !subjects.contains(rule.subject.as_str()) || !fits(&rule.patterns, asked, mode)? {
                continue;
            }
            match rule.effect.as_str() {
                "deny" => return Ok(false),
                "allow" => allowed = true,
                _ => {}
            }
        }
        Ok(allowed)
    }

    /// The subject and all roles it has.
    fn subjects<'a>(&'a self, subject: &'a str) -> BTreeSet<&'a str> {
        let mut all = BTreeSet::from([subject]);
        let mut latest = vec![subject];
        for _ in 0..MAX_DEPTH {
            let roles = latest.iter().filter_map(|s| self.roles.get(*s)).flatten();
            latest = roles.map(String::as_str).filter(|role| all.insert(role)).collect();
        }
        all
    }

    /// Roles that are given to somebody and have no rule.
    pub fn roles_without_rules(&self) -> Vec<&str> {
        let has_rule = |role: &str| {
            let subjects = self.subjects(role);
            self.rules.iter().any(|rule| subjects.contains(rule.subject.as_str()))
        };
        self.named.iter().map(String::as_str).filter(|role| !has_rule(role)).collect()
    }
}

fn fits(patterns: &[String; 3], texts: [&str; 3], mode: MatchMode) -> Result<bool, Unreadable> {
    for (pattern, text) in patterns.iter().zip(texts) {
        let fits = match mode {
            // As Argo CD: a glob that cannot be read matches nothing.
            MatchMode::Glob => Glob::new(pattern).is_ok_and(|glob| glob.matches(text)),
            MatchMode::Regex => Regex::new(pattern).map_err(|_| Unreadable)?.is_match(text),
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The policy of a config map like `argocd-rbac-cm`: `policy.csv`, then all `policy.*.csv`.
pub fn policy_csv(data: &BTreeMap<String, String>) -> String {
    let mut text = data.get("policy.csv").cloned().unwrap_or_default();
    for (key, more) in data {
        if key != "policy.csv" && key.starts_with("policy.") && key.ends_with(".csv") {
            text.push('\n');
            text.push_str(more);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(policy: &str, subject: &str, asked: [&str; 3], want: bool) {
        let [resource, action, object] = asked;
        let request = Request { subject, resource, action, object };
        let policy = Policy::parse(policy).unwrap();
        assert_eq!(policy.allows(&request, MatchMode::Glob), want, "{subject} {asked:?}");
    }

    #[test]
    fn grants_and_denies() {
        let policy = "# people\n\
            p, role:dev, applications, *, shop/*, allow\n\
            p, role:dev, applications, delete, shop/*, deny\n\
            p, eve, \"applications\", get, \"{shop,blog}/[a-f]*\", allow\n\
            g, adam, role:dev\n\
            g, \"team, north\", role:dev\n";
        check(policy, "adam", ["applications", "sync", "shop/web"], true);
        check(policy, "adam", ["applications", "delete", "shop/web"], false);
        check(policy, "adam", ["applications", "sync", "blog/web"], false);
        check(policy, "team, north", ["applications", "get", "shop/web"], true);
        check(policy, "eve", ["applications", "get", "blog/first"], true);
        check(policy, "eve", ["applications", "get", "blog/web"], false);
        check(policy, "nobody", ["applications", "get", "shop/web"], false);
    }

    #[test]
    fn roles_of_roles() {
        let chain: String = (0..12).map(|n| format!("g, r{n}, r{}\n", n + 1)).collect();
        let policy = format!("{chain}g, r12, r0\np, r12, a, b, c, allow\n");
        check(&policy, "r2", ["a", "b", "c"], true);
        check(&policy, "r1", ["a", "b", "c"], false);
        assert!(Policy::parse(&policy).unwrap().roles_without_rules().contains(&"r1"));
    }

    #[test]
    fn refuses_what_is_no_rule() {
        for line in
            ["p, a, b, c, d", "g, a", "x, a, b", "p2, a, b, c, d, allow", "p, \"a, b, c, d, allow"]
        {
            assert!(Policy::parse(line).is_err(), "{line}");
        }
    }
}
