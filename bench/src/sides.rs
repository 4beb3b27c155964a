//! A real tool and Windlass on the same inputs: whole processes, and in process.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use windlass_tree::TreePath;

/// Which directories are measured, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Inputs {
    /// A corpus that `helm-corpus-setup` or `kustomize-corpus-setup` made, or directories.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many of a corpus' directories, spread evenly.
    #[arg(long, default_value_t = 200)]
    sample: usize,
    /// How often each is done; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

impl Inputs {
    /// The directories that were named, and those of a corpus that `pick` finds in the fields of a
    /// line of its manifest.
    ///
    /// # Errors
    /// When one is not there.
    pub(crate) fn directories(
        &self,
        pick: impl Fn(&[&str]) -> Option<PathBuf>,
    ) -> Result<Vec<PathBuf>> {
        let mut out = Vec::new();
        for path in &self.paths {
            let Ok(manifest) = std::fs::read_to_string(path.join("manifest.tsv")) else {
                out.push(path.canonicalize()?);
                continue;
            };
            let picked = |line: &str| pick(&line.split('\t').collect::<Vec<_>>());
            let all: Vec<PathBuf> = manifest.lines().skip(1).filter_map(picked).collect();
            let step = all.len().div_ceil(self.sample.max(1)).max(1);
            for directory in all.into_iter().step_by(step) {
                out.push(path.join(directory).canonicalize()?);
            }
        }
        Ok(out)
    }
}

/// The root of a directory's disk, and the directory below it.
///
/// # Errors
/// When the path is not UTF-8.
pub(crate) fn from_root(directory: &Path) -> Result<(&Path, TreePath)> {
    let root = directory.ancestors().last().context("no root")?;
    let path = directory.strip_prefix(root)?;
    Ok((root, TreePath::new(path.to_str().context("the path is not UTF-8")?)?))
}

/// One input.
pub(crate) struct Case {
    /// What it is called in the table.
    pub(crate) name: String,
    /// The real tool and its arguments.
    pub(crate) theirs: (PathBuf, Vec<String>),
    /// The same work by Windlass.
    pub(crate) ours: (PathBuf, Vec<String>),
}

struct Figures {
    name: String,
    bytes: usize,
    theirs: Duration,
    ours: Duration,
    inside: Duration,
}

/// Measures all inputs that the real tool accepts; of several runs the median counts.
///
/// # Errors
/// When Windlass refuses what the real tool accepts, or nothing is accepted.
pub(crate) fn run(
    inputs: &Inputs,
    cases: impl IntoIterator<Item = Case>,
    largest: usize,
    in_process: impl Fn(&Case) -> Result<()>,
) -> Result<()> {
    let rounds = inputs.rounds;
    let mut all = Vec::new();
    for case in cases {
        let Some(bytes) = size(&case.theirs)? else { continue };
        all.push(Figures {
            bytes,
            theirs: median(rounds, || process(&case.theirs))?,
            ours: median(rounds, || process(&case.ours))?,
            inside: median(rounds, || in_process(&case))?,
            name: case.name,
        });
    }
    report(&mut all, largest)
}

fn process((program, arguments): &(PathBuf, Vec<String>)) -> Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("{} {} fails", program.display(), arguments.join(" "));
    }
    Ok(())
}

/// How much the real tool writes; none if it refuses.
fn size((program, arguments): &(PathBuf, Vec<String>)) -> Result<Option<usize>> {
    let done = Command::new(program).args(arguments).output()?;
    Ok(done.status.success().then_some(done.stdout.len()))
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

fn report(all: &mut [Figures], largest: usize) -> Result<()> {
    if all.is_empty() {
        bail!("the real tool accepts none of the inputs");
    }
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64().max(1e-9);
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let whole = middle(all.iter().map(|f| ratio(f.theirs, f.ours)).collect());
    let inside = middle(all.iter().map(|f| ratio(f.theirs, f.inside)).collect());
    println!("{} inputs; median of the ratios to the real tool's whole process:", all.len());
    println!("  whole process {whole:.1} times faster, in process {inside:.1} times faster");
    println!("the {} largest:", largest.min(all.len()));
    all.sort_by_key(|f| std::cmp::Reverse(f.bytes));
    for f in all.iter().take(largest) {
        #[allow(clippy::cast_precision_loss)] // Far below 2^52 bytes.
        let megabytes = f.bytes as f64 / 1e6;
        println!(
            "  {megabytes:.1} MB  real {:.3} s  windlass {:.3} s ({:.1} times)  in process {:.3} s \
             ({:.1} times)  {}",
            f.theirs.as_secs_f64(),
            f.ours.as_secs_f64(),
            ratio(f.theirs, f.ours),
            f.inside.as_secs_f64(),
            ratio(f.theirs, f.inside),
            f.name
        );
    }
    Ok(())
}
