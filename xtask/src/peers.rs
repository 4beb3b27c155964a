//! `cargo xtask peers`: the real systems, in a cache outside the tree.

use std::process::Command;

use anyhow::{Result, ensure};
use windlass_testkit as testkit;

/// What to do with the peers.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists programs and groups, and whether each is there.
    Status,
    /// Builds programs and groups that are absent.
    Build {
        /// Programs and groups; without any, those that `cargo xtask test` needs.
        names: Vec<String>,
    },
    /// Starts the shared Kubernetes and holds it until interrupted.
    Start,
    /// Plays scenarios on the real Argo CD and writes down what it gives.
    Record {
        /// Parts of names; without any, those that have no valid recording.
        names: Vec<String>,
    },
    /// Stops the shared Kubernetes, whoever uses it.
    Stop,
    /// Prints lines for the shell that set KUBECONFIG and PATH.
    Env,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.action {
        Action::Status => status(),
        Action::Build { names } => {
            let names: Vec<&str> = if names.is_empty() {
                crate::test::PEERS.to_vec()
            } else {
                names.iter().map(String::as_str).collect()
            };
            testkit::build(&names, &mut |line| println!("{line}"))
        }
        Action::Start => {
            let cluster = testkit::kubernetes()?;
            println!("kubernetes is ready at {}", cluster.server()?);
            println!("export KUBECONFIG={}", cluster.kubeconfig().display());
            println!("it stays until you interrupt this command");
            loop {
                std::thread::park();
            }
        }
        Action::Record { names } => record(names),
        Action::Stop => testkit::stop_shared(),
        Action::Env => {
            let dir = testkit::peers_dir();
            println!("export KUBECONFIG={}", dir.join("cluster/kubeconfig").display());
            println!("export PATH={}:$PATH", dir.join("bin").display());
            Ok(())
        }
    }
}

fn record(names: &[String]) -> Result<()> {
    testkit::build(&["kube", "argocd"], &mut |line| println!("{line}"))?;
    let status = Command::new(env!("CARGO"))
        .args(["test", "-p", "windlass-stories", "--test", "scenarios", "as_argo_cd"])
        .args(["--", "--nocapture"])
        .env("WINDLASS_PEERS", "1")
        .env("WINDLASS_SCENARIOS", names.join(","))
        .env("WINDLASS_SCENARIOS_ON", "argocd")
        .env("WINDLASS_RECORD", if names.is_empty() { "missing" } else { "1" })
        .status()?;
    ensure!(status.success(), "not everything was recorded");
    Ok(())
}

fn status() -> Result<()> {
    for program in testkit::PROGRAMS {
        let state = if testkit::peer(program.name).is_ok() { "built" } else { "absent" };
        println!("{:26} {:10} {state}", program.name, program.version);
    }
    for (group, members) in testkit::GROUPS {
        println!("{group:26} {:10} {}", "group", members.join(" "));
    }
    println!("{:26} {:10} {}", "kubernetes", "shared", {
        if testkit::is_running()? { "runs" } else { "stopped" }
    });
    Ok(())
}
