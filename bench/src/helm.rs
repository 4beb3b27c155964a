//! Charts against the real helm: whole processes on the same directories, and renders in process,
//! alone and side by side.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use windlass_helm::{Capabilities, Chart, Environment, Options, Print, Release, Values, render};
use windlass_tree::DirectoryTree;

use crate::sides::{self, Case, Inputs, from_root};

/// Renders charts with both tools.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    inputs: Inputs,
    /// Renders of the first chart that are shared among the threads.
    #[arg(long, default_value_t = 1000)]
    renders: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let helm = windlass_testkit::peer("helm")?;
    let windlass = crate::windlass::binary()?;
    let charts = arguments.inputs.directories(with_defaults)?;
    let cases = charts.iter().map(|directory| {
        let name = directory.display().to_string();
        let template = ["template".to_owned(), "release".to_owned(), name.clone()];
        let ours = std::iter::once("helm".to_owned()).chain(template.clone()).collect();
        Case { theirs: (helm.clone(), template.to_vec()), ours: (windlass.clone(), ours), name }
    });
    sides::run(&arguments.inputs, cases, 10, |case| in_process(Path::new(&case.name)))?;
    let accepted = charts.iter().find(|directory| in_process(directory).is_ok());
    side_by_side(accepted.context("no chart renders")?, arguments.renders)
}

/// A public chart with its defaults.
fn with_defaults(fields: &[&str]) -> Option<PathBuf> {
    match fields {
        [repository, chart, "public", _, "-"] => {
            Some(Path::new("charts").join(repository).join(chart))
        }
        _ => None,
    }
}

fn in_process(directory: &Path) -> Result<()> {
    let (root, path) = from_root(directory)?;
    once(&Chart::load(&DirectoryTree::new(root), &path)?)
}

fn once(chart: &Chart) -> Result<()> {
    let options = Options::new(Environment::new(0, [7; 32]));
    let release = Release::new("release", "default");
    let rendered = render(chart, &Values::new(), &release, &Capabilities::default(), &options)?;
    std::hint::black_box(rendered.print(&Print::default())?);
    Ok(())
}

/// The same renders on one thread and on two.
fn side_by_side(directory: &Path, renders: usize) -> Result<()> {
    let time = |threads: usize| -> Result<Duration> {
        let start = Instant::now();
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| (0..renders / threads).try_for_each(|_| in_process(directory)))
                })
                .collect();
            all.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a render panicked")))
            })
        })?;
        Ok(start.elapsed())
    };
    let (one, two) = (time(1)?, time(2)?);
    println!(
        "{renders} renders of {}: one thread {:.2} s, two threads {:.2} s ({:.2} times faster)",
        directory.display(),
        one.as_secs_f64(),
        two.as_secs_f64(),
        one.as_secs_f64() / two.as_secs_f64().max(1e-9)
    );
    Ok(())
}
