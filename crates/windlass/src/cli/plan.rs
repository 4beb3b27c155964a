//! `windlass plan`.

use std::process::ExitCode;

use serde_json::json;

use super::app::{Asked, Connection, Flags, JqBound, Revisions, Wanted, compare};
use super::failure::Failure;
use super::output::{self, Notation};

/// Show what a sync of an application would do, and why: phases, waves, and the fields that differ.
///
/// Exit codes: 0 planned, 20 an error.
///
/// Examples:
///   windlass plan guestbook
///   windlass plan guestbook --revision v2 -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    #[command(flatten)]
    revisions: Revisions,
    /// Output format.
    #[arg(long, short, value_parser = ["wide", "json", "yaml"], default_value = "wide")]
    output: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
    #[command(flatten)]
    connection: Flags,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    super::block_on(async {
        let connection = Connection::open(&args.connection).await?;
        let name = connection.name(&args.name, args.app_namespace.as_deref());
        let stored = connection.get(&name).await?;
        let wanted = Wanted::Revisions(args.revisions.of(&stored.app, Asked::Diff)?);
        let compared = compare(&connection, &stored, &wanted, &JqBound::default()).await?;
        let differences: Vec<_> = compared
            .comparison
            .resources
            .iter()
            .filter(|r| r.own && r.live.is_some() && r.target.is_some() && r.diff.modified)
            .map(|r| (r.status.key(), r.diff.differences(r.live.as_deref(), &[])))
            .collect();
        match args.output.as_str() {
            "wide" => {
                let mut out = compared.plan.to_string();
                for (key, fields) in &differences {
                    out.push_str(&format!("\n{key}\n"));
                    for field in fields {
                        out.push_str(&format!("  {}: {}", field.path, change(field)));
                        if let Some(owner) = &field.owner {
                            out.push_str(&format!(" (set by {})", owner.manager));
                        }
                        out.push('\n');
                    }
                }
                output::print(&out)?;
            }
            format => {
                let notation = if format == "json" { Notation::Json } else { Notation::Yaml };
                let task = |t: &windlass_engine::sync::PlannedTask| json!({"object": t.id.key, "action": t.what, "reason": t.reason});
                let waves = compared.plan.waves.iter().map(|w| {
                    json!({
                        "phase": w.phase.to_string(),
                        "wave": w.wave,
                        "tasks": w.tasks.iter().map(task).collect::<Vec<_>>(),
                    })
                });
                let differences = differences.iter().map(|(key, fields)| {
                    let fields = fields.iter().map(|f| {
                        json!({
                            "field": f.path,
                            "desired": f.desired,
                            "live": f.live,
                            "manager": f.owner.as_ref().map(|o| &o.manager),
                        })
                    });
                    json!({"object": key, "fields": fields.collect::<Vec<_>>()})
                });
                let value = json!({
                    "refused": compared.plan.refused.iter().map(task).collect::<Vec<_>>(),
                    "waves": waves.collect::<Vec<_>>(),
                    "differences": differences.collect::<Vec<_>>(),
                });
                output::print_value(&value, notation)?;
            }
        }
        if compared.incomplete {
            return Err(Failure::generic(
                "some manifests could not be rendered: nothing would be synced",
            ));
        }
        Ok(ExitCode::SUCCESS)
    })
    .map_err(Failure::or_generic)
}

fn change(field: &windlass_engine::diff::Difference) -> String {
    match (&field.live, &field.desired) {
        (Some(live), Some(desired)) => format!("{live} -> {desired}"),
        (Some(live), None) => format!("{live} is removed"),
        (None, Some(desired)) => format!("{desired} is added"),
        (None, None) => String::new(),
    }
}
