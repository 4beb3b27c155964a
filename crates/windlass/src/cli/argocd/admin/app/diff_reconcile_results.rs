//! `argocd admin app diff-reconcile-results`.

use std::collections::BTreeMap;

use windlass_object::{Value, yaml};

use crate::cli::app::{read_text, show_difference};
use crate::cli::failure::Failure;
use crate::cli::output;

/// Show where two files of `get-reconcile-results` differ.
///
/// Examples:
///   windlass admin app diff-reconcile-results before.yaml after.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// The one file.
    first: String,
    /// The other one.
    second: String,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let (first, second) = (read(&args.first)?, read(&args.second)?);
    let mut names: Vec<&String> = first.keys().chain(second.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        output::print_line(name)?;
        let text = |results: &BTreeMap<String, Value>| {
            results.get(name).map(yaml::to_string).unwrap_or_default()
        };
        show_difference(name, &text(&first), &text(&second))?;
    }
    Ok(())
}

/// The results by application.
fn read(file: &str) -> anyhow::Result<BTreeMap<String, Value>> {
    let text = read_text(file)?;
    let value = yaml::parse_one(text.as_bytes(), &yaml::Options::default())
        .map_err(|error| Failure::generic(format!("{file}: {error}")))?;
    let results = value["applications"].as_array().into_iter().flatten();
    let named = |result: &Value| {
        let name = result["name"].as_str().unwrap_or_default().to_owned();
        // In the order and with the fields that argocd writes.
        let mut whole = windlass_object::json!({"name": name});
        for field in ["conditions", "health", "sync"] {
            whole[field] = result[field].clone();
        }
        (name, whole)
    };
    Ok(results.map(named).collect())
}
