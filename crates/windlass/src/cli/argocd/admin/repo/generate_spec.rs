//! `argocd admin repo generate-spec`.

use windlass_object::json;

use super::super::super::repo::Definition;
use super::super::super::secrets::{ARGOCD, LABEL, MANAGED_BY, hash};
use super::super::print::Written;

/// Print the secret that `repo add` would make of these flags, without looking at the repository.
///
/// Examples:
///   windlass admin repo generate-spec https://example.com/apps.git --username me --password "$PASSWORD"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    definition: Definition,
    #[command(flatten)]
    output: Written,
}

/// Runs the command.
pub(super) fn run(args: &Args) -> anyhow::Result<()> {
    let data = args.definition.data()?;
    let (url, project) = (data.text("url"), data.text("project"));
    args.output.print(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": format!("repo-{}", hash(&[&url, &project])),
            "labels": {LABEL: "repository"},
            "annotations": {MANAGED_BY: ARGOCD},
        },
        "stringData": data.string_data(),
    }))
}
