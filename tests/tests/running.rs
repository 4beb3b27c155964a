//! Stories of running it for real: beside an Argo CD, and as one of several replicas.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use windlass_object::json;
use windlass_stories::{PATIENCE, World, stories};
use windlass_testkit::{Process, wait_for};

stories! { refuses_beside_argo_cd, one_replica_acts_and_another_succeeds_it }

fn up(world: &World, namespace: &str) -> Result<Command> {
    let mut command = Command::new(World::binary()?);
    command
        .args(["up", "--namespace", namespace, "--kubeconfig"])
        .arg(world.kubeconfig())
        .env("WINDLASS_CACHE", std::env::temp_dir().join(namespace))
        .stdin(Stdio::null());
    Ok(command)
}

/// Two controllers on the same Applications would undo each other's work.
fn refuses_beside_argo_cd(world: &mut World) -> Result<()> {
    let namespace = world.name("beside");
    world.api().create(&json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace},
    }))?;
    let name = "argocd-application-controller";
    let labels = json!({"app.kubernetes.io/name": name});
    world.api().create(&json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": 1, "serviceName": name, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "registry.example/argocd:1"}]},
            },
        },
    }))?;
    let refused = up(world, &namespace)?.output()?;
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(refused.status.code() == Some(1), "{:?} {text}", refused.status);
    ensure!(
        text.contains("an Argo CD controller runs here") && text.contains("--takeover"),
        "{text}"
    );
    let projects = world.api().list("argoproj.io/v1alpha1/AppProject", &namespace)?;
    ensure!(projects.is_empty(), "it has touched nothing");

    world.api().patch(
        "apps/v1/StatefulSet",
        &namespace,
        name,
        &json!({"spec": {"replicas": 0}}),
    )?;
    let dir = tempfile::tempdir()?;
    let log = dir.path().join("log");
    let kubeconfig = world.kubeconfig().to_string_lossy().into_owned();
    let cache = format!("WINDLASS_CACHE={}", dir.path().display());
    let binary = World::binary()?;
    let binary = binary.to_str().context("a path in UTF-8")?;
    let arguments = [&cache, binary, "up", "--namespace", &namespace, "--kubeconfig", &kubeconfig];
    let mut process = Process::start(Path::new("/usr/bin/env"), arguments, &log)?;
    wait_for("it acts when the other is gone", PATIENCE, || {
        process.check()?;
        ready(&log)
    })
}

/// Whether it has said so in its log; with the log where it has not.
fn ready(log: &Path) -> Result<Option<()>> {
    let text = std::fs::read_to_string(log)?;
    ensure!(text.contains("ready after"), "not ready, its log: {text}");
    Ok(Some(()))
}

/// The second replica waits for the Lease, and takes it when the first is killed.
fn one_replica_acts_and_another_succeeds_it(world: &mut World) -> Result<()> {
    let namespace = world.name("replicas");
    world.api().create(&json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace},
    }))?;
    let dir = tempfile::tempdir()?;
    let kubeconfig = world.kubeconfig().to_string_lossy().into_owned();
    let start = |name: &str| -> Result<(Process, std::path::PathBuf)> {
        let log = dir.path().join(name);
        let pod = format!("POD_NAME={name}");
        let cache = format!("WINDLASS_CACHE={}/{name}-cache", dir.path().display());
        let binary = World::binary()?;
        let binary = binary.to_str().context("a path in UTF-8")?;
        let arguments = [
            &pod,
            &cache,
            binary,
            "up",
            "--leader-elect",
            "--namespace",
            &namespace,
            "--kubeconfig",
            &kubeconfig,
        ];
        Ok((Process::start(Path::new("/usr/bin/env"), arguments, &log)?, log))
    };
    let lease = ("coordination.k8s.io/v1/Lease", namespace.as_str(), "windlass");
    let (first, first_log) = start("first")?;
    wait_for("the first acts", PATIENCE, || ready(&first_log))?;
    let (_second, second_log) = start("second")?;
    world
        .api()
        .wait("the first holds the lease", lease, |l| l["spec"]["holderIdentity"] == "first")?;
    ensure!(ready(&second_log).is_err(), "the second waits");
    drop(first);
    wait_for("the second acts", PATIENCE, || ready(&second_log))?;
    world.api().wait("and holds the lease", lease, |l| l["spec"]["holderIdentity"] == "second")?;
    Ok(())
}
