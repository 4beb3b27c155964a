//! Overlays against the real kustomize: whole processes on the same directories, and builds in
//! process.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use windlass_kustomize::{Options, Outcome, build};
use windlass_tree::{DirectoryTree, Given, TreePath};

use crate::sides::{self, Case};

/// Builds directories with both tools.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A corpus that `kustomize-corpus-setup` made, or directories with a kustomization each.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many of a corpus' directories, spread evenly.
    #[arg(long, default_value_t = 200)]
    sample: usize,
    /// How often each is built; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let kustomize = windlass_testkit::peer("kustomize")?;
    let windlass = crate::windlass::binary()?;
    let cases = directories(arguments)?.into_iter().map(|directory| {
        let name = directory.display().to_string();
        Case {
            theirs: (kustomize.clone(), vec!["build".into(), name.clone()]),
            ours: (windlass.clone(), vec!["kustomize".into(), "build".into(), name.clone()]),
            name,
        }
    });
    sides::run(cases, arguments.rounds, 5, |case| in_process(Path::new(&case.name)))
}

/// The directories of a corpus that build without a network, or those that were named.
fn directories(arguments: &Arguments) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    for path in &arguments.paths {
        let Ok(manifest) = std::fs::read_to_string(path.join("manifest.tsv")) else {
            out.push(path.canonicalize()?);
            continue;
        };
        let all: Vec<PathBuf> = manifest
            .lines()
            .skip(1)
            .filter_map(|line| match line.split('\t').collect::<Vec<_>>()[..] {
                [repository, folder, _, "local"] => {
                    Some(path.join("trees").join(repository).join(folder))
                }
                _ => None,
            })
            .collect();
        let step = all.len().div_ceil(arguments.sample.max(1)).max(1);
        for directory in all.into_iter().step_by(step) {
            out.push(directory.canonicalize()?);
        }
    }
    Ok(out)
}

fn in_process(directory: &Path) -> Result<()> {
    let root = directory.ancestors().last().context("no root")?;
    let path = directory.strip_prefix(root)?;
    let path = TreePath::new(path.to_str().context("the path is not UTF-8")?)?;
    let tree = DirectoryTree::new(root);
    match build(&tree, &path, &Options::default(), &Given::default())? {
        Outcome::Built(built) => {
            std::hint::black_box(built.to_yaml());
            Ok(())
        }
        Outcome::Needs(needs) => bail!("{needs:?}"),
    }
}
