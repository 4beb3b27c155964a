//! `windlass helm repo list`.

use windlass_object::{json, yaml};

use crate::cli::helm::environment::Repositories;
use crate::cli::helm::table;

/// List chart repositories.
///
/// Examples:
///   helm repo list
///   helm repo list --output yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// table, json or yaml.
    #[arg(short, long, default_value = "table", value_parser = table::format)]
    output: String,
    /// Print no heads of columns.
    #[arg(long)]
    no_headers: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    // As for Helm, a file that cannot be read has none.
    let known = Repositories::load().ok().flatten().unwrap_or_default().repositories;
    if known.is_empty() && args.output == "table" {
        return crate::cli::helm::tell("no repositories to show\n");
    }
    let all = known.iter().map(|entry| json!({"name": entry.name, "url": entry.url})).collect();
    let text = match args.output.as_str() {
        "json" => {
            let all: Vec<serde_json::Value> = all;
            format!("{}\n", serde_json::to_string(&all)?)
        }
        "yaml" => yaml::to_string(&serde_json::Value::Array(all)),
        _ => {
            let mut rows: Vec<Vec<String>> = Vec::new();
            if !args.no_headers {
                rows.push(vec!["NAME".into(), "URL".into()]);
            }
            rows.extend(known.iter().map(|e| vec![e.name.clone(), e.url.clone()]));
            table::print(&rows, 0)
        }
    };
    crate::cli::persona::print(&text)
}
