//! Scripts as users write them, and scripts that mean harm.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use serde_json::json;
use windlass_lua::{Error, Limits, Operation, Parameter, Sandbox, Script};
use windlass_object::Object;

fn object() -> Object {
    let value = json!({
        "apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "a"},
        "spec": {"replicas": 3, "empty": {}, "list": [{"empty": {}}, null, "x"], "none": null},
        "status": {"phase": "Ready", "conditions": [{"type": "Ready", "status": "True", "message": "fine"}]},
    });
    Object::try_from(value).unwrap()
}

fn told(script: &str, open: bool) -> String {
    let script = Script::new(script).open_libraries(open);
    match Sandbox::default().health(&script, &object()) {
        Ok(None) => "none".to_owned(),
        Ok(Some(health)) => format!("{}: {}", health.status, health.message),
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(script: &str, expected: &str) {
    assert_eq!(told(script, false), expected, "{script}");
}

#[track_caller]
fn check_open(script: &str, expected: &str) {
    assert_eq!(told(script, true), expected, "{script}");
}

#[test]
fn health_is_a_table_with_status_and_message() {
    check(
        "return {status = 'Healthy', message = obj.status.conditions[1].message}",
        "Healthy: fine",
    );
    check("hs = {} hs.status = 'Progressing' return hs", "Progressing: ");
    check("return {STATUS = 'Healthy', Message = 'm'}", "Healthy: m");
    check("return {}", "none");
    check("return nil", "none");
    check("local x = 1", "none");
    check("return {'a', 'b'}", "none");
    check("return {status = 1}", "none");
    check("return {status = 'Healthy', message = {}}", "none");
    check(
        "return {status = 'Fine', message = 'm'}",
        "Unknown: Lua returned an invalid health status",
    );
    check("return {message = 'm'}", "Unknown: Lua returned an invalid health status");
    check("return {status = 'Healthy'}, {status = 'Degraded'}", "Degraded: ");
    check("return 'x'", "error: expect table output from Lua script, not string");
    check("return 5", "error: expect table output from Lua script, not number");
    check("return true", "error: expect table output from Lua script, not boolean");
}

#[test]
fn results_without_a_json_form_are_refused() {
    let prefix = "error: cannot read the result of the Lua script: ";
    for (script, why) in [
        ("return {status = 'Healthy', x = {1, 2, nil, 4}}", "cannot encode sparse array"),
        ("return {[1] = 'a', x = 2}", "cannot encode mixed or invalid key types"),
        ("return {status = 'Healthy', f = function() end}", "cannot encode function to JSON"),
        ("local t = {} t.t = t return t", "cannot encode recursively nested tables to JSON"),
    ] {
        check(script, &format!("{prefix}{why}"));
    }
}

#[test]
fn errors_are_told_as_authors_know_them() {
    let key = "attempt to index a non-table object(nil) with key 'b'";
    check("return obj.a.b", &format!("error: <string>:1: {key}"));
    check("local a\nlocal b\nreturn obj.a.b.c", &format!("error: <string>:3: {key}"));
    check("foo()", "error: <string>:1: attempt to call a non-function object");
    check("error('boom')", "error: <string>:1: boom");
    check("return 1 < 'a'", "error: <string>:1: attempt to compare number with string");
    check("return {} < {}", "error: <string>:1: attempt to compare table with table");
    check(
        "for _ in ipairs(nil) do end",
        "error: <string>:1: bad argument #1 to ipairs (table expected, got nil)",
    );
    assert!(told("x x", false).starts_with("error: <string>:1: "), "{}", told("x x", false));
}

#[test]
fn only_some_libraries_are_there() {
    check(
        "return {status = 'Healthy', message = type(string) .. type(math) .. type(io) .. type(os) .. type(coroutine) .. type(debug) .. type(load) .. type(dofile)}",
        "Healthy: nilnilnilnilnilnilnilnil",
    );
    check("return {status = 'Healthy', message = table.concat({'a', 'b'}, '-')}", "Healthy: a-b");
    check("return ('x'):upper()", "error: <string>:1: attempt to index a non-table object(string)");
    check("require('io')", "error: <string>:1: module io not found");
    check(
        "local os = require('os') return {status = 'Healthy', message = os.date('!%Y-%m-%dT%H:%M:%SZ', 0) .. type(os.getenv)}",
        "Healthy: 1970-01-01T00:00:00Znil",
    );
    check_open(
        "return {status = 'Healthy', message = string.format('%d %s', 3, ('x'):upper()) .. type(io.open) .. type(os.getenv)}",
        "Healthy: 3 Xfunctionfunction",
    );
    check_open(
        "return {status = 'Healthy', message = type(os.exit) .. type(os.execute) .. type(io.popen) .. type(debug)}",
        "Healthy: nilnilnilnil",
    );
    check(
        "return {status = 'Healthy', message = tostring(1e15) .. ' ' .. tostring(0.1) .. ' ' .. tostring(3)}",
        "Healthy: 1000000000000000 0.1 3",
    );
    check("return loadstring('\\27Lua')", "error: expect table output from Lua script, not string");
}

#[test]
fn a_run_leaves_nothing_to_the_next() {
    let sandbox = Sandbox::default();
    let script = Script::new(
        "seen = (seen or 0) + 1 table.extra = (table.extra or 0) + 1 return {status = 'Healthy', message = tostring(seen + table.extra)}",
    );
    for _ in 0..3 {
        let health = sandbox.health(&script, &object()).unwrap().unwrap();
        assert_eq!(health.message, "2");
    }
}

#[test]
fn a_script_has_bounds() {
    let limits = Limits { time: Duration::from_millis(100), memory: 8 << 20 };
    let sandbox = Sandbox::new(limits);
    for script in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local function f() return pcall(f) end f() while true do end",
    ] {
        let start = Instant::now();
        let result = sandbox.health(&Script::new(script), &object());
        assert_eq!(result, Err(Error::Time(limits.time)), "{script}");
        assert!(start.elapsed() < Duration::from_secs(60), "{script}");
    }
    for (script, open) in [
        ("local t = {} for i = 1, 1e9 do t[i] = {} end", false),
        ("return ('x'):rep(1e9)", true),
        ("local s = 'x' while true do s = s .. s end", false),
    ] {
        let patient = Limits { time: Duration::from_secs(60), ..limits };
        let script = Script::new(script).open_libraries(open);
        let result = Sandbox::new(patient).health(&script, &object());
        assert_eq!(result, Err(Error::Memory(limits.memory)), "{script:?}");
    }
    let deep = "local function f() return 1 + f() end return f()";
    assert!(sandbox.health(&Script::new(deep), &object()).is_err());
}

#[test]
fn actions_are_told_by_name() {
    let sandbox = Sandbox::default();
    let scripts = [
        Script::new("return {b = {}, a = {disabled = true, iconClass = 'fa', displayName = 'A'}}"),
        Script::new("return {}"),
        Script::new("return {a = {}, c = {params = {{name = 'n', default = '1'}}}}"),
    ];
    let actions = sandbox.actions(&scripts, &object()).unwrap();
    let names: Vec<_> = actions.iter().map(|a| (a.name.as_str(), a.disabled)).collect();
    assert_eq!(names, [("a", true), ("b", false), ("c", false)]);
    assert_eq!(actions[0].display_name, "A");
    assert_eq!(actions[2].parameters[0].value, "1");
    let wrong = sandbox.actions(&[Script::new("return 1")], &object());
    assert_eq!(wrong, Err(Error::ReturnType("number")));
}

#[test]
fn an_action_returns_the_object_or_several() {
    let sandbox = Sandbox::default();
    let scale = Script::new("obj.spec.replicas = tonumber(actionParams['n']) return obj");
    let parameters = [Parameter { name: "n".into(), value: "5".into() }];
    let impacts = sandbox.act(&scale, &object(), &parameters).unwrap();
    assert_eq!(impacts[0].operation, Operation::Patch);
    let mut expected = object();
    expected.set(&["spec", "replicas"], 5);
    expected.remove(&["spec", "none"]);
    expected.set(&["spec", "list"], json!([{"empty": {}}, "x"]));
    assert_eq!(impacts[0].object, expected, "empty maps stay maps");
    let create = Script::new(
        "return {{operation = 'create', resource = {apiVersion = 'v1', kind = 'X', metadata = {name = 'n'}}}, {operation = 'patch', resource = obj}}",
    );
    let impacts = sandbox.act(&create, &object(), &[]).unwrap();
    let operations: Vec<_> = impacts.iter().map(|impact| impact.operation).collect();
    assert_eq!(operations, [Operation::Create, Operation::Patch]);
    let wrong = Script::new("return {{operation = 'delete', resource = obj}}");
    let wrong = sandbox.act(&wrong, &object(), &[]).unwrap_err();
    assert_eq!(wrong.to_string(), "unsupported operation: \"delete\"");
}
