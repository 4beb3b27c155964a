//! Overlays against the real kustomize: whole processes on the same directories, and builds in
//! process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use windlass_kustomize::{Options, Outcome, build};
use windlass_tree::{DirectoryTree, Given, TreePath};

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

struct Figures {
    directory: PathBuf,
    bytes: usize,
    kustomize: Duration,
    windlass: Duration,
    in_process: Duration,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let kustomize = windlass_testkit::peer("kustomize")?;
    let windlass = crate::windlass::binary()?;
    let mut all = Vec::new();
    for directory in directories(arguments)? {
        let Some(bytes) = size(&kustomize, &directory)? else { continue };
        let process = |program: &Path, before: &[&str]| {
            median(arguments.rounds, || {
                let mut command = Command::new(program);
                command.args(before).arg("build").arg(&directory);
                let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
                if !status.success() {
                    bail!("{} fails in {}", program.display(), directory.display());
                }
                Ok(())
            })
        };
        all.push(Figures {
            bytes,
            kustomize: process(&kustomize, &[])?,
            windlass: process(&windlass, &["kustomize"])?,
            in_process: median(arguments.rounds, || in_process(&directory))?,
            directory,
        });
    }
    report(&mut all)
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

/// How much the real tool writes; none if it refuses.
fn size(kustomize: &Path, directory: &Path) -> Result<Option<usize>> {
    let done = Command::new(kustomize).arg("build").arg(directory).output()?;
    Ok(done.status.success().then_some(done.stdout.len()))
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

fn median(rounds: usize, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..rounds.max(1) {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(times[times.len() / 2])
}

fn report(all: &mut [Figures]) -> Result<()> {
    if all.is_empty() {
        bail!("nothing was built");
    }
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64().max(1e-9);
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let whole = middle(all.iter().map(|f| ratio(f.kustomize, f.windlass)).collect());
    let inside = middle(all.iter().map(|f| ratio(f.kustomize, f.in_process)).collect());
    println!("{} overlays; median of the ratios to kustomize build:", all.len());
    println!("  whole process {whole:.1} times faster, in process {inside:.1} times faster");
    println!("the five largest:");
    all.sort_by_key(|f| std::cmp::Reverse(f.bytes));
    for f in all.iter().take(5) {
        println!(
            "  {:.1} MB  kustomize {:.3} s  windlass {:.3} s ({:.1} times)  in process {:.3} s \
             ({:.1} times)  {}",
            f.bytes as f64 / 1e6,
            f.kustomize.as_secs_f64(),
            f.windlass.as_secs_f64(),
            ratio(f.kustomize, f.windlass),
            f.in_process.as_secs_f64(),
            ratio(f.kustomize, f.in_process),
            f.directory.display()
        );
    }
    Ok(())
}
