//! Scripts of `argocd-cm` against the real Argo CD: whole answers of
//! `argocd admin settings resource-overrides`.

#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_argo::customizations::Customizations;
use windlass_engine::health;
use windlass_object::{Object, Value, json, yaml};

struct Real {
    program: PathBuf,
    dir: tempfile::TempDir,
}

impl Real {
    fn new() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        windlass_testkit::available(&["argocd"])
            .then(|| Self { program: windlass_testkit::peer("argocd").unwrap(), dir })
    }

    /// What it prints; none if it fails.
    fn ask(&self, command: &[&str], settings: &Value, object: &Value) -> Option<String> {
        let file = |name: &str, value: &Value| {
            let path = self.dir.path().join(name);
            fs::write(&path, value.to_string()).unwrap();
            path.display().to_string()
        };
        let (settings, object) = (file("settings.yaml", settings), file("object.yaml", object));
        let mut arguments = vec!["admin", "settings", "resource-overrides", command[0], &object];
        arguments.extend(&command[1..]);
        arguments.extend(["--argocd-cm-path", settings.as_str()]);
        let output = Command::new(&self.program).args(arguments).output().unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
    }
}

fn config_map(data: &[(&str, &str)]) -> Value {
    let data: BTreeMap<_, _> = data.iter().copied().collect();
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": data,
        "metadata": {"name": "argocd-cm", "namespace": "argocd"},
    })
}

fn customizations(settings: &Value) -> Customizations {
    let data = settings["data"].as_object().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let data = data.iter().map(|(key, value)| (key.clone(), text(value))).collect();
    let (customizations, problems) = Customizations::read(&data);
    assert!(problems.is_empty(), "{problems:?}");
    customizations
}

fn parsed(text: &str) -> Value {
    yaml::parse_one(text.as_bytes(), &yaml::Options::default()).unwrap()
}

/// Compares the health of an object with the real answer.
#[track_caller]
fn check(real: &Real, settings: &Value, object: &Value) {
    let expected = real.ask(&["health"], settings, object);
    let of = Object::try_from(object.clone()).unwrap();
    let told = match health::of(&of, &customizations(settings)) {
        Ok(Some(health)) => {
            Some(format!("STATUS: {}\nMESSAGE: {}\n", health.status, health.message))
        }
        Ok(None) => Some("STATUS: \nMESSAGE: \n".to_owned()),
        Err(_) => None,
    };
    assert_eq!(told, expected, "{settings}\n{object}");
}

const THING: &str = "{apiVersion: example.org/v1, kind: Thing, metadata: {name: a, namespace: b}, spec: {replicas: 2, empty: {}, list: [1, null, {}]}, status: {phase: fine, count: 12}}";

#[test]
fn health_scripts_tell_what_they_tell_in_argocd() {
    let Some(real) = Real::new() else { return };
    let object = parsed(THING);
    for script in [
        "return {status = 'Healthy', message = obj.status.phase .. ' ' .. obj.status.count}",
        "hs = {} if obj.status.missing ~= nil then hs.status = 'Healthy' end return hs",
        "return {status = 'Odd', message = 'm'}",
        "return {status = 'Healthy', message = #obj.spec.list .. tostring(obj.spec.empty ~= nil)}",
        "local os = require('os') return {status = 'Degraded', message = os.date('!%Y-%m-%d %H', 0)}",
        "return 'text'",
        "return obj.status.a.b",
        "return {status = 'Healthy', message = string.format('%d', 1)}",
        "return {status = 'Healthy', message = {}}",
    ] {
        let key = "resource.customizations.health.example.org_Thing";
        check(&real, &config_map(&[(key, script)]), &object);
    }
    let open = [
        (
            "resource.customizations.health.example.org_*",
            "return {status = 'Healthy', message = string.format('%d', 1)}",
        ),
        ("resource.customizations.useOpenLibs.example.org_*", "true"),
    ];
    check(&real, &config_map(&open), &object);
    let map = "example.org/Thing:\n  health.lua.useOpenLibs: true\n  health.lua: |\n    return {status = 'Suspended', message = ('x'):rep(3)}\n";
    check(&real, &config_map(&[("resource.customizations", map)]), &object);
}

/// The guide's config map, where it is at hand.
#[test]
fn the_guides_health_checks_work_unchanged() {
    let name = "shared/guide/2-4-custom-health-checks.yaml";
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let Some(path) = above.map(|above| above.join(name)).find(|path| path.exists()) else {
        eprintln!("skipped: no ../{name}");
        return;
    };
    let Some(real) = Real::new() else { return };
    let settings = parsed(&fs::read_to_string(path).unwrap());
    for status in [
        "{}",
        "{currentStepIndex: 1}",
        "{phase: Healthy, currentStepIndex: 2}",
        "{phase: Degraded}",
    ] {
        let text = format!(
            "{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {{name: a}}, status: {status}}}"
        );
        check(&real, &settings, &parsed(&text));
    }
    for condition in [
        "{type: Ready, status: 'True', message: issued}",
        "{type: Ready, status: 'False', message: broken}",
        "{type: Issuing, status: 'True'}",
    ] {
        let text = format!(
            "{{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {{name: a}}, status: {{conditions: [{condition}]}}}}"
        );
        check(&real, &settings, &parsed(&text));
    }
}

#[test]
fn actions_of_settings_are_offered_as_in_argocd() {
    let Some(real) = Real::new() else { return };
    let actions = "discovery.lua: |\n  return {grow = {}, shrink = {disabled = obj.spec.replicas < 3}}\ndefinitions:\n- name: grow\n  action.lua: |\n    obj.spec.replicas = obj.spec.replicas + 1\n    return obj\n";
    let settings = config_map(&[("resource.customizations.actions.example.org_Thing", actions)]);
    let object = parsed(THING);
    let expected = real.ask(&["list-actions"], &settings, &object).unwrap();
    let of = Object::try_from(object).unwrap();
    let offered = customizations(&settings).actions(&of).unwrap();
    let lines = offered.iter().map(|action| format!("{} {}", action.name, action.disabled));
    let told: Vec<String> = std::iter::once("NAME DISABLED".to_owned()).chain(lines).collect();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut expected: Vec<String> = expected.lines().map(words).collect();
    expected[1..].sort();
    assert_eq!(told, expected);
}
