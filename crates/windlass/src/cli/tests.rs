//! What every command's help says: in one line what it does, and at least one example that the
//! command takes.

use std::ffi::OsString;

use clap::{Command, CommandFactory as _};

use super::{Cli, argocd, helm, kustomize};

/// A line of help that is longer wraps in a terminal of 80 columns with the command's name.
const ABOUT: usize = 110;
/// Commands that hand their arguments on to another tool's command line.
const PERSONAS: [&str; 3] = ["argocd", "helm", "kustomize"];

/// What is wrong with the help of a command and of those below it.
fn problems(root: &Command, command: &Command, path: &str, found: &mut Vec<String>) {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    if about.is_empty() {
        found.push(format!("{path}: no line says what it does"));
    } else if about.contains('\n') || about.len() > ABOUT {
        found.push(format!("{path}: not one line: {about}"));
    }
    let visible = command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help");
    for below in visible {
        let is_persona = path == "windlass" && PERSONAS.contains(&below.get_name());
        if !is_persona {
            problems(root, below, &format!("{path} {}", below.get_name()), found);
        }
    }
    if command.has_subcommands() {
        return;
    }
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let Some((_, examples)) = long.split_once("Examples:") else {
        found.push(format!("{path}: no example"));
        return;
    };
    // A line that goes on is one.
    let parts: Vec<&str> = examples.split("\\\n").map(str::trim_start).collect();
    let examples = parts.join("");
    let name = path.split(' ').next_back().unwrap_or_default();
    let mut ours = 0;
    for line in examples.lines().map(str::trim).filter(|line| !line.is_empty()) {
        // Of a pipe the part that is ours.
        let Some(line) = line.split(" | ").find(|part| part.starts_with(root.get_name())) else {
            continue;
        };
        // What it does may stand behind it.
        let line = line.split("  ").next().unwrap_or_default();
        let line = line.split([';', '<', '>']).next().unwrap_or_default();
        ours += 1;
        let words = windlass_words(line);
        if !words.iter().any(|word| word == name) {
            found.push(format!("{path}: an example of another command: {line}"));
        }
        if let Err(error) = root.clone().try_get_matches_from(&words) {
            let error = error.to_string();
            let error = error.lines().next().unwrap_or_default();
            found.push(format!("{path}: its example {line:?} cannot be read: {error}"));
        }
    }
    if ours == 0 {
        found.push(format!("{path}: no example"));
    }
}

/// Words as a shell parts them, without what it would put in.
fn windlass_words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quote = None;
    let mut open = false;
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                if !open {
                    words.push(String::new());
                    open = true;
                }
            }
            (None, ' ') => open = false,
            (_, c) => {
                if !open {
                    words.push(String::new());
                    open = true;
                }
                words.last_mut().unwrap().push(c);
            }
        }
    }
    words
}

#[test]
fn every_command_says_what_it_does_with_an_example() {
    let mut found = Vec::new();
    let ours = Cli::command();
    problems(&ours, &ours, "windlass", &mut found);
    let helm = helm::tree();
    problems(&helm, &helm, "helm", &mut found);
    let kustomize = kustomize::tree();
    problems(&kustomize, &kustomize, "kustomize", &mut found);
    let argocd = argocd::tree();
    for own in ["configure", "context", "login", "logout", "version"] {
        let command = argocd.find_subcommand(own).unwrap();
        problems(&argocd, command, &format!("argocd {own}"), &mut found);
    }
    assert!(found.is_empty(), "{} are wrong:\n{}", found.len(), found.join("\n"));
}

/// The paths of all commands that have none below them.
fn leaves(command: &Command, path: &[String], found: &mut Vec<Vec<String>>) {
    for below in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        let path = [path, &[below.get_name().to_owned()]].concat();
        if !PERSONAS.contains(&below.get_name()) {
            leaves(below, &path, found);
        }
    }
    if !command.has_subcommands() {
        found.push(path.to_vec());
    }
}

#[test]
fn wrong_arguments_are_usage() {
    let ours = Cli::command();
    let mut all = Vec::new();
    leaves(&ours, &["windlass".to_owned()], &mut all);
    assert!(all.len() > 100, "{} commands", all.len());
    for path in all {
        let line = [&path[..], &["--no-such-flag".to_owned()]].concat();
        let error = ours.clone().try_get_matches_from(&line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{path:?}: {error}");
    }
    // argocd ends with 1, which is what the real one does: 20 is of requests that failed.
    let argocd = argocd::tree();
    let mut all = Vec::new();
    leaves(&argocd, &[], &mut all);
    for path in all {
        let line = [&path[..], &["--no-such-flag".to_owned()]].concat();
        let line: Vec<OsString> = line.into_iter().map(Into::into).collect();
        let ended = argocd::read(&line);
        let words = ended.expect_err("no such flag is known");
        assert_eq!(words, "unknown flag: --no-such-flag", "{path:?}");
    }
}
