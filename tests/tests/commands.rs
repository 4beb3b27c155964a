//! Stories of the command line on what was delivered.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use anyhow::{Context as _, Result, ensure};
use regex::Regex;
use windlass_object::json;
use windlass_stories::{App, Plane, World, manifest, stories};

stories! {
    logs_of_an_application,
}

/// Commands that list, each with the first cells of its head.
const LISTS: [(&str, &str); 18] = [
    ("admin cluster stats", "SERVER"),
    ("admin cluster shards", "SHARD"),
    ("app list", "NAME"),
    ("app history shop", "ID"),
    ("app resources shop", "GROUP"),
    ("app get shop", "GROUP"),
    ("app actions list shop --kind Deployment", "GROUP"),
    ("proj list", "NAME"),
    ("proj role list team", "ROLE-NAME"),
    ("proj windows list team", "ID"),
    ("repo list", "TYPE"),
    ("repocreds list", "URL"),
    ("cluster list", "SERVER"),
    ("cert list", "HOSTNAME"),
    ("gpg list", "KEYID"),
    ("admin cluster namespaces", "CLUSTER"),
    ("argocd app list", "NAME"),
    ("argocd proj list", "NAME"),
];

/// Tables are aligned, have no colours that a file would keep, and are the same on a terminal; errors are
/// on standard error alone.
#[test]
fn lists_are_for_people_and_for_programs() -> Result<()> {
    World::start(Plane::Embedded, "lists_are_for_people_and_for_programs", lists)
}

fn lists(world: &mut World) -> Result<()> {
    let repository = world.repository("lists")?;
    let url = repository.url();
    let commit = repository.commit(
        "first",
        &[
            ("app/web.yaml", &manifest::deployment("web", 1, 0)),
            ("app/settings.yaml", &manifest::config_map("settings-of-a-long-name", "one")),
        ],
    )?;
    let to = world.name("to");
    let app = App::new(&world.control(), "shop", &url, "app", &to).automated(json!({}));
    world.create(&app)?;
    let other = App::new(&world.control(), "another-of-a-longer-name", &url, "none", &to);
    world.create(&other)?;
    world.wait_delivered("shop", &commit)?;
    for name in ["argocd-ssh-known-hosts-cm", "argocd-tls-certs-cm", "argocd-gpg-keys-cm"] {
        let labels = json!({"app.kubernetes.io/part-of": "argocd"});
        let metadata = json!({"name": name, "namespace": world.control(), "labels": labels});
        world
            .api()
            .create(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}))?;
    }
    let hosts = world.dir().join("hosts");
    let key = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    std::fs::write(&hosts, format!("git.example.com ssh-ed25519 {key}\n"))?;
    let hosts = hosts.display().to_string();
    for command in [
        "proj create team -d *,* -s *".to_owned(),
        "proj role create team developers".to_owned(),
        "proj windows add team --kind allow --schedule 0_22_*_*_* --duration 1h --applications *"
            .to_owned(),
        format!("repo add {url}"),
        "repocreds add https://example.com/ --username u --password p".to_owned(),
        format!("cert add-ssh --batch --from {hosts}"),
    ] {
        let words: Vec<String> = command.split(' ').map(|word| word.replace('_', " ")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let done = world.windlass(&words)?;
        ensure!(done.code == 0, "{command}: {done:?}");
    }
    for (command, head) in LISTS {
        let plain = world.windlass(&command.split(' ').collect::<Vec<_>>())?;
        ensure!(plain.code == 0 && plain.err.is_empty(), "{command}: {plain:?}");
        ensure!(!plain.out.contains('\x1b'), "{command}: {:?}", plain.out);
        aligned(command, head, &plain.out)?;
        let shown = on_a_terminal(world, command)?;
        let shown = COLOURS.replace_all(&shown, "").replace("\r\n", "\n");
        let without_ages = |text: &str| AGES.replace_all(text, "N").into_owned();
        ensure!(
            without_ages(&shown) == without_ages(&plain.out),
            "{command} on a terminal:\n{shown}\nin a pipe:\n{}",
            plain.out
        );
    }
    for command in [
        "app get none",
        "app history none",
        "app resources none",
        "proj get none",
        "proj role list none",
        "proj windows list none",
        "repo get https://none.example.com",
        "cluster get none",
        "gpg get 0000000000000000",
        "app list -o nothing",
        "cluster list -o nothing",
        "app why none",
        "argocd app get none",
        "argocd cluster get none",
        "app none",
        "app list --none",
        "cluster rm",
    ] {
        let failed = world.windlass(&command.split(' ').collect::<Vec<_>>())?;
        ensure!(failed.code != 0 && failed.out.is_empty(), "{command}: {failed:?}");
        ensure!(
            failed.err.contains("rror") || failed.err.contains("\"fatal\""),
            "{command}: {failed:?}"
        );
        ensure!(!failed.err.contains('\x1b'), "{command}: {:?}", failed.err);
    }
    Ok(())
}

static COLOURS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("\x1b\\[[0-9;]*[A-Za-z]").expect("a pattern of ours"));
/// What may be another from one second to the next.
static AGES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d+[smh](\d+s)?").expect("a pattern of ours"));

/// Each cell of a table begins where its head does.
fn aligned(command: &str, head: &str, text: &str) -> Result<()> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(head));
    let first = lines.next().with_context(|| format!("{command} has no head {head}: {text}"))?;
    let begins = |line: &str| -> Vec<usize> {
        let bytes = line.as_bytes();
        (1..bytes.len())
            .filter(|at| bytes[*at] != b' ' && *at > 1 && bytes[at - 2..*at] == *b"  ")
            .collect()
    };
    let heads = begins(first);
    let mut rows = 0;
    for line in lines.take_while(|line| !line.is_empty()) {
        rows += 1;
        for at in begins(line) {
            ensure!(heads.contains(&at), "{command}: column {at} has no head:\n{text}");
        }
        for at in &heads {
            let before = line.as_bytes().get(at - 1).is_none_or(|byte| *byte == b' ');
            ensure!(before, "{command}: a cell runs into column {at}:\n{text}");
        }
    }
    // A list of what there is none of is its head.
    ensure!(rows > 0 || ["gpg list"].contains(&command), "{command} lists nothing: {text}");
    Ok(())
}

/// What a command shows on a terminal that util-linux's `script` plays.
fn on_a_terminal(world: &World, command: &str) -> Result<String> {
    let line = format!("'{}' {command}", World::binary()?.display());
    let shown = Command::new("script")
        .args(["-qefc", &line, "/dev/null"])
        .env("KUBECONFIG", world.kubeconfig())
        .env("ARGOCD_NAMESPACE", world.control())
        .env("XDG_CACHE_HOME", world.dir().join("cli-cache"))
        .env("TZ", "UTC")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output()
        .context("script of util-linux, which plays a terminal")?;
    ensure!(shown.status.success(), "{command}: {shown:?}");
    Ok(String::from_utf8(shown.stdout)?)
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
