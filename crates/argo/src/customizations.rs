//! Health checks and actions that `argocd-cm` adds: `resource.customizations` as one map, or a key
//! for each kind and purpose.
//!
//! ```text
//! resource.customizations.health.<group>_<Kind>        a script; no group and no `_` for core kinds
//! resource.customizations.useOpenLibs.<group>_<Kind>   whether that script has all libraries
//! resource.customizations.actions.<group>_<Kind>       YAML: discovery.lua, definitions
//! ```
//!
//! `*` in a group or kind stands for anything and `all` for every kind with a group. The exact kind
//! wins, then the longest pattern. A key for a kind wins over the map.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use windlass_customizations::action::{self, Action, Impact, Parameter};
use windlass_engine::health::CustomHealth;
use windlass_engine::state::{Health, HealthCode};
use windlass_lua::{Sandbox, Script};
use windlass_object::{Object, Value, yaml};
use windlass_tree::glob_matches;

const KEY: &str = "resource.customizations";

/// What settings say of kinds, and where their scripts run.
#[derive(Clone, Debug, Default)]
pub struct Customizations {
    kinds: BTreeMap<String, Customization>,
    sandbox: Arc<Sandbox>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Customization {
    health: Option<Arc<str>>,
    open_libraries: bool,
    actions: Option<Actions>,
}

/// Actions of a kind as settings define them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Actions {
    #[serde(rename = "discovery.lua")]
    discovery: String,
    definitions: Vec<Definition>,
    #[serde(rename = "mergeBuiltinActions")]
    merge_built_in: bool,
}

/// One action and its script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Definition {
    name: String,
    #[serde(rename = "action.lua")]
    script: String,
}

impl PartialEq for Customizations {
    fn eq(&self, other: &Self) -> bool {
        self.kinds == other.kinds
    }
}

impl Customizations {
    /// From the data of `argocd-cm`, and what of it cannot be used.
    pub fn read(config: &BTreeMap<String, String>) -> (Self, Vec<String>) {
        let mut read = Self::default();
        let mut problems = Vec::new();
        if let Some(text) = config.get(KEY).filter(|text| !text.trim().is_empty()) {
            read.read_map(text, &mut problems);
        }
        for (key, value) in config {
            let Some(rest) = key.strip_prefix(KEY).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let Some((purpose, kind)) = rest.split_once('.') else { continue };
            let kind = match kind_of(kind) {
                Ok(kind) => kind,
                Err(problem) => {
                    problems.push(format!("{key}: {problem}"));
                    continue;
                }
            };
            if let Err(problem) = read.set(&kind, purpose, value) {
                problems.push(format!("{key}: {problem}"));
            }
        }
        (read, problems)
    }

    fn read_map(&mut self, text: &str, problems: &mut Vec<String>) {
        let map = match yaml::parse_one(text.as_bytes(), &yaml::Options::default()) {
            Ok(Value::Object(map)) => map,
            Ok(_) => {
                problems.push(format!("{KEY}: a map by group/Kind is wanted"));
                return;
            }
            Err(error) => {
                problems.push(format!("{KEY}: {error}"));
                return;
            }
        };
        for (kind, fields) in &map {
            for (field, purpose) in [
                ("health.lua", "health"),
                ("health.lua.useOpenLibs", "useOpenLibs"),
                ("actions", "actions"),
            ] {
                let value = match fields.get(field) {
                    None | Some(Value::Null) => continue,
                    Some(Value::String(text)) => text.clone(),
                    Some(value) => value.to_string(),
                };
                if let Err(problem) = self.set(kind, purpose, &value) {
                    problems.push(format!("{KEY}: {kind}: {field}: {problem}"));
                }
            }
        }
    }

    fn set(&mut self, kind: &str, purpose: &str, value: &str) -> Result<(), String> {
        let kinds = &mut self.kinds;
        match purpose {
            "health" => {
                let script = (!value.is_empty()).then(|| value.into());
                kinds.entry(kind.to_owned()).or_default().health = script;
            }
            "useOpenLibs" => {
                let open =
                    truth(value).ok_or_else(|| format!("{value:?} is neither true nor false"))?;
                kinds.entry(kind.to_owned()).or_default().open_libraries = open;
            }
            "actions" => {
                let value = yaml::parse_one(value.as_bytes(), &yaml::Options::default())
                    .map_err(|error| error.to_string())?;
                let actions = Actions::deserialize(value).map_err(|error| error.to_string())?;
                kinds.entry(kind.to_owned()).or_default().actions = Some(actions);
            }
            _ => {}
        }
        Ok(())
    }

    /// The actions that an object offers, by name: those of settings, and the bundled ones unless
    /// settings take their place.
    ///
    /// # Errors
    /// When a script of settings fails.
    pub fn actions(&self, object: &Object) -> Result<Vec<Action>, String> {
        let Some(actions) = self.custom_actions(object) else {
            return Ok(action::actions(object));
        };
        let scripts = [Script::new(actions.discovery.as_str())];
        let mut offered =
            self.sandbox.actions(&scripts, object).map_err(|error| error.to_string())?;
        if actions.merge_built_in {
            let is_new = |action: &Action| offered.iter().all(|known| known.name != action.name);
            let bundled: Vec<Action> = action::actions(object).into_iter().filter(is_new).collect();
            offered.extend(bundled);
            offered.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(offered)
    }

    /// What an action makes of an object.
    ///
    /// # Errors
    /// When its kind has no such action, or the action fails.
    pub fn act(
        &self,
        object: &Object,
        name: &str,
        parameters: &[Parameter],
        now: Timestamp,
    ) -> Result<Vec<Impact>, String> {
        let definitions = self.custom_actions(object).map(|actions| &actions.definitions);
        if let Some(found) = definitions.into_iter().flatten().find(|d| d.name == name) {
            let script = Script::new(found.script.as_str());
            let impacts = self.sandbox.act(&script, object, parameters);
            return impacts.map_err(|error| error.to_string());
        }
        let impacts = action::act(object, name, parameters, now).ok_or_else(|| {
            let kind = key(object.group(), object.kind());
            format!("{kind} has no action {name}: see `app actions list`")
        })?;
        impacts.map_err(|refused| refused.to_string())
    }

    /// Whether settings define actions for the object's kind.
    pub fn has_own_actions(&self, object: &Object) -> bool {
        self.custom_actions(object).is_some()
    }

    fn custom_actions(&self, object: &Object) -> Option<&Actions> {
        self.kinds.get(&key(object.group(), object.kind()))?.actions.as_ref()
    }

    /// The health script of a kind.
    fn health_script(&self, group: &str, kind: &str) -> Option<Script> {
        let key = key(group, kind);
        let script = |found: &Customization| {
            let text = found.health.clone()?;
            Some(Script::new(text).open_libraries(found.open_libraries))
        };
        self.kinds.get(&key).and_then(script).or_else(|| {
            let patterns = self.kinds.iter().filter(|(pattern, _)| glob_matches(pattern, &key));
            let scripts = patterns.filter_map(|(pattern, found)| Some((pattern, script(found)?)));
            scripts.max_by_key(|(pattern, _)| pattern.len()).map(|(_, script)| script)
        })
    }
}

impl CustomHealth for Customizations {
    fn check(&self, object: &Object) -> Option<Result<Option<Health>, String>> {
        let script = self.health_script(object.group(), object.kind())?;
        let told = self.sandbox.health(&script, object).map_err(|error| error.to_string());
        Some(told.map(|told| {
            told.map(|told| {
                let status = HealthCode::parse(told.status).unwrap_or(HealthCode::Unknown);
                Health::new(status, told.message)
            })
        }))
    }
}

/// `<group>_<Kind>`, `<Kind>` or `all` of a key, as `group/Kind`.
fn kind_of(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('_').collect();
    match parts.as_slice() {
        ["all"] => Ok("*/*".to_owned()),
        [kind] if !kind.is_empty() => Ok((*kind).to_owned()),
        [group, kind] => Ok(format!("{group}/{kind}")),
        _ => Err(format!("{text:?} is not <group>_<Kind>, <Kind> or all")),
    }
}

fn key(group: &str, kind: &str) -> String {
    if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") }
}

/// Go's words for truth.
pub(crate) fn truth(text: &str) -> Option<bool> {
    match text.trim() {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SCRIPT: &str = "return {status = 'Healthy', message = 'NAME'}";

    fn read(pairs: &[(&str, &str)]) -> (Customizations, Vec<String>) {
        let data = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.replace("$", SCRIPT)));
        Customizations::read(&data.collect())
    }

    /// The message of the script that decides on a kind.
    #[track_caller]
    fn check(pairs: &[(&str, &str)], kind: &str, expected: &str) {
        let (customizations, problems) = read(pairs);
        assert!(problems.is_empty(), "{problems:?}");
        let (group, name) = kind.split_once('/').unwrap_or(("", kind));
        let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        let text = format!("{{apiVersion: {version}, kind: {name}, metadata: {{name: n}}}}");
        let value = yaml::parse_one(text.as_bytes(), &yaml::Options::default()).unwrap();
        let told = match customizations.check(&Object::try_from(value).unwrap()) {
            None => "no script".to_owned(),
            Some(Ok(None)) => "nothing".to_owned(),
            Some(Ok(Some(health))) => format!("{}: {}", health.status, health.message),
            Some(Err(error)) => error,
        };
        assert_eq!(told, expected, "{pairs:?}");
    }

    fn says(word: &str) -> String {
        SCRIPT.replace("NAME", word)
    }

    #[test]
    fn a_kind_is_named_in_a_key_or_in_the_map() {
        let map = "a.io/Thing:\n  health.lua: |\n    return {status = 'Degraded', message = 'map'}\nPod:\n  health.lua: return {status = 'Suspended'}\n";
        check(&[("resource.customizations", map)], "a.io/Thing", "Degraded: map");
        check(&[("resource.customizations", map)], "Pod", "Suspended: ");
        check(&[("resource.customizations", map)], "b.io/Thing", "no script");
        let key = "resource.customizations.health.a.io_Thing";
        let script = says("key");
        check(&[(key, &script)], "a.io/Thing", "Healthy: key");
        check(&[("resource.customizations", map), (key, &script)], "a.io/Thing", "Healthy: key");
        check(&[("resource.customizations.health.Pod", &script)], "Pod", "Healthy: key");
        check(&[(key, "return {}")], "a.io/Thing", "nothing");
    }

    #[test]
    fn the_exact_kind_wins_then_the_longest_pattern() {
        let scripts: Vec<String> =
            ["all", "group", "star", "exact"].iter().map(|word| says(word)).collect();
        let all = [
            ("resource.customizations.health.all", scripts[0].as_str()),
            ("resource.customizations.health.a.io_*", scripts[1].as_str()),
            ("resource.customizations.health.*.b.io_Thing", scripts[2].as_str()),
            ("resource.customizations.health.a.io_Thing", scripts[3].as_str()),
        ];
        check(&all, "a.io/Thing", "Healthy: exact");
        check(&all, "a.io/Other", "Healthy: group");
        check(&all, "x.b.io/Thing", "Healthy: star");
        check(&all, "c.io/Other", "Healthy: all");
        check(&all, "Pod", "no script");
    }

    #[test]
    fn libraries_are_opened_where_it_is_said() {
        let script = "return {status = 'Healthy', message = type(string)}";
        let key = ("resource.customizations.health.a.io_Thing", script);
        check(&[key], "a.io/Thing", "Healthy: nil");
        let open = ("resource.customizations.useOpenLibs.a.io_Thing", "true");
        check(&[key, open], "a.io/Thing", "Healthy: table");
    }

    #[test]
    fn actions_of_settings_take_the_place_of_bundled_ones_or_join_them() {
        let text = "discovery.lua: |\n  return {grow = {}, restart = {disabled = true}}\ndefinitions:\n- name: grow\n  action.lua: |\n    obj.spec.replicas = obj.spec.replicas + 1\n    return obj\n";
        let object =
            "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: n}, spec: {replicas: 2}}";
        let value = yaml::parse_one(object.as_bytes(), &yaml::Options::default()).unwrap();
        let object = Object::try_from(value).unwrap();
        let names = |customizations: &Customizations| -> Vec<String> {
            let actions = customizations.actions(&object).unwrap();
            actions.iter().map(|a| format!("{} {}", a.name, a.disabled)).collect()
        };
        let key = "resource.customizations.actions.apps_StatefulSet";
        let (alone, _) = read(&[(key, text)]);
        assert_eq!(names(&alone), ["grow false", "restart true"]);
        let (merged, _) = read(&[(key, &format!("mergeBuiltinActions: true\n{text}"))]);
        assert_eq!(names(&merged), ["grow false", "restart true", "scale false"]);
        let now = Timestamp::UNIX_EPOCH;
        let impacts = alone.act(&object, "grow", &[], now).unwrap();
        assert_eq!(impacts[0].object.int_at(&["spec", "replicas"]), Some(3));
        let restarted = alone.act(&object, "restart", &[], now).unwrap();
        assert!(restarted[0].object.get(&["spec", "template"]).is_some(), "the bundled one");
        assert!(alone.act(&object, "shrink", &[], now).is_err());
    }

    #[test]
    fn what_cannot_be_read_is_told_and_hides_nothing_else() {
        let script = says("good");
        let (customizations, problems) = read(&[
            ("resource.customizations", "- a list"),
            ("resource.customizations.health.a_b_c", &script),
            ("resource.customizations.useOpenLibs.a.io_Thing", "maybe"),
            ("resource.customizations.actions.a.io_Thing", "definitions: 5"),
            ("resource.customizations.health.a.io_Thing", &script),
        ]);
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(customizations.health_script("a.io", "Thing").is_some());
    }
}
