//! The standard library beside go-jsonnet's: what it has, and what a table of programs comes to.
//!
//! `fixtures/std.json` holds what the tool gave (`jsonnet -e PROGRAM`, of the version that Argo CD 3.2
//! uses). Of a failure the words count up to what differs by implementation.

#![allow(clippy::unwrap_used)]

use serde_json::Value;
use windlass_jsonnet::{Importer, Limits, evaluate};

struct Program(String);

impl Importer for Program {
    fn find(&self, _: &str, path: &str) -> Result<String, String> {
        Ok(path.to_owned())
    }

    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.clone().into_bytes())
    }
}

fn run(program: &str) -> Result<Value, String> {
    let found = evaluate("", &Program(program.to_owned()), &[], &[], Limits::default());
    found.map_err(|error| error.to_string())
}

fn recorded() -> Value {
    serde_json::from_str(include_str!("fixtures/std.json")).unwrap()
}

#[test]
fn it_has_what_go_jsonnet_has_and_nothing_else() {
    let names = |value: &Value| -> Vec<String> {
        let all = value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        // What begins so is nobody's but the implementation's.
        all.filter(|name| !name.starts_with('$')).collect()
    };
    assert_eq!(names(&run("std.objectFieldsAll(std)").unwrap()), names(&recorded()["members"]));
}

#[test]
fn programs_come_to_what_go_jsonnet_makes_of_them() {
    let recorded = recorded();
    let mut wrong = Vec::new();
    for case in recorded["cases"].as_array().unwrap() {
        let program = case["program"].as_str().unwrap();
        let found = run(program);
        let agrees = match (&found, case["fails"].as_str()) {
            (Ok(value), None) => *value == case["gives"],
            (Err(error), Some(words)) => error.contains(words),
            _ => false,
        };
        if !agrees {
            wrong.push(format!("{program}\n  windlass {found:?}\n  jsonnet  {case}"));
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
