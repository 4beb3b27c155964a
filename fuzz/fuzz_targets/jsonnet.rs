//! No Jsonnet program panics, overflows the stack or goes beyond what it may use.
#![no_main]

use libfuzzer_sys::fuzz_target;
use windlass_jsonnet::{Importer, Limits, Variable, evaluate};

/// One program, which may import itself.
struct One<'a>(&'a [u8]);

impl Importer for One<'_> {
    fn find(&self, _from: &str, path: &str) -> Result<String, String> {
        match path {
            "main.jsonnet" => Ok(path.to_owned()),
            _ => Err("there is one file".to_owned()),
        }
    }

    fn read(&self, _name: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.to_vec())
    }
}

fuzz_target!(|text: &[u8]| {
    // As deep as in earnest: that is what the stack must bear.
    let limits = Limits { steps: 30_000, cells: 100_000, bytes: 1 << 22, ..Limits::default() };
    let variable = |name: &str, value: &str, code| Variable {
        name: name.to_owned(),
        value: value.to_owned(),
        code,
    };
    let given = [variable("text", "t", false), variable("code", "{ a: [1, null] }", true)];
    if let Err(error) = evaluate("main.jsonnet", &One(text), &given, &given, limits) {
        let message = error.to_string();
        assert!(!message.contains("please report this"), "{message}");
    }
});
