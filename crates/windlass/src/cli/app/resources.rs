//! `windlass app resources`.

use std::process::ExitCode;

use jiff::Timestamp;

use super::connection::Connection;
use super::orphaned;
use super::tree::{self, Branch, Node};
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output;

/// List an application's objects.
///
/// Examples:
///   windlass app resources guestbook
///   windlass app resources guestbook --output tree=detailed
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    /// `tree` shows what the objects own, `tree=detailed` age and health too.
    #[arg(long, short, value_parser = ["", "tree", "tree=detailed"], default_value = "")]
    output: String,
    /// Only what lies in the application's namespace and belongs to none.
    #[arg(long)]
    orphaned: bool,
    /// Project that the application must be of.
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let app = connection.get(&name).await?.app;
    if let Some(project) = args.project.as_deref().filter(|p| !p.is_empty() && *p != app.project())
    {
        // Whether it is there is not told to who may only see another project.
        output::warn(&format!("warning: {} is no application of {project}", app.name()));
        return Err(Failure::generic("permission denied"));
    }
    let mut lines = vec![line(["GROUP", "KIND", "NAMESPACE", "NAME", "ORPHANED"])];
    if args.orphaned {
        // Only they are told, below.
    } else if args.output.is_empty() {
        for resource in &app.status.resources {
            let key = resource.key();
            lines.push(vec![key.group, key.kind, key.namespace, key.name, "No".to_owned()]);
        }
    } else {
        let detailed = args.output == "tree=detailed";
        if detailed {
            lines[0].extend(line(["AGE", "HEALTH", "REASON"]));
        }
        let now = Timestamp::now();
        for root in tree::build(connection, &app).await? {
            rows(&root, &Branch::default(), detailed, now, &mut lines);
        }
    }
    for key in orphaned::find(connection, &app).await? {
        let mut cells = vec![key.group, key.kind, key.namespace, key.name, "Yes".to_owned()];
        cells.resize(lines[0].len(), String::new());
        lines.push(cells);
    }
    output::print(&align(&lines))?;
    Ok(ExitCode::SUCCESS)
}

fn rows(
    node: &Node,
    branch: &Branch,
    detailed: bool,
    now: Timestamp,
    lines: &mut Vec<Vec<String>>,
) {
    let key = node.object.key();
    let group = format!("{}{}", branch.prefix(), key.group);
    let mut cells = vec![group, key.kind, key.namespace, key.name, "No".to_owned()];
    if detailed {
        let (health, reason) = node.health.clone();
        cells.extend([node.age(now), health, reason]);
    }
    lines.push(cells);
    for (i, child) in node.children.iter().enumerate() {
        rows(child, &branch.child(i + 1 == node.children.len()), detailed, now, lines);
    }
}
