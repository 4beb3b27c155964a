//! Every flag of the real argocd is one of ours, or it is written down here why not.
//!
//! What `argocd COMMAND --help` of 3.2.6 shows is in `tests/fixtures/argocd-3.2.6-flags.txt`: a command a
//! line, below it its own flags, as `[-LETTER] --NAME [TYPE]`. With `WINDLASS_RECORD` set it is written anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Arg, CommandFactory as _};

use super::Argocd;

/// Flags that no help shows, from argocd's source.
const HIDDEN: [(&str, &str); 1] = [("app create", "--name string")];

/// What is not there, and why: a command, or one of its flags.
const ABSENT: [(&str, &str); 9] = [
    ("admin dashboard", "of pages, which are not there yet"),
    ("account delete-token", "of Argo CD's API server and its sign-in"),
    ("account generate-token", "of Argo CD's API server and its sign-in"),
    ("account update-password", "of Argo CD's API server and its sign-in"),
    ("appset", "of ApplicationSets, which are not there yet"),
    ("admin cluster shards", "its other flags are of shards and of Argo CD's redis"),
    ("admin cluster stats", "its other flags are of shards and of Argo CD's redis"),
    ("admin notifications", "of notifications, which are not there yet"),
    ("relogin", "of Argo CD's API server and its sign-in"),
];

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/argocd-3.2.6-flags.txt")
}

/// A flag as a help shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Flag {
    name: String,
    letter: Option<char>,
    takes_value: bool,
}

impl Flag {
    /// Of a line like `  -o, --output string   Output format`, or of the fixture.
    fn of_line(line: &str) -> Option<Self> {
        let line = line.trim_start();
        let (letter, rest) = match line.strip_prefix('-').filter(|rest| !rest.starts_with('-')) {
            Some(rest) => (rest.chars().next(), rest.get(1..)?.trim_start_matches([',', ' '])),
            None => (None, line),
        };
        let rest = rest.strip_prefix("--")?;
        let end = rest.find([' ', '\n']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let takes_value = rest.starts_with(' ') && !rest.starts_with("  ");
        let name = name.split('[').next()?.to_owned();
        Some(Self { name, letter, takes_value })
    }

    fn line(&self) -> String {
        let letter = self.letter.map(|l| format!("-{l}, ")).unwrap_or_default();
        let value = if self.takes_value { " VALUE" } else { "" };
        format!("  {letter}--{}{value}", self.name)
    }

    /// What ours lacks of it.
    fn missing_of(&self, ours: &[&Arg]) -> Option<String> {
        let found = ours.iter().find(|arg| {
            arg.get_long() == Some(&self.name)
                || arg.get_all_aliases().is_some_and(|all| all.contains(&self.name.as_str()))
        });
        let Some(arg) = found else { return Some(format!("no --{}", self.name)) };
        // A letter may stand for the same thing under another name.
        let known = |letter: char| ours.iter().any(|arg| arg.get_short() == Some(letter));
        if self.letter.is_some_and(|letter| !known(letter)) {
            return Some(format!("--{} without its letter {:?}", self.name, self.letter));
        }
        let counts = arg.get_num_args().unwrap_or_default();
        let bare = counts.min_values() == 0 || !arg.get_action().takes_values();
        (bare == self.takes_value).then(|| format!("--{} takes a value on one side", self.name))
    }
}

/// The commands below one, and all its flags, of its help.
fn read(help: &str) -> (Vec<String>, BTreeSet<Flag>) {
    let mut commands = Vec::new();
    let mut flags = BTreeSet::new();
    let mut part = "";
    for line in help.lines() {
        if line.ends_with("Commands:") || line.ends_with("Flags:") || line.is_empty() {
            part = line;
        } else if part == "Available Commands:" {
            commands.extend(line.split_whitespace().next().map(str::to_owned));
        } else if part.ends_with("Flags:") {
            flags.extend(Flag::of_line(line));
        }
    }
    (commands, flags)
}

fn record() {
    let argocd = windlass_testkit::peer("argocd").unwrap();
    let home = std::env::temp_dir();
    let help = |path: &[String]| {
        let mut command = Command::new(&argocd);
        command.args(path).arg("--help").env_clear().env("HOME", &home);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    let (_, mut global) = read(&help(&[]));
    // It is the same everywhere.
    global.retain(|flag| flag.name != "help");
    let mut text = String::from("argocd\n");
    global.iter().for_each(|flag| text.push_str(&format!("{}\n", flag.line())));
    let mut left = vec![Vec::new()];
    while let Some(path) = left.pop() {
        let (commands, flags) = read(&help(&path));
        if !path.is_empty() {
            text.push_str(&path.join(" "));
            text.push('\n');
            for flag in flags.difference(&global) {
                if flag.name != "help" {
                    writeln!(text, "{}", flag.line()).unwrap();
                }
            }
        }
        let below = commands.into_iter().filter(|name| name != "help");
        left.extend(below.rev().map(|name| [&path[..], &[name]].concat()));
    }
    std::fs::write(fixture(), text).unwrap();
}

#[test]
fn every_flag_of_argocd_is_one_of_ours() {
    if std::env::var_os("WINDLASS_RECORD").is_some() && windlass_testkit::available(&["argocd"]) {
        record();
    }
    let root = Argocd::command();
    let recorded = std::fs::read_to_string(fixture()).unwrap();
    let mut known: Vec<(String, Flag)> = Vec::new();
    let mut paths = Vec::new();
    for line in recorded.lines() {
        if line.starts_with(' ') {
            known.push((paths.last().cloned().unwrap(), Flag::of_line(line).unwrap()));
        } else {
            paths.push(line.to_owned());
        }
    }
    known.extend(HIDDEN.map(|(path, line)| (path.to_owned(), Flag::of_line(line).unwrap())));
    let find = |path: &str| {
        let names = path.split(' ').filter(|name| *name != "argocd");
        names.into_iter().try_fold(&root, |at, name| at.find_subcommand(name))
    };
    let mut missing: Vec<String> = paths
        .iter()
        .filter(|path| find(path).is_none())
        .map(|path| format!("{path}: no such command"))
        .collect();
    for (path, flag) in &known {
        let Some(command) = find(path) else { continue };
        // A group prints its help, whatever its own flags say.
        if path != "argocd" && command.has_subcommands() {
            continue;
        }
        let groups = path.match_indices(' ').filter_map(|(end, _)| find(&path[..end]));
        let ours: Vec<&Arg> = [&root]
            .into_iter()
            .chain(groups)
            .chain([command])
            .flat_map(clap::Command::get_arguments)
            .collect();
        missing.extend(flag.missing_of(&ours).map(|what| format!("{path}: {what}")));
    }
    let is_absent = |what: &String| ABSENT.iter().any(|(absent, _)| what.starts_with(absent));
    missing.retain(|what| !is_absent(what));
    assert!(missing.is_empty(), "{} are missing:\n{}", missing.len(), missing.join("\n"));
}

/// Flags that no script asks the real argocd about, and why: a command (`*` is all), and a flag.
const UNASKED: &str = include_str!("../../../tests/fixtures/argocd-unasked.txt");

/// Every command and flag is asked of both in a recorded script, or stands in the list with its reason.
#[test]
fn every_flag_is_compared_with_the_real_one() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stories = crates.join("../../tests");
    let mut asked: Vec<String> = Vec::new();
    for script in ["applications", "clusters", "details", "operations", "settings"] {
        let path = stories.join(format!("fixtures/argocd-{script}/script.txt"));
        asked.extend(std::fs::read_to_string(path).unwrap().lines().map(str::to_owned));
    }
    let offline = crates.join("tests/fixtures/argocd-admin/script.txt");
    asked.extend(std::fs::read_to_string(offline).unwrap().lines().map(str::to_owned));
    let mut asked: Vec<String> =
        asked.iter().filter_map(|line| line.strip_prefix("$ ").map(str::to_owned)).collect();
    // Of these the questions are in Rust.
    let scenario = std::fs::read_to_string(stories.join("tests/argocd/scenario.rs")).unwrap();
    asked.extend(scenario.split('"').filter(|t| t.starts_with("app ")).map(str::to_owned));
    asked.push(
        "app create --repo --path --dest-server --dest-namespace --sync-option --upsert".to_owned(),
    );
    asked.push("app create --project".to_owned());
    asked.push("app diff --revision".to_owned());
    let logs = std::fs::read_to_string(stories.join("tests/argocd/logs.rs")).unwrap();
    asked.extend(logs.split('"').filter(|t| t.starts_with('-')).map(|t| format!("app logs {t}")));

    let reasons: Vec<(&str, &str)> = UNASKED
        .lines()
        .filter(|line| line.starts_with("- "))
        .map(|line| line[2..].rsplit_once(" --").unwrap_or((&line[2..], "")))
        .collect();
    let mut used = BTreeSet::new();
    let mut is_excused = |path: &str, flag: &str| {
        let found = reasons.iter().position(|(command, name)| {
            let below = command.strip_suffix('*').is_some_and(|stem| path.starts_with(stem));
            (below || *command == path) && (*name == "*" || *name == flag)
        });
        used.extend(found);
        found.is_some()
    };
    let mut missing = Vec::new();
    let recorded = std::fs::read_to_string(fixture()).unwrap();
    let mut path = "";
    let mut lines = Vec::new();
    for line in recorded.lines() {
        if !line.starts_with(' ') {
            path = line;
            lines = asked
                .iter()
                .filter(|a| {
                    a.strip_prefix(path).is_some_and(|r| r.is_empty() || r.starts_with(' '))
                })
                .collect();
            if lines.is_empty() && !is_excused(path, "") {
                missing.push(format!("{path}: never asked"));
            }
            continue;
        }
        let flag = Flag::of_line(line).unwrap();
        let long = format!("--{}", flag.name);
        let short = flag.letter.map(|letter| format!("-{letter}"));
        let has = |asked: &&&String| {
            asked
                .split(' ')
                .any(|word| word.split('=').next() == Some(&long) || short.as_deref() == Some(word))
        };
        if !lines.iter().any(|a| has(&a)) && !is_excused(path, &flag.name) {
            missing.push(format!("{path} {long}"));
        }
    }
    assert!(missing.is_empty(), "{} are not compared:\n{}", missing.len(), missing.join("\n"));
    let idle: Vec<_> = reasons.iter().enumerate().filter(|(i, _)| !used.contains(i)).collect();
    assert!(idle.is_empty(), "reasons that nothing needs: {idle:?}");
}

/// A command's own argument of a global flag's name would be taken for it.
fn check_own_names(
    command: &clap::Command,
    globals: &BTreeSet<String>,
    path: &str,
    bad: &mut String,
) {
    for own in command.get_arguments().filter(|own| !own.is_global_set()) {
        if own.is_positional() && globals.contains(own.get_id().as_str()) {
            let _ = writeln!(bad, "{path}: {}", own.get_id());
        }
    }
    for below in command.get_subcommands() {
        check_own_names(below, globals, &format!("{path} {}", below.get_name()), bad);
    }
}

#[test]
fn no_argument_is_taken_for_a_global_flag() {
    let command = Argocd::command();
    let globals = command.get_arguments().filter(|arg| arg.is_global_set());
    let globals = globals.map(|arg| arg.get_id().to_string()).collect();
    let mut bad = String::new();
    check_own_names(&command, &globals, "argocd", &mut bad);
    // It is the server that one logs in to, and refused as the flag is.
    assert_eq!(bad, "argocd login: server\n");
}
