//! `kustomize edit set`.

use anyhow::{anyhow, bail};
use clap::Subcommand;
use windlass_kustomize::edit::{self, GeneratorFlags};
use windlass_kustomize::kustomization::Kustomization;

use super::file;

/// What is set.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Sets images and their new names, new tags or digests
    ///
    /// Examples:
    ///   kustomize edit set image nginx=registry.example.com/nginx:1.29
    ///   kustomize edit set image web=web@sha256:45b23dee08af5e43a7fea6c4cf9c25ccf269ee113168c19722f87876677c5cb2
    #[command(verbatim_doc_comment)]
    Image { images: Vec<String> },
    /// Sets the value of the namespace field
    ///
    /// Examples:
    ///   kustomize edit set namespace staging
    #[command(verbatim_doc_comment)]
    Namespace { namespace: Vec<String> },
    /// Sets the value of the namePrefix field
    ///
    /// Examples:
    ///   kustomize edit set nameprefix acme-
    #[command(verbatim_doc_comment)]
    Nameprefix { prefix: Vec<String> },
    /// Sets the value of the nameSuffix field
    ///
    /// Examples:
    ///   kustomize edit set namesuffix -- -v2
    #[command(verbatim_doc_comment)]
    Namesuffix { suffix: Vec<String> },
    /// Sets replicas count for resources
    ///
    /// Examples:
    ///   kustomize edit set replicas web=3 api=2
    #[command(verbatim_doc_comment)]
    Replicas { replicas: Vec<String> },
    /// Sets one or more commonLabels
    ///
    /// Examples:
    ///   kustomize edit set label team:web
    #[command(verbatim_doc_comment)]
    Label { pairs: Vec<String> },
    /// Sets one or more commonAnnotations
    ///
    /// Examples:
    ///   kustomize edit set annotation owner:web
    #[command(verbatim_doc_comment)]
    Annotation { pairs: Vec<String> },
    /// Sets one or more buildMetadata options
    ///
    /// Examples:
    ///   kustomize edit set buildmetadata originAnnotations,transformerAnnotations
    #[command(verbatim_doc_comment)]
    Buildmetadata { options: Vec<String> },
    /// Edits the value for an existing key for a ConfigMap
    ///
    /// Examples:
    ///   kustomize edit set configmap settings --from-literal=level=info
    #[command(verbatim_doc_comment)]
    Configmap {
        name: Vec<String>,
        #[command(flatten)]
        flags: Flags,
    },
    /// Edits the value for an existing key for a Secret
    ///
    /// Examples:
    ///   kustomize edit set secret login --from-literal=user=anna
    #[command(verbatim_doc_comment)]
    Secret {
        name: Vec<String>,
        #[command(flatten)]
        flags: Flags,
    },
}

/// What of a generator is set.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// Specify an existing key and a new value
    #[arg(long)]
    from_literal: Vec<String>,
    /// Current namespace
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
    /// New namespace value
    #[arg(long, default_value = "", hide_default_value = true)]
    new_namespace: String,
}

impl From<Flags> for GeneratorFlags {
    fn from(flags: Flags) -> Self {
        Self {
            literals: flags.from_literal,
            namespace: flags.namespace,
            new_namespace: flags.new_namespace,
            ..Self::default()
        }
    }
}

/// Runs the command.
pub(super) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Image { images } => told(|k| edit::set_images(k, &images)),
        Command::Replicas { replicas } => told(|k| edit::set_replicas(k, &replicas)),
        Command::Namespace { namespace } => text(namespace, "namespace", |k| &mut k.namespace),
        Command::Nameprefix { prefix } => text(prefix, "prefix", |k| &mut k.name_prefix),
        Command::Namesuffix { suffix } => text(suffix, "suffix", |k| &mut k.name_suffix),
        Command::Label { pairs } => told(|k| {
            k.common_labels.extend(edit::pairs(&pairs, "label")?);
            Ok(())
        }),
        Command::Annotation { pairs } => {
            told(|k| edit::set_annotations(k, edit::pairs(&pairs, "annotation")?))
        }
        Command::Buildmetadata { options } => told(|k| {
            k.build_metadata = edit::build_metadata(&options)?;
            Ok(())
        }),
        Command::Configmap { name, flags } => {
            told(|k| edit::set_config_map(k, &name, &flags.into()))
        }
        Command::Secret { name, flags } => told(|k| edit::set_secret(k, &name, &flags.into())),
    }
}

fn told(
    change: impl FnOnce(&mut Kustomization) -> windlass_kustomize::Result<()>,
) -> anyhow::Result<()> {
    file::change(|k| change(k).map(|()| true).map_err(|e| anyhow!("{e}")))
}

fn text(
    values: Vec<String>,
    what: &str,
    field: impl FnOnce(&mut Kustomization) -> &mut String,
) -> anyhow::Result<()> {
    let Ok([value]) = <[String; 1]>::try_from(values) else {
        bail!("must specify exactly one {what} value");
    };
    file::change(|k| {
        *field(k) = value;
        Ok(true)
    })
}
