//! `windlass app delete`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use windlass_argo::types::{FINALIZER_BACKGROUND, FINALIZER_FOREGROUND, FINALIZER_RESOURCES};
use windlass_object::{Value, json};

use super::connection::{AppName, Connection, qualified};
use super::wait::{Goal, wait_until};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Delete applications, and their objects unless `--cascade=false`.
///
/// Examples:
///   windlass app delete guestbook --yes
///   windlass app delete -l team=web --yes --wait
///   windlass app delete guestbook --cascade=false
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Names of the applications.
    #[arg(required_unless_present = "selector")]
    names: Vec<String>,
    /// Delete the applications' objects too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, action = clap::ArgAction::Set)]
    cascade: bool,
    /// How the objects are deleted.
    #[arg(long, short, value_name = "foreground|background")]
    propagation_policy: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    yes: bool,
    /// Delete the applications that match this label selector, and none of those that are named.
    #[arg(long, short = 'l', value_name = "SELECTOR")]
    selector: Option<String>,
    /// Wait until they are gone.
    #[arg(long)]
    wait: bool,
    /// Namespace of the applications.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let selector = args.selector.as_ref().filter(|selector| !selector.is_empty());
    let names: Vec<String> = match selector {
        None => args.names.clone(),
        Some(selector) => {
            let found = connection.list(args.app_namespace.as_deref(), selector).await?;
            if found.is_empty() {
                return Err(Failure::generic(format!("no apps match selector {selector}")));
            }
            found.iter().map(|s| qualified(&s.app)).collect()
        }
    };
    let mut ask = args.cascade && !args.yes && std::io::stdout().is_terminal();
    for text in &names {
        if ask {
            match confirm(text, names.len() > 1)? {
                Answer::Yes => {}
                Answer::All => ask = false,
                Answer::No => {
                    output::print_line(&format!("The command to delete '{text}' was cancelled."))?;
                    continue;
                }
            }
        }
        let name = connection.name(text, args.app_namespace.as_deref());
        delete(connection, &name, &args).await?;
        output::print_line(&format!("application '{text}' deleted"))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn delete(connection: &Connection, name: &AppName, args: &Args) -> anyhow::Result<()> {
    let stored = connection.get(name).await?;
    let policy = args.propagation_policy.as_ref().map(|policy| policy.to_lowercase());
    match policy.as_deref() {
        Some(policy) if !args.cascade && !policy.is_empty() => {
            let text = "cannot set propagation policy when cascading is disabled";
            return Err(Failure::generic(text));
        }
        Some(policy) if !["foreground", "background", ""].contains(&policy) => {
            let given = args.propagation_policy.as_deref().unwrap_or(policy);
            return Err(Failure::generic(format!("invalid propagation policy: {given}")));
        }
        _ => {}
    }
    let ours = [FINALIZER_RESOURCES, FINALIZER_FOREGROUND, FINALIZER_BACKGROUND];
    let mut finalizers: Vec<&str> = stored.app.finalizers().filter(|f| !ours.contains(f)).collect();
    if args.cascade {
        finalizers.push(match policy.as_deref().unwrap_or_default() {
            "background" => FINALIZER_BACKGROUND,
            "foreground" => FINALIZER_FOREGROUND,
            _ => FINALIZER_RESOURCES,
        });
    }
    let wanted = json!(finalizers);
    let present = stored.object.get(&["metadata", "finalizers"]).cloned();
    if present.unwrap_or_else(|| Value::Array(Vec::new())) != wanted {
        let version = stored.app.resource_version();
        let metadata = json!({"finalizers": wanted, "resourceVersion": version});
        connection.patch(name, &json!({"metadata": metadata})).await?;
    }
    connection.delete(name).await?;
    if args.wait {
        let goal = Goal { deleted: true, ..Goal::default() };
        wait_until(connection, name, &goal, Duration::MAX, &mut |_| Ok(())).await?;
    }
    Ok(())
}

enum Answer {
    Yes,
    No,
    All,
}

fn confirm(name: &str, several: bool) -> anyhow::Result<Answer> {
    let choice = if several {
        "[y/n/a] where 'a' is to delete all specified apps and their resources without prompting"
    } else {
        "[y/n]"
    };
    loop {
        output::print(&format!(
            "Are you sure you want to delete '{name}' and all its resources? {choice} "
        ))?;
        std::io::stdout().flush()?;
        let mut line = String::new();
        if std::io::stdin().read_line(&mut line)? == 0 {
            return Ok(Answer::No);
        }
        match line.trim().to_ascii_lowercase().as_str() {
            "y" | "yes" => return Ok(Answer::Yes),
            "n" | "no" => return Ok(Answer::No),
            "a" | "all" if several => return Ok(Answer::All),
            _ => {}
        }
    }
}
