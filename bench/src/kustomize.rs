//! Overlays against the real kustomize: whole processes on the same directories, and builds in
//! process.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use windlass_kustomize::{Options, Outcome, build};
use windlass_tree::{DirectoryTree, Given};

use crate::sides::{self, Case, Inputs, from_root};

/// Builds directories with both tools.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    inputs: Inputs,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let kustomize = windlass_testkit::peer("kustomize")?;
    let windlass = crate::windlass::binary()?;
    let cases = arguments.inputs.directories(local)?.into_iter().map(|directory| {
        let name = directory.display().to_string();
        Case {
            theirs: (kustomize.clone(), vec!["build".into(), name.clone()]),
            ours: (windlass.clone(), vec!["kustomize".into(), "build".into(), name.clone()]),
            name,
        }
    });
    sides::run(&arguments.inputs, cases, 5, |case| in_process(Path::new(&case.name)))
}

/// What builds without a network.
fn local(fields: &[&str]) -> Option<PathBuf> {
    match fields {
        [repository, folder, _, "local"] => Some(Path::new("trees").join(repository).join(folder)),
        _ => None,
    }
}

fn in_process(directory: &Path) -> Result<()> {
    let (root, path) = from_root(directory)?;
    let tree = DirectoryTree::new(root);
    match build(&tree, &path, &Options::default(), &Given::default())? {
        Outcome::Built(built) => {
            std::hint::black_box(built.to_yaml());
            Ok(())
        }
        Outcome::Needs(needs) => bail!("{needs:?}"),
    }
}
