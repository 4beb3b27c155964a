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

/// Up to this many failed test targets are run once more, each alone, so that one race on a busy
/// machine does not cost a whole run. The summary names them: each is a fault to be found.
const RUN_AGAIN: usize = 3;

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
        let mut output = play(&step.program, &step.arguments, environment)?;
        let unsteady = output.targets.clone();
        if !output.passed && (1..=RUN_AGAIN).contains(&unsteady.len()) {
            output.passed = run_again(&unsteady, environment)?;
        }
        failures.append(&mut output.failures);
        outcomes.push((step.title, output.passed, started.elapsed(), unsteady));
    }
    for failure in &failures {
        println!("{failure}");
    }
    println!("==> summary");
    for (title, passed, took, unsteady) in &outcomes {
        println!("    {:6} {title} ({took:.1?})", if *passed { "passed" } else { "FAILED" });
        for target in unsteady.iter().filter(|_| *passed) {
            println!("           UNSTEADY, passed when run again alone: cargo test {target}");
        }
    }
    if outcomes.iter().any(|(_, passed, ..)| !passed) {
        bail!("not everything passed");
    }
    Ok(())
}

/// Runs the test targets that failed once more, each alone; true when all pass now.
fn run_again(targets: &[String], environment: &[&str]) -> Result<bool> {
    let mut passed = true;
    for target in targets {
        println!("==> once more: cargo test {target}");
        let arguments: Vec<&str> =
            ["test", "--locked"].into_iter().chain(target.split(' ')).collect();
        passed &= play(env!("CARGO"), &arguments, environment)?.passed;
    }
    Ok(passed)
}

/// What a step came to.
struct Output {
    passed: bool,
    /// What each failed test said.
    failures: Vec<String>,
    /// Test targets that failed, as arguments of `cargo test`.
    targets: Vec<String>,
}

/// Runs one program and passes on what it prints.
fn play(program: &str, arguments: &[&str], environment: &[&str]) -> Result<Output> {
    let mut command = Command::new(program);
    command.args(arguments);
    command.envs(environment.iter().map(|name| (name, "1")));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("start {program}"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (failures, targets) = std::thread::scope(|scope| {
        let targets = scope.spawn(|| stderr.map_or_else(|| Ok(Vec::new()), failed_targets));
        let failures = stdout.map_or_else(|| Ok(Vec::new()), show)?;
        let targets = targets.join().map_err(|_| anyhow::anyhow!("the reader panicked"))??;
        anyhow::Ok((failures, targets))
    })?;
    Ok(Output { passed: child.wait()?.success(), failures, targets })
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

/// Passes on what cargo says of its doing; gives the targets of its last list of failed ones:
///
/// ```text
/// error: 1 target failed:
///     `-p windlass-testkit --test kubernetes`
/// ```
fn failed_targets(output: impl Read) -> Result<Vec<String>> {
    let mut targets: Vec<String> = Vec::new();
    let mut within = false;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        if line.starts_with("error:") {
            within = line.ends_with(" failed:");
        } else if within && let Some(target) = line.trim().strip_prefix('`') {
            targets.push(target.trim_end_matches('`').to_owned());
        }
    }
    Ok(targets)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_targets_are_those_that_cargo_lists() {
        let said = "     Running tests/a.rs (target/debug/deps/a-1)\n\
            error: test failed, to rerun pass `-p x --test a`\n\
            error: 2 targets failed:\n    `-p x --test a`\n    `-p y --lib`\n";
        assert_eq!(failed_targets(said.as_bytes()).unwrap(), ["-p x --test a", "-p y --lib"]);
        assert!(failed_targets(&b"error: could not compile `x`\n"[..]).unwrap().is_empty());
    }
}
