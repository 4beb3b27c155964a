//! `argocd admin` without a cluster, beside the real one: the lines of
//! `fixtures/argocd-admin/script.txt` with the answers of Argo CD 3.2.6.
//!
//! A line's command runs in a fresh copy of the fixture's directory. With `WINDLASS_RECORD` set the
//! real argocd answers anew.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Lines that both answer with the same code but in other words: ours say more.
const WORDS: &str = include_str!("fixtures/argocd-admin/words.txt");
/// Lines that are answered in another way on purpose; each has its reason there.
const DIFFERENT: &str = include_str!("fixtures/argocd-admin/different.txt");

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/argocd-admin")
}

/// A copy of the files, and of nothing that an earlier command has left.
fn fresh(home: &Path) -> PathBuf {
    let dir = home.join("files");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    std::fs::create_dir_all(&dir).unwrap();
    for file in std::fs::read_dir(fixture().join("files")).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), dir.join(file.file_name())).unwrap();
    }
    dir
}

/// Words of a line, of which quotes keep some together.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate().flat_map(|(i, part)| {
        if i % 2 == 1 {
            vec![part.to_owned()]
        } else {
            part.split_whitespace().map(str::to_owned).collect()
        }
    });
    parts.collect()
}

fn answer(program: &Path, home: &Path, line: &str) -> Value {
    let dir = fresh(home);
    let mut words = words(line);
    let stdin = words.iter().position(|word| word == "<").map(|at| words.split_off(at));
    let stdin =
        stdin.map_or(Stdio::null(), |from| std::fs::File::open(dir.join(&from[1])).unwrap().into());
    let output = Command::new(program)
        .args(&words)
        .current_dir(&dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("ARGOCD_BINARY_NAME", "argocd")
        // A policy of a file wants a kubeconfig too, which it does not use.
        .env("KUBECONFIG", dir.join("kubeconfig"))
        .stdin(stdin)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes)
            .unwrap()
            .replace(&dir.display().to_string(), "DIR")
            .replace(&home.display().to_string(), "HOME")
    };
    let (out, err) = said(&text(output.stdout), &text(output.stderr));
    let mut written = json!({});
    for file in ["app.yaml", "project.yaml"] {
        let is_there = |name: &str| std::fs::read_to_string(dir.join(name)).ok();
        if let Some(back) = is_there(&format!("{file}.back")) {
            written = json!({"file": is_there(file), "back": back});
        }
    }
    json!({"do": line, "code": output.status.code(), "out": out, "err": err, "written": written})
}

/// What counts of the outputs: a help is only that, an error its message, on whichever of both; what
/// argocd's informers log, and the marks of its imitated cluster in secrets, are left out.
fn said(out: &str, err: &str) -> (String, String) {
    if out.contains("\nUsage:") || err.contains("Usage:") {
        return ("help".to_owned(), String::new());
    }
    let mut message = String::new();
    for line in err.lines() {
        match serde_json::from_str::<Value>(line) {
            Ok(entry) if entry["level"] == "info" => {}
            Ok(entry) => message += entry["msg"].as_str().unwrap_or(line),
            Err(_) => message += without_time(line).trim_start_matches("warning: "),
        }
    }
    let mut kept = Vec::new();
    let mut marks: Option<&str> = None;
    for line in out.lines().filter(|line| !line.starts_with("{\"level\":\"info\"")) {
        match marks {
            Some(end) if end.is_empty() && !line.starts_with("   ") && !line.starts_with("  -") => {
                marks = None;
            }
            Some(end) if line == end => {
                marks = None;
                continue;
            }
            Some(_) => continue,
            None => {}
        }
        match line {
            "  managedFields:" => marks = Some(""),
            "    \"managedFields\": [" => marks = Some("    ],"),
            line => kept.push(line),
        }
    }
    let out = kept.join("\n").trim_end().to_owned();
    match out.strip_prefix("Error: ") {
        Some(error) => (String::new(), error.to_owned()),
        None => (out, message.trim_start_matches("Error: ").trim_end().to_owned()),
    }
}

/// Go's own log begins with the time.
fn without_time(line: &str) -> &str {
    match line.get(..20) {
        Some(time) if time.ends_with(' ') && time.matches('/').count() == 2 => &line[20..],
        _ => line,
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| line.strip_prefix("$ "))
}

#[test]
fn answers_are_those_of_argocd() {
    let script = std::fs::read_to_string(fixture().join("script.txt")).unwrap();
    let recorded = fixture().join("argocd-3.2.6.json");
    let home = tempfile::tempdir().unwrap();
    if std::env::var_os("WINDLASS_RECORD").is_some() && windlass_testkit::available(&["argocd"]) {
        let argocd = windlass_testkit::peer("argocd").unwrap();
        let answers: Vec<Value> =
            lines(&script).map(|line| answer(&argocd, home.path(), line)).collect();
        let text = serde_json::to_string_pretty(&answers).unwrap();
        std::fs::write(&recorded, text + "\n").unwrap();
    }
    let program = home.path().join("argocd");
    symlink(env!("CARGO_BIN_EXE_windlass"), &program).unwrap();
    let theirs: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(&recorded).unwrap()).unwrap();
    let mut report = Vec::new();
    let mut count = 0;
    for (line, theirs) in lines(&script).zip(&theirs) {
        count += 1;
        assert_eq!(theirs["do"], line, "the script was changed and not recorded");
        let ours = answer(&program, home.path(), line);
        let only_words = lines(WORDS).any(|other| other == line) && ours["code"] == theirs["code"];
        let on_purpose = lines(DIFFERENT).any(|other| other == line);
        if ours != *theirs && !only_words && !on_purpose {
            let [ours, theirs] = [&ours, theirs]
                .map(|side| serde_json::to_string_pretty(side).unwrap().replace("\\n", "\n"));
            let diff = similar::TextDiff::from_lines(&ours, &theirs);
            report.push(format!("$ {line}\n{}", diff.unified_diff().context_radius(1)));
        }
    }
    assert_eq!(count, theirs.len(), "the script was changed and not recorded");
    assert!(report.is_empty(), "{} of {count} differ:\n{}", report.len(), report.join("\n"));
}
