//! Programs beside Argo CD's own code that answer many questions at once (`crates/argo/tests/oracle`).

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// The folder of scripts of another version, if there is one: the program takes them in place of its own.
pub(crate) fn scripts() -> Option<PathBuf> {
    std::env::var_os("WINDLASS_SCRIPTS").map(PathBuf::from)
}

/// What a program answers to all questions, one a line each.
pub(crate) fn ask(program: &str, questions: impl Iterator<Item = Value>) -> Vec<Value> {
    let lines: String = questions.map(|question| format!("{question}\n")).collect();
    let input = tempfile::NamedTempFile::new().unwrap();
    fs::write(input.path(), lines).unwrap();
    let from = fs::File::open(input.path()).unwrap();
    let out = Command::new(program).args(scripts()).stdin(from).output().unwrap();
    let answers = String::from_utf8(out.stdout).unwrap();
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
