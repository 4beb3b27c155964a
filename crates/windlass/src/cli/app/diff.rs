//! `windlass app diff`.

use std::process::ExitCode;
use std::time::Duration;

use similar::{DiffOp, TextDiff};
use windlass_argo::types::Application;
use windlass_engine::compare::Resource;
use windlass_engine::{hook, mask};
use windlass_object::{Object, yaml};

use super::comparison::{JqBound, Local, Wanted, compare, settings};
use super::connection::{Connection, Stored};
use super::revisions::{Asked, Revisions};
use super::wait::{Goal, wait_until};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show what a sync would change.
///
/// Lines that begin with `<` are live, lines that begin with `>` are wanted. With
/// KUBECTL_EXTERNAL_DIFF set, that program is run on each pair of files instead. The data of
/// secrets is masked.
/// Exit codes: 0 no difference, 1 a difference (see `--exit-code`), 20 an error.
///
/// Examples:
///   windlass app diff guestbook
///   windlass app diff guestbook --revision v2
///   windlass app diff guestbook --local ./apps/guestbook --exit-code=false
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// Compare with Git anew first.
    #[arg(long)]
    refresh: bool,
    /// Render and compare anew first.
    #[arg(long)]
    hard_refresh: bool,
    /// End with another code when there is a difference.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = true, action = clap::ArgAction::Set)]
    exit_code: bool,
    /// Which code that is.
    #[arg(long, value_name = "CODE", default_value_t = 1)]
    diff_exit_code: u8,
    #[command(flatten)]
    revisions: Revisions,
    #[command(flatten)]
    local: Local,
    /// Globs of local files that a server would be sent: of no effect, nothing is sent.
    #[arg(long, hide = true)]
    local_include: Vec<String>,
    /// Nothing is sent to a server: of no effect.
    #[arg(long, hide = true)]
    server_side_generate: bool,
    /// Compare with what the API makes of the manifests.
    #[arg(long)]
    server_side_diff: bool,
    #[command(flatten)]
    jq: JqBound,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    args.revisions.check(Asked::Diff)?;
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    if args.refresh || args.hard_refresh {
        connection.refresh(&name, if args.hard_refresh { "hard" } else { "normal" }).await?;
        let goal = Goal { refreshed: true, ..Goal::default() };
        wait_until(connection, &name, &goal, Duration::from_secs(60), &mut |_| Ok(())).await?;
    }
    let stored = connection.get(&name).await?;
    if args.by_server(&stored) && args.local.local.is_some() && !args.server_side_generate {
        return Err(Failure::fatal(
            "--server-side-diff with --local requires --server-side-generate.",
        ));
    }
    let local = if args.server_side_generate {
        let source = stored.app.spec.effective_sources().first().cloned().unwrap_or_default();
        args.local.of_repository(&source.path)?
    } else {
        args.local.clone()
    };
    let wanted = match local.wanted() {
        Some(local) => local,
        None => Wanted::Revisions(args.revisions.of(&stored.app, Asked::Diff)?),
    };
    if matches!(wanted, Wanted::Local(_)) && !args.server_side_generate {
        output::warn(
            "Warning: local diff without --server-side-generate is deprecated and does not work \
             with plugins. Server-side generation will be the default in v2.7.",
        );
    }
    let stored = if args.server_side_diff { server_side(stored)? } else { stored };
    let differs = print_differences(connection, &stored, &wanted, &args.jq).await?;
    Ok(if differs && args.exit_code {
        ExitCode::from(args.diff_exit_code)
    } else {
        ExitCode::SUCCESS
    })
}

const OPTIONS: &str = "argocd.argoproj.io/compare-options";

/// Whether an application asks for comparisons by the API.
fn asks_server(object: &Object) -> bool {
    let options = object.annotation(OPTIONS).unwrap_or_default();
    options.split(',').any(|option| option.trim() == "ServerSideDiff=true")
}

impl Args {
    fn by_server(&self, stored: &Stored) -> bool {
        self.server_side_diff || asks_server(&stored.object)
    }
}

/// The application as if it asked for comparisons by the API.
fn server_side(stored: Stored) -> anyhow::Result<Stored> {
    let mut object = stored.object;
    let own = object.annotation(OPTIONS).unwrap_or_default();
    if !asks_server(&object) {
        output::warn("Warning: Application does not have ServerSideDiff=true annotation.");
    }
    let all = own.split(',').map(str::trim).filter(|o| !o.starts_with("ServerSideDiff"));
    let all: Vec<&str> = all.chain(["ServerSideDiff=true"]).filter(|o| !o.is_empty()).collect();
    let all = all.join(",");
    object.set(&["metadata", "annotations", OPTIONS], all);
    let app = Application::from_object(&object)?;
    Ok(Stored { object, app })
}

/// Prints what a sync would change; whether there is something.
///
/// # Errors
/// When some manifests could not be rendered, after all that is known was printed.
pub(super) async fn print_differences(
    connection: &Connection,
    stored: &Stored,
    wanted: &Wanted,
    bound: &JqBound,
) -> anyhow::Result<bool> {
    let masked = settings(connection).await?.masked_annotations;
    let compared = compare(connection, stored, wanted, bound).await?;
    let mut differs = false;
    for resource in &compared.comparison.resources {
        let Some((live, target)) = difference(resource, &masked) else { continue };
        differs = true;
        let key = resource.status.key();
        output::print(&format!(
            "\n===== {}/{} {}/{} ======\n",
            key.group, key.kind, key.namespace, key.name
        ))?;
        show(&key.name, &live, &target)?;
    }
    if compared.incomplete {
        return Err(Failure::generic(
            "some manifests could not be rendered: the difference is not whole",
        ));
    }
    Ok(differs)
}

/// Both sides of an object that a sync would change, as YAML. One that is only here or only there
/// is shown as it is.
fn difference(resource: &Resource, masked: &[String]) -> Option<(String, String)> {
    let is_hook = resource.live.as_deref().is_some_and(hook::is_hook);
    let gone = resource.target.is_none();
    if !resource.own || is_hook || !(resource.diff.modified || resource.status.requires_pruning) {
        return None;
    }
    let mut live =
        if gone { resource.live.as_deref().cloned() } else { resource.diff.live.clone() };
    let mut target = if gone { None } else { resource.diff.predicted.clone() };
    let mut versions: Vec<&mut Object> = target.iter_mut().chain(live.iter_mut()).collect();
    mask::mask(&mut versions, masked);
    let text = |object: Option<Object>| {
        let Some(mut object) = object else { return String::new() };
        object.remove(&["metadata", "creationTimestamp"]);
        if !gone {
            object.remove(&["metadata", "managedFields"]);
            object.remove_annotation("kubectl.kubernetes.io/last-applied-configuration");
        }
        yaml::to_string(&object.into_value())
    };
    Some((text(live), text(target)))
}

/// Prints the difference of two texts: with the program that `KUBECTL_EXTERNAL_DIFF` names, else as
/// `diff` does.
pub(crate) fn show(name: &str, live: &str, target: &str) -> anyhow::Result<()> {
    let Some(program) = std::env::var("KUBECTL_EXTERNAL_DIFF").ok().filter(|p| !p.is_empty())
    else {
        return output::print(&normal_diff(live, target));
    };
    let dir = tempfile::tempdir()?;
    let (live_file, target_file) =
        (dir.path().join(format!("{name}-live.yaml")), dir.path().join(name));
    std::fs::write(&live_file, live)?;
    std::fs::write(&target_file, target)?;
    let mut words = program.split_whitespace();
    let Some(program) = words.next() else { return Ok(()) };
    // Its exit code says that there is a difference, which is known.
    std::process::Command::new(program).args(words).arg(live_file).arg(target_file).status()?;
    Ok(())
}

/// The difference as `diff` prints it.
fn normal_diff(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let (old_lines, new_lines) = (diff.old_slices(), diff.new_slices());
    let mut out = String::new();
    for op in diff.ops() {
        let (letter, old, new) = match *op {
            DiffOp::Equal { .. } => continue,
            DiffOp::Delete { old_index, old_len, new_index } => {
                ('d', (old_index, old_len), (new_index, 0))
            }
            DiffOp::Insert { old_index, new_index, new_len } => {
                ('a', (old_index, 0), (new_index, new_len))
            }
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                ('c', (old_index, old_len), (new_index, new_len))
            }
        };
        out.push_str(&format!("{}{letter}{}\n", range(old), range(new)));
        push(&mut out, "<", &old_lines[old.0..old.0 + old.1]);
        if letter == 'c' {
            out.push_str("---\n");
        }
        push(&mut out, ">", &new_lines[new.0..new.0 + new.1]);
    }
    out
}

fn push(out: &mut String, sign: &str, lines: &[&str]) {
    for line in lines {
        out.push_str(&format!("{sign} {}\n", line.trim_end_matches('\n')));
    }
}

/// Lines counted from one; nothing stands behind the line before it.
fn range((start, len): (usize, usize)) -> String {
    match len {
        0 => start.to_string(),
        1 => (start + 1).to_string(),
        _ => format!("{},{}", start + 1, start + len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_diff_does() {
        assert_eq!(
            normal_diff("a\nb\nc\n", "a\nx\ny\nc\nd\n"),
            "2c2,3\n< b\n---\n> x\n> y\n3a5\n> d\n"
        );
        assert_eq!(normal_diff("a\nb\n", "b\n"), "1d0\n< a\n");
        assert_eq!(normal_diff("a\n", "a\n"), "");
    }
}
