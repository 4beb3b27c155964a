//! `kustomize edit remove`.

use anyhow::{anyhow, bail};
use clap::Subcommand;
use windlass_kustomize::edit::{self, Sort};
use windlass_kustomize::kustomization::Kustomization;

use super::PatchArgs;
use super::file::{self, warn};

/// What is removed.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Removes one or more resource file paths
    ///
    /// Examples:
    ///   kustomize edit remove resource deployment.yaml
    #[command(verbatim_doc_comment)]
    Resource { files: Vec<String> },
    /// Removes one or more components
    ///
    /// Examples:
    ///   kustomize edit remove component components/tls
    #[command(verbatim_doc_comment)]
    Component { files: Vec<String> },
    /// Removes one or more transformers
    ///
    /// Examples:
    ///   kustomize edit remove transformer labels.yaml
    #[command(verbatim_doc_comment)]
    Transformer { files: Vec<String> },
    /// Removes a patch
    ///
    /// Examples:
    ///   kustomize edit remove patch --path replicas.yaml --kind Deployment --name web
    #[command(verbatim_doc_comment)]
    Patch(PatchArgs),
    /// Removes the specified configmap(s)
    ///
    /// Examples:
    ///   kustomize edit remove configmap settings
    #[command(verbatim_doc_comment)]
    Configmap {
        names: Vec<String>,
        /// Namespace to remove ConfigMap(s) from
        #[arg(long, default_value = "", hide_default_value = true)]
        namespace: String,
    },
    /// Removes the specified secret(s)
    ///
    /// Examples:
    ///   kustomize edit remove secret login --namespace staging
    #[command(verbatim_doc_comment)]
    Secret {
        names: Vec<String>,
        /// Namespace to remove Secret(s) from
        #[arg(long, default_value = "", hide_default_value = true)]
        namespace: String,
    },
    /// Removes one or more commonLabels
    ///
    /// Examples:
    ///   kustomize edit remove label team,tier
    #[command(verbatim_doc_comment)]
    Label {
        keys: Vec<String>,
        /// ignore error if the given label doesn't exist
        #[arg(short, long)]
        ignore_non_existence: bool,
    },
    /// Removes one or more commonAnnotations
    ///
    /// Examples:
    ///   kustomize edit remove annotation owner --ignore-non-existence
    #[command(verbatim_doc_comment)]
    Annotation {
        keys: Vec<String>,
        /// ignore error if the given label doesn't exist
        #[arg(short, long)]
        ignore_non_existence: bool,
    },
    /// Removes one or more buildMetadata options
    ///
    /// Examples:
    ///   kustomize edit remove buildmetadata originAnnotations
    #[command(verbatim_doc_comment)]
    Buildmetadata { options: Vec<String> },
}

/// Runs the command.
pub(super) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Resource { files } => paths(&files, "resource", |k| &mut k.resources),
        Command::Component { files } => paths(&files, "component", |k| &mut k.components),
        Command::Transformer { files } => paths(&files, "transformer", |k| &mut k.transformers),
        Command::Patch(args) => file::change(|k| {
            let patch = args.patch();
            let is_gone = edit::remove_patch(k, &patch).map_err(|e| anyhow!("{e}"))?;
            if !is_gone {
                warn(&format!("patch {} doesn't exist in kustomization file", patch.patch));
            }
            Ok(is_gone)
        }),
        Command::Configmap { names, namespace } => generators(Sort::ConfigMap, &names, &namespace),
        Command::Secret { names, namespace } => generators(Sort::Secret, &names, &namespace),
        Command::Label { keys, ignore_non_existence } => {
            let names = ("commonLabels", "label");
            pairs(&keys, names, ignore_non_existence, |k| &mut k.common_labels)
        }
        Command::Annotation { keys, ignore_non_existence } => {
            let names = ("commonAnnotations", "annotation");
            pairs(&keys, names, ignore_non_existence, |k| &mut k.common_annotations)
        }
        Command::Buildmetadata { options } => {
            let options = edit::build_metadata(&options).map_err(|e| anyhow!("{e}"))?;
            file::change(|k| {
                edit::remove_build_metadata(k, &options);
                Ok(true)
            })
        }
    }
}

fn paths(
    files: &[String],
    what: &str,
    field: impl FnOnce(&mut Kustomization) -> &mut Vec<String>,
) -> anyhow::Result<()> {
    if files.is_empty() {
        bail!("must specify a {what} file");
    }
    file::change(|k| edit::remove_paths(field(k), files).map_err(|e| anyhow!("{e}")))
}

fn generators(sort: Sort, names: &[String], namespace: &str) -> anyhow::Result<()> {
    file::change(|k| {
        let missing = edit::remove_generators(k, sort, names, namespace);
        missing.map_err(|e| anyhow!("{e}"))?.iter().for_each(|text| warn(text));
        Ok(true)
    })
}

fn pairs(
    keys: &[String],
    names: (&str, &str),
    ignore_missing: bool,
    field: impl FnOnce(&mut Kustomization) -> &mut std::collections::BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let keys = match keys {
        [] => bail!("must specify label"),
        [keys] => keys,
        _ => bail!("labels must be comma-separated, with no spaces"),
    };
    file::change(|k| {
        edit::remove_pairs(field(k), keys, names, ignore_missing).map_err(|e| anyhow!("{e}"))?;
        Ok(true)
    })
}
