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

/// How often the memory of a process is looked at.
const LOOK: Duration = Duration::from_micros(200);

struct Figures {
    name: String,
    bytes: usize,
    theirs: Duration,
    ours: Duration,
    inside: Duration,
    /// Peaks of resident memory, in bytes: theirs, and ours.
    memory: (u64, u64),
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
            memory: (peak(&case.theirs)?, peak(&case.ours)?),
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

/// The highest resident memory of a run of its own. The kernel keeps the peak but tells it only while
/// the process lives: what it gained after the last look is missing, on both sides.
fn peak((program, arguments): &(PathBuf, Vec<String>)) -> Result<u64> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak.max(windlass_testkit::peak_bytes(child.id()));
        std::thread::sleep(LOOK);
    }
    Ok(peak)
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
    let less = all.iter().filter(|f| f.memory.1 < f.memory.0).count();
    println!(
        "  peak memory: median {:.0} MiB against {:.0}, highest {:.0} against {:.0}, lower in {less} of {}",
        middle(all.iter().map(|f| mebibytes(f.memory.1)).collect()),
        middle(all.iter().map(|f| mebibytes(f.memory.0)).collect()),
        all.iter().map(|f| mebibytes(f.memory.1)).fold(0.0, f64::max),
        all.iter().map(|f| mebibytes(f.memory.0)).fold(0.0, f64::max),
        all.len()
    );
    println!("the {} largest:", largest.min(all.len()));
    all.sort_by_key(|f| std::cmp::Reverse(f.bytes));
    for f in all.iter().take(largest) {
        #[allow(clippy::cast_precision_loss)] // Far below 2^52 bytes.
        let megabytes = f.bytes as f64 / 1e6;
        println!(
            "  {megabytes:.1} MB  real {:.3} s  windlass {:.3} s ({:.1} times)  in process {:.3} s \
             ({:.1} times)  peak {:.0} MiB against {:.0}  {}",
            f.theirs.as_secs_f64(),
            f.ours.as_secs_f64(),
            ratio(f.theirs, f.ours),
            f.inside.as_secs_f64(),
            ratio(f.theirs, f.inside),
            mebibytes(f.memory.1),
            mebibytes(f.memory.0),
            f.name
        );
    }
    Ok(())
}

#[allow(clippy::cast_precision_loss)] // Far below 2^52 bytes.
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}
