//! Which projects Argo CD accepts, in its words.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;
use windlass_argo::rbac::Policy;
use windlass_engine::policy::Window;
use windlass_object::{Value, json};
use windlass_tree::Glob;

use super::store::{Project, list, strings};
use crate::cli::failure::Failure;

/// Resources that rules of a role may be about.
pub(super) const PROJECT_SCOPED: [&str; 6] =
    ["applications", "applicationsets", "logs", "exec", "clusters", "repositories"];

const ACTIONS: [&str; 7] = ["get", "create", "update", "delete", "sync", "override", "*"];

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Rules with one blank after each comma.
pub(super) fn normalize_policies(project: &mut Project) {
    for role in project.items_mut("roles") {
        for policy in list(&mut role["policies"]) {
            let parts = policy.as_str().unwrap_or_default().split(',').enumerate();
            let parts = parts.map(|(i, part)| if i == 0 { part } else { part.trim_matches(' ') });
            *policy = json!(parts.collect::<Vec<_>>().join(", "));
        }
    }
}

/// The tokens of a role stand both in its spec and in the project's status, the latest first.
pub(super) fn normalize_tokens(project: &mut Project) {
    let mut status = project.value["status"]["jwtTokensByRole"].clone();
    let mut by_role = serde_json::Map::new();
    for role in project.items_mut("roles") {
        let name = text(role, "name").to_owned();
        let mut tokens: Vec<Value> = Vec::new();
        let both = [status[&name]["items"].take(), role["jwtTokens"].take()];
        for mut token in both.into_iter().flat_map(|l| l.as_array().cloned().unwrap_or_default()) {
            if text(&token, "id").is_empty() {
                token["id"] = json!(token["iat"].to_string());
            }
            tokens.retain(|known| known["id"] != token["id"]);
            tokens.push(token);
        }
        tokens.sort_by_key(|token| std::cmp::Reverse(token["iat"].as_i64().unwrap_or_default()));
        if let Some(role) = role.as_object_mut() {
            role.remove("jwtTokens");
            if !tokens.is_empty() {
                role.insert("jwtTokens".to_owned(), json!(tokens));
            }
        }
        by_role.insert(name, if tokens.is_empty() { json!({}) } else { json!({"items": tokens}) });
    }
    let known = project.value["status"].is_object();
    if !by_role.is_empty() || known {
        let status =
            if by_role.is_empty() { json!({}) } else { json!({"jwtTokensByRole": by_role}) };
        project.value["status"] = status;
    }
    project.drop_empty();
}

/// Fails with the first thing that is wrong.
pub(super) fn validate(project: &Project) -> anyhow::Result<()> {
    check(project).map_err(Failure::generic)
}

fn check(project: &Project) -> Result<(), String> {
    destinations(project)?;
    once(project.texts("sourceNamespaces"), |n| format!("source namespace '{n}' already added"))?;
    if project.texts("sourceRepos").contains(&"!*") {
        return Err("source repository has an invalid format, '!*'".to_owned());
    }
    once(project.texts("sourceRepos"), |r| format!("source repository '{r}' already added"))?;
    let mut names = BTreeSet::new();
    for value in project.items("roles") {
        if !names.insert(text(value, "name")) {
            return Err(format!("role '{}' already exists", text(value, "name")));
        }
        role(project.name(), value)?;
    }
    windows(project)?;
    service_accounts(project)?;
    Policy::parse(&project.policies())
        .map(|_| ())
        .map_err(|_| format!("policy syntax error: policy syntax error: {}", project.policies()))
}

fn once(texts: Vec<&str>, twice: impl Fn(&str) -> String) -> Result<(), String> {
    let mut known = BTreeSet::new();
    match texts.into_iter().find(|text| !known.insert(*text)) {
        Some(text) => Err(twice(text)),
        None => Ok(()),
    }
}

fn destinations(project: &Project) -> Result<(), String> {
    let mut known = BTreeSet::new();
    for destination in project.items("destinations") {
        for field in ["name", "server", "namespace"] {
            if text(destination, field) == "!*" {
                return Err(format!("{field} has an invalid format, '!*'"));
            }
        }
        let server = match text(destination, "server") {
            "" => text(destination, "name"),
            server => server,
        };
        let key = format!("{server}/{}", text(destination, "namespace"));
        if !known.insert(key.clone()) {
            return Err(format!("destination '{key}' already added"));
        }
    }
    Ok(())
}

fn role(project: &str, role: &Value) -> Result<(), String> {
    static NAME: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new("^[a-zA-Z0-9]([-_a-zA-Z0-9]*[a-zA-Z0-9])?$").ok());
    let name = text(role, "name");
    if !NAME.as_ref().is_some_and(|regex| regex.is_match(name)) {
        return Err(format!(
            "invalid role name '{name}'. Must consist of alphanumeric characters, '-' or '_', and \
             must start and end with an alphanumeric character"
        ));
    }
    once(strings(&role["policies"]).collect(), |policy| {
        format!("policy '{policy}' already exists for role '{name}'")
    })?;
    for rule in strings(&role["policies"]) {
        policy(project, name, rule)
            .map_err(|why| format!("invalid policy rule '{rule}': {why}"))?;
    }
    once(strings(&role["groups"]).collect(), |group| {
        format!("group '{group}' already exists for role '{name}'")
    })?;
    strings(&role["groups"]).try_for_each(group)
}

fn policy(project: &str, role: &str, rule: &str) -> Result<(), String> {
    let fields: Vec<&str> = rule.split(',').map(|field| field.trim_matches(' ')).collect();
    let ["p", subject, resource, action, object, effect] = fields.as_slice() else {
        return Err("must be of the form: 'p, sub, res, act, obj, eft'".to_owned());
    };
    let wanted = format!("proj:{project}:{role}");
    if *subject != wanted {
        return Err(format!("policy subject must be: '{wanted}', not '{subject}'"));
    }
    if !PROJECT_SCOPED.contains(resource) {
        return Err(format!(
            "project resource must be: 'applications', 'applicationsets', 'repositories', 'exec', \
             'logs' or 'clusters', not '{resource}'"
        ));
    }
    let with_path = ["action/", "update/", "delete/"].iter().any(|part| action.contains(part));
    if !ACTIONS.contains(action) && !with_path {
        return Err(format!("invalid action '{action}'"));
    }
    let is_part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "*_-.".contains(c))
    };
    let parts = object.strip_prefix(project).and_then(|rest| rest.strip_prefix('/'));
    let parts: Vec<&str> = parts.map(|rest| rest.split('/').collect()).unwrap_or_default();
    if !(1..=2).contains(&parts.len()) || !parts.iter().all(|part| is_part(part)) {
        return Err(format!(
            "object must be of form '{project}/*', '{project}[/<NAMESPACE>]/<APPNAME>' or \
             '{project}/<APPNAME>', not '{object}'"
        ));
    }
    if !["allow", "deny"].contains(effect) {
        return Err("effect must be: 'allow' or 'deny'".to_owned());
    }
    Ok(())
}

fn group(given: &str) -> Result<(), String> {
    let name = given.trim();
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    if inner.is_none() && name.contains(',') {
        return Err(format!("group '{name}' must be quoted"));
    }
    let name = inner.unwrap_or(name);
    if name.is_empty() {
        return Err(format!("group '{name}' is empty"));
    }
    if name.contains(['"', '\n', '\r', '\t']) {
        return Err(format!("group '{name}' contains invalid characters"));
    }
    if given.starts_with(char::is_whitespace) {
        return Err(format!("group '{name}' contains a leading space"));
    }
    if given.ends_with(char::is_whitespace) {
        return Err(format!("group '{name}' contains a trailing space"));
    }
    Ok(())
}

fn windows(project: &Project) -> Result<(), String> {
    let mut known = BTreeSet::new();
    for value in project.items("syncWindows") {
        let [kind, schedule, duration] = ["kind", "schedule", "duration"].map(|f| text(value, f));
        let mut identity = value.clone();
        if let Some(identity) = identity.as_object_mut() {
            identity.remove("manualSync");
            identity.remove("description");
        }
        if !known.insert(identity.to_string()) {
            return Err(format!(
                "sync window with kind '{kind}', schedule '{schedule}', and duration '{duration}' \
                 already exists"
            ));
        }
        window(value)?;
        let listed = ["applications", "namespaces", "clusters"];
        if listed.iter().all(|field| strings(&value[*field]).next().is_none()) {
            return Err(format!(
                "window '{kind}':'{schedule}':'{duration}' requires one of application, cluster or \
                 namespace"
            ));
        }
    }
    Ok(())
}

/// Whether a sync window can be read.
pub(super) fn window(value: &Value) -> Result<(), String> {
    let kind = text(value, "kind");
    if !["allow", "deny"].contains(&kind) {
        return Err(format!("kind '{kind}' mismatch: can only be allow or deny"));
    }
    let schedule = text(value, "schedule");
    if schedule.starts_with('@') {
        return Err(format!(
            "cannot parse schedule '{schedule}': parser does not accept descriptors: {schedule}"
        ));
    }
    let window = Window {
        schedule: schedule.to_owned(),
        duration: text(value, "duration").to_owned(),
        ..Window::default()
    };
    window.is_open(jiff::Timestamp::now()).map_err(|error| error.to_string())?;
    if text(value, "description").len() > 255 {
        return Err("description must not exceed 255 characters".to_owned());
    }
    Ok(())
}

fn service_accounts(project: &Project) -> Result<(), String> {
    let mut known = BTreeSet::new();
    for value in project.items("destinationServiceAccounts") {
        for field in ["server", "namespace"] {
            let given = text(value, field);
            if given.contains('!') || Glob::new(given).is_err() {
                return Err(format!("{field} has an invalid format, '{given}'"));
            }
        }
        let account = text(value, "defaultServiceAccount");
        if account.trim_matches(' ').is_empty()
            || account.contains(['!', '*', '[', ']', '{', '}', '\\', '/'])
        {
            return Err(format!("defaultServiceAccount has an invalid format, '{account}'"));
        }
        let key = format!("{}/{}", text(value, "server"), text(value, "namespace"));
        if !known.insert(key.clone()) {
            return Err(format!("destinationServiceAccount '{key}' already added"));
        }
    }
    Ok(())
}
