//! Stories of the command line on what was delivered.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use windlass_object::json;
use windlass_stories::{App, Plane, World, manifest, stories};

stories! {
    logs_of_an_application,
}

/// The logs of the pods of an application, and of what is chosen in it.
fn logs_of_an_application(world: &mut World) -> Result<()> {
    let repository = world.repository("logs")?;
    let commit = repository.commit(
        "two workloads",
        &[
            ("app/web.yaml", &manifest::deployment("web", 2, 0)),
            ("app/db.yaml", &manifest::deployment("db", 1, 0)),
            ("app/settings.yaml", &manifest::config_map("settings", "one")),
        ],
    )?;
    let to = world.name("to");
    let app = App::new(&world.control(), "logs", &repository.url(), "app", &to);
    let app = world.create(&app.automated(json!({})))?;
    world.wait_delivered(&app, &commit)?;

    let logs = |more: &[&str]| -> Result<Vec<String>> {
        let printed = world.windlass(&[&["app", "logs", &app][..], more].concat())?;
        ensure!(printed.code == 0, "{more:?}: {printed:?}");
        Ok(printed.out.lines().map(str::to_owned).collect())
    };
    let all = logs(&[])?;
    ensure!(all.len() == 3, "a line for each pod: {all:?}");
    let web = ["--kind", "Deployment", "--group", "apps", "--name", "web", "--namespace", &to];
    let of_web = logs(&web)?;
    ensure!(of_web.len() == 2, "the pods of an object: {of_web:?}");
    ensure!(logs(&["--kind", "ConfigMap"])?.is_empty(), "no pod belongs to it");
    let none = world.windlass(&["app", "logs", "none"])?;
    ensure!(none.code == 1 && none.err.contains("\"none\" not found"), "{none:?}");

    // A kubelet of kwok keeps no logs: its refusal is the line of a pod, as argocd shows it.
    if world.plane() == Plane::Kubernetes {
        return Ok(());
    }
    ensure!(all.iter().all(|line| line.ends_with("is simulated and writes no log")), "{all:?}");
    ensure!(of_web.iter().all(|line| line.starts_with(&format!("{to}/web-"))), "{of_web:?}");
    ensure!(logs(&["--filter", "/WEB-"])?.len() == 2);
    ensure!(logs(&["--filter", "/WEB-", "--match-case"])?.is_empty());
    ensure!(logs(&["--filter", "!/web-"])?.len() == 1);
    ensure!(logs(&["--tail", "1"])?.len() == 3);
    ensure!(logs(&["--since-seconds", "3600"])?.len() == 3);
    ensure!(logs(&["--until-time", "2026-01-01T00:00:00Z"])?.is_empty());
    ensure!(logs(&["-c", "main"])?.len() == 3);
    for line in logs(&["-c", "other"])? {
        ensure!(line.starts_with("container other is not valid for pod "), "{line}");
    }
    for line in logs(&["--previous"])? {
        ensure!(line.starts_with("previous terminated container \"main\" in pod "), "{line}");
    }

    // Followed, it ends with its pods.
    let mut follow = Command::new(World::binary()?)
        .args(["app", "logs", &app, "--follow", "--name", "db", "--kubeconfig"])
        .arg(world.kubeconfig())
        .args(["-n", &world.control()])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(follow.stdout.take().context("its output")?).lines();
    let first = lines.next().context("a first line")??;
    ensure!(first.starts_with(&format!("{to}/db-")), "{first}");
    world.api().delete("argoproj.io/v1alpha1/Application", &world.control(), &app)?;
    world.api().delete("apps/v1/Deployment", &to, "db")?;
    ensure!(lines.next().is_none());
    ensure!(follow.wait()?.success());
    Ok(())
}
