//! `kustomize build`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use windlass_kustomize::{Built, Options, Outcome, Reorder, RepoSpec, Resource};
use windlass_tree::{Given, Need, Tree, TreePath};

use super::disk::Disk;
use super::fetch::Fetcher;
use crate::cli::failure::go_words;

/// How often what was fetched may lead to something else that must be fetched.
const ROUNDS: usize = 100;

/// What is told of a plugin or function that is not built in.
const EXTERNAL: &str = "external plugins disabled";
const NO_PROGRAMS: &str =
    "--enable-alpha-plugins: plugins and functions are programs that Windlass does not run";

/// Builds a set of resources from a directory with a kustomization file, or from a repository.
///
/// Examples:
///   kustomize build overlays/production
///   kustomize build overlays/production --output production.yaml
///   kustomize build https://github.com/example/config//overlays/production?ref=v1.2.0
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// A directory, or a repository's address with a path in it; `.` if left out.
    #[arg(value_name = "DIR")]
    directories: Vec<String>,
    /// Write to this file, or one file for each resource into this directory.
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// 'LoadRestrictionsNone' lets kustomizations load files from outside of their directory.
    #[arg(long, default_value = "LoadRestrictionsRootOnly")]
    load_restrictor: String,
    /// The order of the resources, 'legacy' or 'none', where the kustomization has no sortOptions.
    #[arg(long)]
    reorder: Option<String>,
    /// Label all resources as managed by kustomize.
    #[arg(long)]
    enable_managedby_label: bool,
    /// Render helmCharts.
    #[arg(long)]
    enable_helm: bool,
    /// Of no effect: charts are rendered here.
    #[arg(long, default_value = "helm")]
    helm_command: String,
    /// APIs that charts find in the cluster.
    #[arg(long)]
    helm_api_versions: Vec<String>,
    /// The cluster's version that charts find.
    #[arg(long, default_value = "")]
    helm_kube_version: String,
    /// Of no effect.
    #[arg(long)]
    helm_debug: bool,
    /// Of no effect: a kustomization with plugins or functions is refused, for they are programs.
    #[arg(long)]
    enable_alpha_plugins: bool,
    /// Of no effect: no function is run.
    #[arg(long)]
    enable_exec: bool,
    /// Of no effect: no function is run.
    #[arg(long)]
    as_current_user: bool,
    /// Of no effect: no function is run.
    #[arg(short, long)]
    env: Vec<String>,
    /// Of no effect: no function is run.
    #[arg(long)]
    network: bool,
    /// Of no effect: no function is run.
    #[arg(long, default_value = "bridge")]
    network_name: String,
    /// Of no effect: no function is run.
    #[arg(long)]
    mount: Vec<String>,
}

impl Args {
    fn options(&self) -> anyhow::Result<Options> {
        let mut options = Options {
            enable_helm: self.enable_helm,
            helm_kube_version: self.helm_kube_version.clone(),
            helm_api_versions: self.helm_api_versions.clone(),
            managed_by_label: self.enable_managedby_label
                || std::env::var("KUSTOMIZE_ENABLE_MANAGEDBY_LABEL").is_ok_and(|v| v == "on"),
            draws: Some(crate::cli::draws()?),
            ..Options::default()
        };
        options.restrict_loads = match self.load_restrictor.as_str() {
            "" | "LoadRestrictionsRootOnly" => true,
            "LoadRestrictionsNone" => false,
            other => bail!(
                "illegal flag value --load-restrictor {other}; legal values: \
                 [LoadRestrictionsRootOnly LoadRestrictionsNone]"
            ),
        };
        options.reorder = match self.reorder.as_deref() {
            None => Reorder::Unspecified,
            Some("legacy") => Reorder::Legacy,
            Some("none") => Reorder::None,
            Some(other) => {
                bail!("illegal flag value --reorder {other}; legal values: [legacy none]")
            }
        };
        Ok(options)
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let deprecated = |flag: &str, why: &str| {
        super::warn(&format!("Flag --{flag} has been deprecated, {why}"));
    };
    if args.reorder.is_some() {
        deprecated("reorder", "use the new 'sortOptions' field in kustomization.yaml instead.");
    }
    if args.enable_managedby_label {
        deprecated(
            "enable-managedby-label",
            "The flag `enable-managedby-label` has been deprecated. Use the `managedByLabel` \
             option in the `buildMetadata` field instead.",
        );
    }
    let options = args.options()?;
    let directory = match &args.directories[..] {
        [] => ".",
        [one] => one,
        _ => bail!("specify one path to kustomization.yaml"),
    };
    let built = told(build(directory, options)).map_err(|e| {
        let is_plugin = args.enable_alpha_plugins && format!("{e:#}").contains(EXTERNAL);
        if is_plugin { e.context(NO_PROGRAMS) } else { e }
    })?;
    match &args.output {
        None => super::print(&built.to_yaml()),
        Some(path) if path.is_dir() => write_each(path, &built.resources),
        Some(path) => std::fs::write(path, built.to_yaml())
            .map_err(|e| anyhow::anyhow!("open {}: {}", path.display(), go_words(&e))),
    }
}

/// What the current directory builds to, as `kustomize build` without flags writes it.
pub(super) fn here() -> anyhow::Result<String> {
    directory(".")
}

/// What a directory builds to, as `kustomize build` without flags writes it.
pub(super) fn directory(path: &str) -> anyhow::Result<String> {
    let options = Options { draws: Some(crate::cli::draws()?), ..Options::default() };
    Ok(told(build(path, options))?.to_yaml())
}

/// Tells what the build warns of.
fn told(built: anyhow::Result<Built>) -> anyhow::Result<Built> {
    let warnings = match &built {
        Ok(built) => &*built.warnings,
        Err(error) => error.downcast_ref().map_or(&[][..], windlass_kustomize::Error::warnings),
    };
    for warning in warnings {
        super::warn(warning);
    }
    built
}

fn build(directory: &str, mut options: Options) -> anyhow::Result<Built> {
    let mut fetcher = Fetcher::default();
    let mut given = Given::at("", jiff::Timestamp::now().as_nanosecond());
    if let Ok(spec) = RepoSpec::parse(directory) {
        let tree = fetcher.tree(&spec.repository, &spec.reference)?;
        options.root_name.clone_from(&spec.repository);
        options.restrict_loads = true;
        let path = TreePath::new(&spec.path)?;
        return build_in(tree.tree.as_ref(), &path, &options, &mut given, &mut fetcher);
    }
    let path = real(directory).context("must build at directory")?;
    build_in(&Disk, &path, &options, &mut given, &mut fetcher)
}

/// Where a directory is on the disk, links followed.
pub(super) fn real(directory: &str) -> anyhow::Result<TreePath> {
    let failed = |e: std::io::Error| {
        let at = std::path::absolute(directory).unwrap_or_else(|_| directory.into());
        let why = go_words(&e);
        anyhow::anyhow!(
            "not a valid directory: evalsymlink failure on '{directory}' : lstat {}: {why}",
            at.display()
        )
    };
    let real = std::fs::canonicalize(directory).map_err(failed)?;
    if !real.is_dir() {
        bail!("'{directory}': file is not directory");
    }
    Ok(TreePath::new(real.to_string_lossy().trim_start_matches('/'))?)
}

fn build_in(
    tree: &dyn Tree,
    path: &TreePath,
    options: &Options,
    given: &mut Given,
    fetcher: &mut Fetcher,
) -> anyhow::Result<Built> {
    answered(given, fetcher, "build", |given| {
        Ok(match windlass_kustomize::build(tree, path, options, given)? {
            Outcome::Built(built) => Ok(built),
            Outcome::Needs(needs) => Err(needs),
        })
    })
}

/// Runs `attempt` with more and more of what it says it needs, until it needs nothing more.
pub(super) fn answered<T>(
    given: &mut Given,
    fetcher: &mut Fetcher,
    what: &str,
    attempt: impl Fn(&Given) -> anyhow::Result<Result<T, Vec<Need>>>,
) -> anyhow::Result<T> {
    for _ in 0..ROUNDS {
        let needs = match attempt(given)? {
            Ok(done) => return Ok(done),
            Err(needs) => needs,
        };
        let fresh: BTreeSet<Need> = needs.into_iter().filter(|n| !given.answers(n)).collect();
        if fresh.is_empty() {
            bail!("the {what} asks twice for the same; please report this");
        }
        for need in fresh {
            fetcher.fetch(need, given);
        }
    }
    bail!("what is fetched leads more than {ROUNDS} times to something else: is it a cycle?")
}

/// One file for each resource, named as Kustomize names them.
fn write_each(directory: &Path, resources: &[Resource]) -> anyhow::Result<()> {
    let openapi = windlass_kustomize::OpenApi::builtin();
    let ids: Vec<_> = resources.iter().map(|r| r.id(&openapi)).collect();
    let namespaces: BTreeSet<&str> = ids
        .iter()
        .filter(|id| !id.cluster_scoped)
        .map(windlass_kustomize::ResId::effective_namespace)
        .collect();
    for (resource, id) in resources.iter().zip(&ids) {
        let parts = [&id.gvk.group, &id.gvk.version, &id.gvk.kind];
        let kind: Vec<&str> =
            parts.into_iter().map(String::as_str).filter(|p| !p.is_empty()).collect();
        let mut name = format!("{}_{}.yaml", kind.join("_"), id.name).to_lowercase();
        if namespaces.len() > 1 && !id.cluster_scoped {
            name = format!("{}_{name}", id.effective_namespace().to_lowercase());
        }
        let path = directory.join(name);
        let text = windlass_object::yaml::to_string(&resource.value);
        std::fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
