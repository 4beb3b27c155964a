//! `kustomize edit add`.

use std::path::Path;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use windlass_kustomize::edit::{self, AddLabels, GeneratorFlags, Sort};
use windlass_kustomize::kustomization::Kustomization;
use windlass_tree::TreePath;

use super::PatchArgs;
use super::file::{self, warn};
use crate::cli::kustomize::build::real;
use crate::cli::kustomize::disk::Disk;

/// What is added.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Add the name of a file containing a resource
    ///
    /// Examples:
    ///   kustomize edit add resource deployment.yaml
    ///   kustomize edit add resource overlays/*.yaml
    #[command(verbatim_doc_comment)]
    Resource {
        files: Vec<String>,
        /// skip validation for resources
        #[arg(long)]
        no_verify: bool,
    },
    /// Add the name of a file containing a component
    ///
    /// Examples:
    ///   kustomize edit add component components/tls
    #[command(verbatim_doc_comment)]
    Component { files: Vec<String> },
    /// Adds one or more bases
    ///
    /// Examples:
    ///   kustomize edit add base ../base
    #[command(verbatim_doc_comment)]
    Base { directories: Vec<String> },
    /// Add the name of a file containing a transformer configuration
    ///
    /// Examples:
    ///   kustomize edit add transformer labels.yaml
    #[command(verbatim_doc_comment)]
    Transformer { files: Vec<String> },
    /// Add the name of a file containing a generator configuration
    ///
    /// Examples:
    ///   kustomize edit add generator maps.yaml
    #[command(verbatim_doc_comment)]
    Generator { files: Vec<String> },
    /// Add the name of a file containing a configuration
    ///
    /// Examples:
    ///   kustomize edit add configuration names.yaml
    #[command(verbatim_doc_comment)]
    Configuration { files: Vec<String> },
    /// Add an item to patches field
    ///
    /// Examples:
    ///   kustomize edit add patch --path replicas.yaml --kind Deployment --name web
    #[command(verbatim_doc_comment)]
    Patch(PatchArgs),
    /// Adds a configmap
    ///
    /// Examples:
    ///   kustomize edit add configmap settings --from-literal=level=debug --from-file=app.conf
    #[command(verbatim_doc_comment)]
    Configmap {
        name: Vec<String>,
        #[command(flatten)]
        flags: Flags,
        /// Specify the behavior for config map generation
        #[arg(long, default_value = "", hide_default_value = true)]
        behavior: String,
    },
    /// Adds a secret
    ///
    /// Examples:
    ///   kustomize edit add secret login --from-env-file=login.env --type Opaque
    #[command(verbatim_doc_comment)]
    Secret {
        name: Vec<String>,
        #[command(flatten)]
        flags: Flags,
        /// Specify the secret type
        #[arg(long = "type", default_value = "Opaque")]
        type_name: String,
    },
    /// Adds one or more commonLabels
    ///
    /// Examples:
    ///   kustomize edit add label team:web,tier:front --without-selector
    #[command(verbatim_doc_comment)]
    Label {
        pairs: Vec<String>,
        /// overwrite commonLabel if it already exists
        #[arg(short, long)]
        force: bool,
        /// using add labels without selector option
        #[arg(long)]
        without_selector: bool,
        /// include labels in templates (requires --without-selector)
        #[arg(long)]
        include_templates: bool,
    },
    /// Adds one or more commonAnnotations
    ///
    /// Examples:
    ///   kustomize edit add annotation owner:web
    #[command(verbatim_doc_comment)]
    Annotation {
        pairs: Vec<String>,
        /// overwrite commonAnnotation if it already exists
        #[arg(short, long)]
        force: bool,
    },
    /// Adds one or more buildMetadata options
    ///
    /// Examples:
    ///   kustomize edit add buildmetadata originAnnotations
    #[command(verbatim_doc_comment)]
    Buildmetadata { options: Vec<String> },
}

/// Where a generator's data comes from.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// Key file can be specified using its file path
    #[arg(long, value_delimiter = ',')]
    from_file: Vec<String>,
    /// Specify a key and literal value
    #[arg(long)]
    from_literal: Vec<String>,
    /// Specify the path to a file to read lines of key=val pairs
    #[arg(long, default_value = "", hide_default_value = true)]
    from_env_file: String,
    /// Disable the name suffix
    #[arg(long = "disableNameSuffixHash")]
    disable_name_suffix_hash: bool,
    /// Specify the namespace
    #[arg(long, default_value = "", hide_default_value = true)]
    namespace: String,
}

impl Flags {
    fn expand(self) -> anyhow::Result<GeneratorFlags> {
        let mut files = Vec::new();
        for pattern in &self.from_file {
            // As the tool, a second equals sign and what follows is not looked at.
            let (key, path) = match pattern.split('=').collect::<Vec<_>>()[..] {
                [key, path] => (key, path),
                [path, ..] => ("", path),
                [] => continue,
            };
            let found = file::paths(&[path.to_owned()]).context("failed to expand file source")?;
            match (key, &found[..]) {
                ("", _) => files.extend(found),
                (key, [one]) => files.push(format!("{key}={one}")),
                _ => bail!(
                    "failed to expand file source: 'pattern '{pattern}' catches files [{}], \
                     should catch only one",
                    found.join(" ")
                ),
            }
        }
        Ok(GeneratorFlags {
            literals: self.from_literal,
            files,
            env_file: self.from_env_file,
            namespace: self.namespace,
            disable_name_suffix_hash: self.disable_name_suffix_hash,
            ..GeneratorFlags::default()
        })
    }
}

/// Runs the command.
pub(super) fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Resource { files, no_verify } => {
            if files.is_empty() {
                bail!("must specify a resource file");
            }
            let files = if no_verify { files } else { file::paths_or_addresses(&files)? };
            list("resource", &files, file::name()?, |k| &mut k.resources)
        }
        Command::Component { files } => {
            if files.is_empty() {
                bail!("must specify a component file");
            }
            let files = file::paths_or_addresses(&files)?;
            list("component", &files, file::name()?, |k| &mut k.components)
        }
        Command::Transformer { files } => plugin("transformer", &files, |k| &mut k.transformers),
        Command::Generator { files } => plugin("generator", &files, |k| &mut k.generators),
        Command::Configuration { files } => {
            if files.is_empty() {
                bail!("must specify a yaml file which contains a configuration resource");
            }
            list("configuration", &file::paths(&files)?, "", |k| &mut k.configurations)
        }
        Command::Base { directories } => {
            let [directories] = &directories[..] else { bail!("must specify a base directory") };
            told(|k| edit::add_bases(k, directories, |path| Path::new(path).exists()))
        }
        Command::Patch(args) => file::change(|k| {
            let is_new = edit::add_patch(k, args.patch()).map_err(|e| anyhow!("{e}"))?;
            if !is_new {
                warn("patch already in kustomization file");
            }
            Ok(is_new)
        }),
        Command::Configmap { name, flags, behavior } => {
            let flags = GeneratorFlags { behavior, ..flags.expand()? };
            told(|k| {
                edit::add_config_map(k, &name, &flags)?;
                made(k, Sort::ConfigMap, &name, &flags)
            })
        }
        Command::Secret { name, flags, type_name } => {
            let flags = GeneratorFlags { type_name, ..flags.expand()? };
            told(|k| {
                edit::add_secret(k, &name, &flags)?;
                made(k, Sort::Secret, &name, &flags)
            })
        }
        Command::Label { pairs, force, without_selector, include_templates } => {
            let options = AddLabels { force, without_selector, include_templates };
            told(|k| edit::add_labels(k, edit::pairs(&pairs, "label")?, options))
        }
        Command::Annotation { pairs, force } => {
            told(|k| edit::add_annotations(k, edit::pairs(&pairs, "annotation")?, force))
        }
        Command::Buildmetadata { options } => {
            told(|k| edit::add_build_metadata(k, edit::build_metadata(&options)?))
        }
    }
}

/// Sees whether what was added to can be made.
fn made(
    kustomization: &Kustomization,
    sort: Sort,
    name: &[String],
    flags: &GeneratorFlags,
) -> windlass_kustomize::Result<()> {
    // A directory that is not there any more is told by who reads from it.
    let here = real(".").unwrap_or_else(|_| TreePath::root());
    edit::check_added(kustomization, sort, name, flags, &Disk, &here)
}

fn told(
    change: impl FnOnce(&mut Kustomization) -> windlass_kustomize::Result<()>,
) -> anyhow::Result<()> {
    file::change(|k| change(k).map(|()| true).map_err(|e| anyhow!("{e}")))
}

fn plugin(
    what: &str,
    files: &[String],
    field: impl FnOnce(&mut Kustomization) -> &mut Vec<String>,
) -> anyhow::Result<()> {
    if files.is_empty() {
        bail!("must specify a yaml file which contains a {what} plugin resource");
    }
    list(what, &file::paths(files)?, "", field)
}

fn list(
    what: &str,
    files: &[String],
    own: &str,
    field: impl FnOnce(&mut Kustomization) -> &mut Vec<String>,
) -> anyhow::Result<()> {
    if files.is_empty() {
        return Ok(());
    }
    file::change(|k| {
        edit::add_paths(field(k), what, files, own).iter().for_each(|text| warn(text));
        Ok(true)
    })
}
