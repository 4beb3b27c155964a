//! `kustomize localize`.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use windlass_kustomize::RepoSpec;
use windlass_kustomize::localize::{Copied, Localized, Scope, localize};
use windlass_object::go;
use windlass_tree::{Given, Tree, TreePath};

use super::build;
use super::disk::Disk;
use super::fetch::Fetcher;
use crate::cli::failure::go_words;

/// [Alpha] Creates localized copy of target kustomization root at destination
///
/// Examples:
///   kustomize localize overlays/production localized
///   kustomize localize https://github.com/example/config//overlays/production?ref=v1.2.0 localized
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// A directory, or a repository's address with a revision; `.` if left out. And the new
    /// directory.
    #[arg(value_name = "TARGET DESTINATION")]
    paths: Vec<String>,
    /// Path to directory inside of which localize is limited to running.
    /// Cannot specify for remote targets, as scope is by default the containing repo.
    /// If not specified for local target, scope defaults to target.
    #[arg(long, default_value = "", hide_default_value = true)]
    scope: String,
    /// Does not verify that the outputs of kustomize build for target and newDir are the same after
    /// localization.
    #[arg(long)]
    no_verify: bool,
}

/// What is copied, and under what name.
struct Source {
    tree: std::sync::Arc<dyn Tree>,
    root_name: String,
    target: TreePath,
    scope: TreePath,
    name: String,
    is_remote: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (target, destination) = match &args.paths[..] {
        [] => (".", ""),
        [target] => (target.as_str(), ""),
        [target, destination] => (target.as_str(), destination.as_str()),
        many => bail!("accepts at most 2 arg(s), received {}", many.len()),
    };
    let mut fetcher = Fetcher::default();
    let source = source(target, &args.scope, &mut fetcher)?;
    let name = if destination.is_empty() { source.name.as_str() } else { destination };
    let to = make(name)
        .with_context(|| format!("invalid localize destination {}", go::quote(destination)))?;
    let copied = copy(&source, &mut fetcher).and_then(|copied| write(&to, &copied));
    if let Err(e) = copied {
        // What is half done is of no use.
        std::fs::remove_dir_all(&to)
            .with_context(|| format!("unable to clean localize destination: {}", to.display()))?;
        return Err(e.context(format!("unable to localize target {}", go::quote(target))));
    }
    if !args.no_verify {
        verify(target, &source, &to)?;
    }
    let to = to.display();
    super::warn(&format!("SUCCESS: localized {} to directory {to}", go::quote(target)));
    Ok(())
}

fn source(target: &str, scope: &str, fetcher: &mut Fetcher) -> anyhow::Result<Source> {
    let shown = go::quote(target);
    if let Ok(spec) = RepoSpec::parse(target) {
        if spec.reference.is_empty() {
            bail!("localize remote root {shown} missing ref query string parameter");
        }
        let given = fetcher
            .tree(&spec.repository, &spec.reference)
            .with_context(|| format!("unable to establish localize target {shown}"))?;
        if !scope.is_empty() {
            let scope = go::quote(scope);
            bail!(
                "invalid localize scope {scope}: scope {scope} specified for remote localize \
                 target {shown}"
            );
        }
        let path = TreePath::new(&spec.path)?;
        let last = if path.is_root() {
            spec.repository.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default()
        } else {
            path.name()
        };
        return Ok(Source {
            tree: given.tree,
            root_name: spec.repository.clone(),
            name: format!("localized-{last}-{}", spec.reference.replace('/', "-")),
            target: path,
            scope: TreePath::root(),
            is_remote: true,
        });
    }
    let target_path = build::real(target)
        .context("must build at directory")
        .with_context(|| format!("unable to establish localize target {shown}"))?;
    let scope_path = if scope.is_empty() {
        target_path.clone()
    } else {
        let quoted = go::quote(scope);
        let path = build::real(scope)
            .context("unable to establish localize scope")
            .with_context(|| format!("invalid localize scope {quoted}"))?;
        if !target_path.is_within(&path) {
            bail!(
                "invalid localize scope {quoted}: localize scope {quoted} does not contain target \
                 {shown} at {}",
                go::quote(&format!("/{target_path}"))
            );
        }
        path
    };
    let name = match target_path.name() {
        "" => "localized".to_owned(),
        name => format!("localized-{name}"),
    };
    Ok(Source {
        tree: std::sync::Arc::new(Disk),
        root_name: String::new(),
        target: target_path,
        scope: scope_path,
        name,
        is_remote: false,
    })
}

/// Makes the new directory, whose absolute path comes back.
fn make(name: &str) -> anyhow::Result<PathBuf> {
    if Path::new(name).exists() {
        bail!("localize destination {} already exists", go::quote(name));
    }
    std::fs::create_dir(name)
        .map_err(|e| anyhow!("mkdir {name}: {}", go_words(&e)))
        .context("unable to create localize destination directory")?;
    std::fs::canonicalize(name).context("unable to establish localize destination")
}

fn copy(source: &Source, fetcher: &mut Fetcher) -> anyhow::Result<Copied> {
    let mut given = Given::at("", jiff::Timestamp::now().as_nanosecond());
    let scope = Scope {
        target: &source.target,
        scope: &source.scope,
        root_name: &source.root_name,
        is_remote: source.is_remote,
    };
    build::answered(&mut given, fetcher, "copy", |given| {
        Ok(match localize(source.tree.as_ref(), &scope, given)? {
            Localized::Done(copied) => Ok(copied),
            Localized::Needs(needs) => Err(needs),
        })
    })
}

fn write(to: &Path, copied: &Copied) -> anyhow::Result<()> {
    let failed = |path: &Path| format!("unable to localize file {}", path.display());
    for directory in &copied.directories {
        let path = to.join(directory.as_str());
        std::fs::create_dir_all(&path).with_context(|| failed(&path))?;
    }
    for (file, content) in &copied.files {
        let path = to.join(file.as_str());
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).with_context(|| failed(&path))?;
        }
        std::fs::write(&path, content).with_context(|| failed(&path))?;
    }
    Ok(())
}

/// Builds both and compares.
fn verify(target: &str, source: &Source, to: &Path) -> anyhow::Result<()> {
    let below = source.target.as_str().get(source.scope.as_str().len()..).unwrap_or_default();
    let built = to.join(below.trim_start_matches('/'));
    let built = built.to_string_lossy();
    let failed = |directory: &str| {
        format!(
            "If your target directory requires flags to build: \n1. Add executable permissions for \
             the downloaded exec binaries in '{directory}'. \n2. Run kustomize build with the \
             necessary flags and self-verify the outputs."
        )
    };
    let text = |directory: &str| {
        build::directory(directory).inspect_err(|_| super::warn(&failed(directory)))
    };
    let (before, after) = (text(target)?, text(&built)?);
    let to = to.display();
    if before != after {
        bail!(
            "VERIFICATION FAILED: `kustomize build` for {target} and {to} are different after \
             localization."
        );
    }
    super::warn(&format!(
        "VERIFICATION SUCCESS: `kustomize build` for {target} and {to} are the same after \
         localization."
    ));
    Ok(())
}
