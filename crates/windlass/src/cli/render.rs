//! `windlass render`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use windlass_argo::fetch::Fetcher;
use windlass_charts::Charts;
use windlass_object::{Value, yaml};
use windlass_render::{Blocks, Directory, Rendered, Spec};
use windlass_source::{Options, Repository, Sources};
use windlass_tree::{ClusterVersions, DirectoryTree, Tree, TreePath};

use super::failure::Failure;
use super::output::{self, Notation};

/// Render manifests: from a directory, or from a Git repository at a revision.
///
/// Bad files are told on standard error with line and column; the good ones are printed all the
/// same. Exit codes: 0 all is rendered, 1 something is bad.
///
/// Examples:
///   windlass render ./apps/guestbook --recurse
///   windlass render https://example.com/apps.git@v1.2:guestbook
///   windlass render git@example.com:team/apps.git@main:guestbook -o json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// DIR, or REPO@REVISION:PATH.
    #[arg(value_name = "DIR|REPO@REV:PATH")]
    from: String,
    /// Read the directories below too.
    #[arg(long)]
    recurse: bool,
    /// Glob of the files to take.
    #[arg(long, value_name = "GLOB", default_value = "")]
    include: String,
    /// Glob of the files to leave out.
    #[arg(long, value_name = "GLOB", default_value = "")]
    exclude: String,
    /// Output format; `name` lists the objects with their place in the files.
    #[arg(long, short, value_parser = ["yaml", "json", "name"], default_value = "yaml")]
    output: String,
}

/// Where manifests are.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Directory(&'a str),
    Git { repository: &'a str, revision: &'a str, path: &'a str },
}

impl<'a> Place<'a> {
    /// What exists on disk is a directory; otherwise the last `@` with a `:` behind it ends the
    /// repository's address.
    fn parse(text: &'a str) -> Self {
        if Path::new(text).exists() {
            return Self::Directory(text);
        }
        let split = text.rsplit_once('@').and_then(|(repository, rest)| {
            let (revision, path) = rest.split_once(':')?;
            (!repository.is_empty()).then_some(Self::Git { repository, revision, path })
        });
        split.unwrap_or(Self::Directory(text))
    }
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let directory = Directory {
        recurse: args.recurse,
        include: args.include.clone(),
        exclude: args.exclude.clone(),
        ..Directory::default()
    };
    let blocks = Blocks {
        directory: (directory != Directory::default()).then_some(directory),
        ..Blocks::default()
    };
    let rendered = super::block_on(async {
        let mirrors = tempfile::tempdir()?;
        let sources = Sources::new(Options::new(mirrors.path().join("git")))?;
        let charts = Charts::new(mirrors.path().join("charts"));
        let (revision, path, tree): (String, &str, Arc<dyn Tree>) = match Place::parse(&args.from) {
            Place::Directory(dir) => {
                if !Path::new(dir).is_dir() {
                    let problem = "no such directory; a repository is given as REPO@REV:PATH";
                    return Err(Failure::fatal(format!("{dir}: {problem}")));
                }
                (String::new(), "", Arc::new(DirectoryTree::new(dir)))
            }
            Place::Git { repository, revision, path } => {
                let repository = Repository::anonymous(local(repository)?);
                let commit = sources.resolve(&repository, revision).await?.commit;
                let tree = sources.tree(&repository, &commit).await?;
                (commit, path, tree)
            }
        };
        let mut spec = Spec { path: TreePath::new(path)?, blocks, ..Spec::default() };
        spec.installation.draws = Some(super::draws()?);
        // No cluster is asked: charts see what Helm assumes without one.
        let kubernetes = windlass_helm::Capabilities::default().kube_version.version;
        let versions = Arc::new(ClusterVersions {
            kubernetes: kubernetes.trim_start_matches('v').to_owned(),
            apis: std::collections::BTreeSet::new(),
        });
        let fetcher = Fetcher {
            sources: &sources,
            charts: &charts,
            settings: &Arc::default(),
            project: "default",
            pass_credentials: false,
            versions: Some(&versions),
            pinned: None,
            looking: None,
        };
        super::app::rendered(&fetcher, spec, tree, &revision).await
    })?;
    print(&rendered, &args.output)?;
    for warning in &rendered.warnings {
        output::warn(&format!("warning: {warning}"));
    }
    for diagnostic in &rendered.diagnostics {
        output::warn(&format!("error: {diagnostic}"));
    }
    if rendered.diagnostics.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

/// A directory on disk as an address; anything else as it is.
fn local(repository: &str) -> anyhow::Result<String> {
    let path = Path::new(repository);
    if !path.is_dir() {
        return Ok(repository.to_owned());
    }
    let path = path.canonicalize()?;
    let path = path.to_str().ok_or_else(|| Failure::fatal("the path is not UTF-8"))?;
    Ok(format!("file://{path}"))
}

fn print(rendered: &Rendered, format: &str) -> anyhow::Result<()> {
    let manifests = &rendered.manifests;
    match format {
        "json" => {
            let objects: Vec<Value> = manifests.iter().map(|m| m.object.to_value()).collect();
            output::print_value(&objects, Notation::Json)
        }
        "name" => {
            for manifest in manifests {
                output::print_line(&format!("{} {}", manifest.object.key(), manifest.origin()))?;
            }
            Ok(())
        }
        _ => {
            for manifest in manifests {
                let text = yaml::to_string(&manifest.object.to_value());
                output::print(&format!("---\n# Source: {}\n{text}", manifest.path))?;
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let git = |repository, revision, path| Place::Git { repository, revision, path };
        assert_eq!(Place::parse("https://x.y/z.git@v1:a/b"), git("https://x.y/z.git", "v1", "a/b"));
        assert_eq!(Place::parse("git@x.y:z.git@main:"), git("git@x.y:z.git", "main", ""));
        assert_eq!(Place::parse("./no/such"), Place::Directory("./no/such"));
    }
}
