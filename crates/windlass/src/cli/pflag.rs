//! Command lines as Go's cobra and pflag read them, and their words for what cannot be read.
//!
//! The tools that Windlass takes the place of read theirs with these libraries: a flag that is on
//! or off may be given a value, the last of several wins, a value may begin with a hyphen.

use std::ffi::OsString;

use clap::builder::ValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, Parser};

/// A command line that is no command.
pub(crate) enum Ended {
    /// It asks for this help, or says too little.
    Help {
        /// The help.
        text: String,
        /// Why it is shown.
        why: Why,
    },
    /// It cannot be read.
    Wrong(String),
}

/// Why a help is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is asked for.
    Asked,
    /// Only a group of commands is named.
    Group,
    /// An argument is missing.
    Missing,
}

/// Reads a tool's command line.
pub(crate) fn read<T: Parser>(tool: &str, arguments: &[OsString]) -> Result<T, Ended> {
    let mut command = command(T::command());
    let line = std::iter::once(OsString::from(tool)).chain(arguments.iter().cloned());
    let read = command.try_get_matches_from_mut(line);
    read.and_then(|matches| T::from_arg_matches(&matches)).map_err(|error| {
        let rendered = error.render().to_string();
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Ended::Help { text: rendered, why: Why::Asked }
            }
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Ended::Help { text: rendered, why: Why::Group }
            }
            ErrorKind::InvalidSubcommand if leaf(&command, arguments).0.get_name() != tool => {
                help_of(&command, arguments, Why::Group)
            }
            ErrorKind::MissingSubcommand => help_of(&command, arguments, Why::Group),
            // The others name what is missing; argocd shows how it is used.
            ErrorKind::MissingRequiredArgument
                if tool == "argocd" && lacks_no_flag(&command, &error, arguments) =>
            {
                help_of(&command, arguments, Why::Missing)
            }
            _ => Ended::Wrong(words(&command, &error, arguments).unwrap_or_else(|| {
                rendered.strip_prefix("error: ").unwrap_or(&rendered).trim_end().to_owned()
            })),
        }
    })
}

fn help_of(root: &Command, arguments: &[OsString], why: Why) -> Ended {
    let text = leaf(root, arguments).0.clone().render_help().to_string();
    Ended::Help { text, why }
}

/// Whether what is missing are arguments only, of flags that are all known.
fn lacks_no_flag(root: &Command, error: &clap::Error, arguments: &[OsString]) -> bool {
    let missing = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(missing)) => missing.as_slice(),
        _ => &[],
    };
    !missing.iter().any(|shown| shown.starts_with("--"))
        && unknown_flag(leaf(root, arguments).0, root, arguments).is_none()
}

/// The first flag that the command does not have.
fn unknown_flag<'a>(leaf: &Command, root: &Command, arguments: &'a [OsString]) -> Option<&'a str> {
    arguments.iter().filter_map(|a| a.to_str()).find(|argument| {
        argument.len() > 2 && argument.starts_with("--") && find(leaf, root, argument).is_none()
    })
}

/// The command with flags as pflag has them, and all commands below it.
fn command(command: Command) -> Command {
    command.args_override_self(true).mut_args(flag).mut_subcommands(self::command)
}

fn flag(arg: Arg) -> Arg {
    if arg.is_positional() {
        return arg;
    }
    match arg.get_action() {
        ArgAction::SetTrue => arg
            .action(ArgAction::Set)
            .num_args(0..=1)
            .require_equals(true)
            .default_value("false")
            .default_missing_value("true")
            .hide_default_value(true)
            .hide_possible_values(true)
            .value_name("BOOL")
            .value_parser(ValueParser::new(boolean)),
        // A flag whose value is optional takes it behind an equals sign only.
        ArgAction::Set | ArgAction::Append
            if arg.get_num_args().is_none_or(|n| n.min_values() == 1 && n.max_values() == 1) =>
        {
            arg.allow_hyphen_values(true)
        }
        _ => arg,
    }
}

/// A boolean as `strconv.ParseBool` reads it.
pub(crate) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

/// What cobra or pflag say where clap found `error` in the `arguments` of `root`.
fn words(root: &Command, error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    let (leaf, path) = leaf(root, arguments);
    let given = context(ContextKind::InvalidArg).unwrap_or_default();
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = context(ContextKind::InvalidSubcommand)?;
            Some(unknown_command(root, &name))
        }
        ErrorKind::UnknownArgument if given.starts_with("--") => {
            Some(format!("unknown flag: {}", given.split('=').next().unwrap_or_default()))
        }
        ErrorKind::UnknownArgument if given.len() > 1 && given.starts_with('-') => {
            let letter = given.chars().nth(1).unwrap_or_default();
            Some(format!("unknown shorthand flag: {letter:?} in {given}"))
        }
        ErrorKind::UnknownArgument
        | ErrorKind::TooManyValues
        | ErrorKind::MissingRequiredArgument => {
            let missing = match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::Strings(missing)) => missing.as_slice(),
                _ => &[],
            };
            match unknown_flag(leaf, root, arguments) {
                Some(flag) => {
                    Some(format!("unknown flag: {}", flag.split('=').next().unwrap_or_default()))
                }
                None if missing.iter().any(|shown| shown.starts_with("--")) => {
                    let name = |shown: &String| find(leaf, root, shown)?.get_long();
                    let names: Vec<String> =
                        missing.iter().filter_map(name).map(|name| format!("{name:?}")).collect();
                    Some(format!("required flag(s) {} not set", names.join(", ")))
                }
                None => count(leaf, &path),
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let flag = find(leaf, root, &given)?;
            let value = context(ContextKind::InvalidValue).unwrap_or_default();
            let long = flag.get_long().unwrap_or_default();
            let last = arguments.last().map(|a| a.to_string_lossy().into_owned());
            let last = last.unwrap_or_default();
            if value.is_empty() && error.kind() == ErrorKind::InvalidValue && !last.contains('=') {
                return Some(match flag.get_short() {
                    Some(letter) if last == format!("-{letter}") => {
                        format!("flag needs an argument: {letter:?} in -{letter}")
                    }
                    _ => format!("flag needs an argument: --{long}"),
                });
            }
            let why = std::error::Error::source(error)?;
            let short = flag.get_short().map(|s| format!("-{s}, ")).unwrap_or_default();
            Some(format!("invalid argument {value:?} for \"{short}--{long}\" flag: {why}"))
        }
        _ => None,
    }
}

/// The command that the arguments name, and its path.
fn leaf<'a>(root: &'a Command, arguments: &[OsString]) -> (&'a Command, String) {
    let mut at = (root, root.get_name().to_owned());
    for argument in arguments {
        let Some(next) = argument.to_str().and_then(|name| at.0.find_subcommand(name)) else {
            continue;
        };
        at = (next, format!("{} {}", at.1, next.get_name()));
    }
    at
}

fn find<'a>(leaf: &'a Command, root: &'a Command, shown: &str) -> Option<&'a Arg> {
    let long = shown.split("--").nth(1)?.split([' ', '=', '[']).next()?;
    let mut all = leaf.get_arguments().chain(root.get_arguments());
    all.find(|arg| {
        arg.get_long() == Some(long)
            || arg.get_all_aliases().is_some_and(|aliases| aliases.contains(&long))
    })
}

fn unknown_command(root: &Command, name: &str) -> String {
    let tool = root.get_name();
    let near: Vec<&str> = root
        .get_subcommands()
        .map(Command::get_name)
        .filter(|known| distance(name, known) <= 2 || known.starts_with(name))
        .collect();
    let mut text = format!("unknown command {name:?} for {tool:?}\n");
    if !near.is_empty() {
        text.push_str("\nDid you mean this?\n");
        near.iter().for_each(|known| text.push_str(&format!("\t{known}\n")));
        text.push('\n');
    }
    text + &format!("Run '{tool} --help' for usage.")
}

/// Levenshtein's distance, whatever the case of letters.
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.to_lowercase(), right.to_lowercase());
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut before = i;
        row[0] = i + 1;
        for (j, b) in right.chars().enumerate() {
            let replaced = before + usize::from(a != b);
            before = row[j + 1];
            row[j + 1] = replaced.min(before + 1).min(row[j] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

/// How many arguments a command takes, in Helm's words; its usage is cobra's `Use` line.
fn count(leaf: &Command, path: &str) -> Option<String> {
    let positional: Vec<&Arg> = leaf.get_positionals().collect();
    let least = positional.iter().filter(|arg| arg.is_required_set()).count();
    let endless = positional.iter().any(|arg| matches!(arg.get_action(), ArgAction::Append));
    let noun = |n: usize| if n == 1 { "argument" } else { "arguments" };
    let most = positional.len();
    let takes = match (least, most) {
        (0, 0) => "accepts no arguments".to_owned(),
        (n, _) if endless => format!("requires at least {n} {}", noun(n)),
        (0, n) => format!("accepts at most {n} {}", noun(n)),
        (n, _) => format!("requires {n} {}", noun(n)),
    };
    let usage = leaf.clone().render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let usage = match usage.split_once(path) {
        Some((_, rest)) if !rest.contains("[OPTIONS]") => format!("{path}{rest}"),
        _ if most == 0 => format!("{path} [flags]"),
        _ => return None,
    };
    Some(format!("{path:?} {takes}\n\nUsage:  {usage}"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::Ended;

    #[derive(Debug, clap::Args)]
    struct Leaf {
        #[arg(long)]
        on: bool,
        #[arg(short, long)]
        name: Vec<String>,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Some {
        Version(Leaf),
        #[command(override_usage = "tool pair ONE TWO [flags]")]
        Pair {
            one: String,
            two: String,
        },
    }

    #[derive(Debug, Parser)]
    #[command(name = "tool", arg_required_else_help = true)]
    struct Tool {
        #[command(subcommand)]
        some: Some,
    }

    #[track_caller]
    fn check(line: &str, want: &str) {
        let arguments: Vec<std::ffi::OsString> = line.split(' ').map(Into::into).collect();
        let read = super::read::<Tool>("tool", &arguments);
        let told = match read {
            Ok(Tool { some: Some::Version(leaf) }) => format!("{} {:?}", leaf.on, leaf.name),
            Ok(Tool { some: Some::Pair { one, two } }) => format!("{one} {two}"),
            Err(Ended::Help { .. }) => "help".to_owned(),
            Err(Ended::Wrong(text)) => text,
        };
        assert_eq!(told, want);
    }

    #[test]
    fn flags() {
        check("version --on", "true []");
        check("version --on=F --name --on -n x", "false [\"--on\", \"x\"]");
        check("version --on --on=0", "false []");
        let words = "invalid argument \"x\" for \"--on\" flag: strconv.ParseBool: parsing \"x\": \
                     invalid syntax";
        check("version --on=x", words);
        check("version --off=1", "unknown flag: --off");
        check("version -z", "unknown shorthand flag: 'z' in -z");
        check("version --name", "flag needs an argument: --name");
        check("version -n", "flag needs an argument: 'n' in -n");
    }

    #[test]
    fn commands() {
        check("pair a b", "a b");
        check("--help", "help");
        let usage = "\n\nUsage:  tool pair ONE TWO [flags]";
        check("pair a", &format!("\"tool pair\" requires 2 arguments{usage}"));
        check("pair a b c", &format!("\"tool pair\" requires 2 arguments{usage}"));
        let usage = "\n\nUsage:  tool version [flags]";
        check("version x", &format!("\"tool version\" accepts no arguments{usage}"));
        check("x", "unknown command \"x\" for \"tool\"\nRun 'tool --help' for usage.");
        let near = "\n\nDid you mean this?\n\tversion\n\nRun 'tool --help' for usage.";
        check("vers", &format!("unknown command \"vers\" for \"tool\"{near}"));
    }
}
