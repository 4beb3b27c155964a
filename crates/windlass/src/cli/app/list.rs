//! `windlass app list`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use windlass_argo::types::Application;

use super::connection::{Connection, Stored, qualified};
use super::status;
use crate::cli::columns::{align, line};
use crate::cli::failure::Failure;
use crate::cli::output::{self, Notation};

/// List applications.
///
/// Examples:
///   windlass app list
///   windlass app list -l team=web -o name
///   windlass app list --repo https://example.com/apps.git -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Output format: wide, name, json or yaml; none is the narrow table.
    #[arg(long, short, default_value = "wide")]
    output: String,
    /// Only those that match this label selector.
    #[arg(long, short = 'l', value_name = "SELECTOR", default_value = "")]
    selector: String,
    /// Only those of this project.
    #[arg(long, short, value_name = "NAME")]
    project: Vec<String>,
    /// Only those with this repository.
    #[arg(long, short, value_name = "URL")]
    repo: Option<String>,
    /// Only those in this namespace.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
    /// Only those for this cluster, by name or address.
    #[arg(long, short, value_name = "CLUSTER")]
    cluster: Option<String>,
    /// Only those with this path.
    #[arg(long, short = 'P', value_name = "DIR")]
    path: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let mut all = connection.list(args.app_namespace.as_deref(), &args.selector).await?;
    all.retain(|s| args.wants(&s.app));
    match args.output.as_str() {
        "json" | "yaml" => {
            let notation = if args.output == "json" { Notation::Json } else { Notation::Yaml };
            let objects: Vec<_> = all.iter().map(|s| &s.object).collect();
            output::print_value(&objects, notation)?;
        }
        "name" => {
            for stored in &all {
                output::print_line(&qualified(&stored.app))?;
            }
        }
        wide => output::print(&table(&all, wide == "wide"))?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// Refuses what can be refused before anything is asked.
    ///
    /// # Errors
    /// When the output format is none.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        match self.output.as_str() {
            "wide" | "name" | "json" | "yaml" | "" => Ok(()),
            other => Err(Failure::usage(format!("unknown output format: {other}"))),
        }
    }

    fn wants(&self, app: &Application) -> bool {
        let sources = app.spec.effective_sources();
        let destination = &app.spec.destination;
        (self.project.is_empty() || self.project.iter().any(|p| p == app.project()))
            && self.repo.as_ref().is_none_or(|r| sources.iter().any(|s| s.repo_url == *r))
            && self.path.as_ref().is_none_or(|p| sources.iter().any(|s| s.path == *p))
            && self
                .cluster
                .as_ref()
                .is_none_or(|c| destination.name == *c || destination.server == *c)
    }
}

fn table(all: &[Stored], wide: bool) -> String {
    let mut head = line([
        "NAME",
        "CLUSTER",
        "NAMESPACE",
        "PROJECT",
        "STATUS",
        "HEALTH",
        "SYNCPOLICY",
        "CONDITIONS",
    ]);
    if wide {
        head.extend(line(["REPO", "PATH", "TARGET"]));
    }
    let mut lines = vec![head];
    for Stored { app, .. } in all {
        let mut cells = vec![
            qualified(app),
            status::server(app).to_owned(),
            app.spec.destination.namespace.clone(),
            app.project().to_owned(),
            app.status.sync.status.to_string(),
            status::health(app),
            policy(app).to_owned(),
            conditions(app),
        ];
        if wide {
            let source = app.spec.effective_sources().first().cloned().unwrap_or_default();
            cells.extend([source.repo_url, source.path, source.target_revision]);
        }
        lines.push(cells);
    }
    align(&lines)
}

fn policy(app: &Application) -> &'static str {
    let prunes = app.spec.sync_policy.as_ref().and_then(|p| p.automated.as_ref()?.prune);
    match (app.spec.is_automated(), prunes) {
        (false, _) => "Manual",
        (true, Some(true)) => "Auto-Prune",
        (true, _) => "Auto",
    }
}

/// The types of conditions, with their number where there are several.
fn conditions(app: &Application) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for condition in &app.status.conditions {
        *counts.entry(condition.kind.to_string()).or_default() += 1;
    }
    if counts.is_empty() {
        return "<none>".to_owned();
    }
    let items: Vec<String> = counts
        .into_iter()
        .map(|(kind, n)| if n > 1 { format!("{kind}({n})") } else { kind })
        .collect();
    items.join(",")
}
