//! Every flag of the real helm's help is ours too, with its short name, and takes a value or none as
//! there.

use std::process::Command;

use windlass_testkit::{available, bounded, peer};

/// The commands that there are here.
const COMMANDS: [&str; 28] = [
    "template",
    "lint",
    "create",
    "env",
    "package",
    "pull",
    "push",
    "verify",
    "version",
    "dependency build",
    "dependency list",
    "dependency update",
    "plugin list",
    "registry login",
    "registry logout",
    "repo add",
    "repo index",
    "repo list",
    "repo remove",
    "repo update",
    "search repo",
    "show all",
    "show chart",
    "show crds",
    "show readme",
    "show values",
    "completion bash",
    "completion zsh",
];

/// A flag as the help tells it.
#[derive(Debug, PartialEq)]
struct Flag {
    long: String,
    short: Option<char>,
    takes: Takes,
}

#[derive(Debug, PartialEq)]
enum Takes {
    Nothing,
    Value,
    /// A value behind `=`, or none.
    Perhaps,
}

fn flag(line: &str) -> Option<Flag> {
    let line = line.trim_start();
    let (short, rest) = match line.strip_prefix("--") {
        Some(rest) => (None, rest),
        None => {
            let (short, rest) = line.split_once(", --")?;
            (short.strip_prefix('-')?.chars().next(), rest)
        }
    };
    let (head, _) = rest.split_once("  ")?;
    let (long, kind) = head.split_once(' ').unwrap_or((head, ""));
    let takes = match kind {
        "" => Takes::Nothing,
        kind if kind.contains("[=") => Takes::Perhaps,
        _ => Takes::Value,
    };
    Some(Flag { long: long.to_owned(), short, takes })
}

fn help(path: &[&str]) -> Vec<Flag> {
    let mut command: Command = bounded(&peer("helm").unwrap(), 4 << 30, 60);
    let out = command.args(path).arg("--help").output().unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let (_, flags) = text.split_once("\nFlags:\n").unwrap_or_else(|| panic!("{path:?}: {text}"));
    flags.lines().filter_map(flag).collect()
}

#[test]
fn every_flag_is_taken() {
    if !available(&["helm"]) {
        return;
    }
    let mut missing = Vec::new();
    let mut count = 0;
    for path in COMMANDS {
        let words: Vec<&str> = path.split(' ').collect();
        let mut ours = super::tree();
        ours.build();
        let mut at = &ours;
        for word in &words {
            at = at.find_subcommand(word).unwrap_or_else(|| panic!("no command {path}"));
        }
        for flag in help(&words) {
            if flag.long == "help" {
                continue;
            }
            count += 1;
            let named = |arg: &&clap::Arg| {
                let aliases = arg.get_all_aliases().unwrap_or_default();
                arg.get_long() == Some(&flag.long) || aliases.contains(&&*flag.long)
            };
            let Some(arg) = at.get_arguments().find(named) else {
                missing.push(format!("{path}: {flag:?} is not there"));
                continue;
            };
            let short = flag.short.is_none_or(|short| {
                let also = arg.get_all_short_aliases().unwrap_or_default();
                arg.get_short() == Some(short) || also.contains(&short)
            });
            let takes = match flag.takes {
                Takes::Nothing => !arg.get_action().takes_values(),
                Takes::Value => arg.get_action().takes_values(),
                Takes::Perhaps => true,
            };
            if !(short && takes) {
                missing.push(format!("{path}: {flag:?} is {arg:?}"));
            }
        }
    }
    println!("{count} flags of {} commands", COMMANDS.len());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
