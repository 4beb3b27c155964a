//! `cargo xtask test`: every check, in the order in which they are quick to fail.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use windlass_testkit as testkit;

/// What the whole test run needs.
pub(crate) const PEERS: &[&str] = &["kube", "helm"];

/// The release of cargo-deny that `deny.toml` is written for.
const CARGO_DENY: &str = "0.20.2";

/// What one failed test said is told again at the end up to this many bytes.
const TOLD_AGAIN: usize = 6000;

/// How much is run.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What one runs between edits: format, lints and unit tests; no peers.
    #[arg(long)]
    quick: bool,
    /// Asks the real systems anew what is otherwise replayed, compares with these answers, and
    /// shows which differ from the recorded ones.
    #[arg(long, conflicts_with = "quick")]
    peers: bool,
}

struct Step {
    title: &'static str,
    program: String,
    arguments: Vec<&'static str>,
}

impl Step {
    fn cargo(title: &'static str, arguments: &str) -> Self {
        // Arguments are written as one line in this file, so they live as long as the program.
        let arguments = arguments.split(' ').map(|word| &*word.to_owned().leak()).collect();
        Self { title, program: env!("CARGO").to_owned(), arguments }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut steps = vec![
        Step::cargo("format", "fmt --all --check"),
        Step::cargo("lints", "clippy --workspace --all-targets --locked -- -D warnings"),
    ];
    if arguments.quick {
        steps.push(Step::cargo("unit tests", "test --workspace --locked --lib --bins"));
        return report(&steps, &[]);
    }
    println!("==> peers: {}", PEERS.join(" "));
    testkit::build(PEERS, &mut |line| println!("{line}"))?;
    if arguments.peers {
        testkit::build(&["argocd"], &mut |line| println!("{line}"))?;
    }
    if let Err(error) = testkit::peer("sshd") {
        bail!("{error} (Debian: apt-get install openssh-server)");
    }
    install_cargo_deny()?;
    // Held until the end, so that all test binaries use the same one.
    let started = Instant::now();
    let cluster = testkit::kubernetes()?;
    println!("    kubernetes at {} after {:.1?}", cluster.server()?, started.elapsed());
    steps.push(Step::cargo("licences, bans, sources", "deny --locked check bans licenses sources"));
    // The stories run the binary, and `cargo test` builds only test harnesses of it.
    steps.push(Step::cargo("build", "build --workspace --locked"));
    steps.push(Step::cargo("tests", "test --workspace --locked --no-fail-fast"));
    let mut environment = vec!["WINDLASS_PEERS"];
    if arguments.peers {
        environment.push("WINDLASS_RECORD");
        steps.push(Step {
            title: "recorded answers",
            program: "git".to_owned(),
            // Orders within a wave and names of temporary files change from run to run.
            arguments: vec!["diff", "--stat"],
        });
    }
    let result = report(&steps, &environment);
    testkit::stop_shared()?;
    result
}

/// Runs the steps with these variables set, all of them, and says which failed and what the
/// failed tests said: thousands of lines may lie between these words and the end.
fn report(steps: &[Step], environment: &[&str]) -> Result<()> {
    let mut outcomes = Vec::new();
    let mut failures = Vec::new();
    for step in steps {
        println!("==> {}: {}", step.title, step.arguments.join(" "));
        let started = Instant::now();
        let mut command = Command::new(&step.program);
        command.args(&step.arguments);
        command.envs(environment.iter().map(|name| (name, "1")));
        command.stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("start {}", step.program))?;
        if let Some(output) = child.stdout.take() {
            failures.extend(show(output)?);
        }
        outcomes.push((step.title, child.wait()?.success(), started.elapsed()));
    }
    for failure in &failures {
        println!("{failure}");
    }
    println!("==> summary");
    for (title, passed, took) in &outcomes {
        println!("    {:6} {title} ({took:.1?})", if *passed { "passed" } else { "FAILED" });
    }
    if outcomes.iter().any(|(_, passed, _)| !passed) {
        bail!("not everything passed");
    }
    Ok(())
}

/// Passes on what a step prints; gives what its failed tests said.
fn show(output: impl Read) -> Result<Vec<String>> {
    let mut failures: Vec<String> = Vec::new();
    let mut within = false;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if line.starts_with("---- ") {
            within = true;
            failures.push(String::new());
        } else if line == "failures:" {
            within = false;
        }
        if let Some(failure) = failures.last_mut().filter(|_| within)
            && failure.len() + line.len() < TOLD_AGAIN
        {
            failure.push_str(&line);
            failure.push('\n');
        }
    }
    Ok(failures)
}

fn install_cargo_deny() -> Result<()> {
    let there = Command::new(env!("CARGO")).args(["deny", "--version"]).output()?;
    if there.status.success() {
        return Ok(());
    }
    println!("==> cargo install cargo-deny {CARGO_DENY}");
    let status = Command::new(env!("CARGO"))
        .args(["install", "--quiet", "--locked", "cargo-deny", "--version", CARGO_DENY])
        .args(["--profile", "dev"])
        .status()?;
    if !status.success() {
        bail!("cargo-deny {CARGO_DENY} could not be installed");
    }
    Ok(())
}
