//! The first hour with Windlass: what the README promises, command by command.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{ApiClient, App, PATIENCE, World, manifest, stories};
use windlass_testkit::{Process, peer, wait_for};

stories! { the_rights_of_an_installation_suffice, manifests_and_plans_are_printed }

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeded(what: &str, output: &Output) -> Result<String> {
    ensure!(output.status.success(), "{what}: {output:?}");
    Ok(text(&output.stdout))
}

#[test]
fn the_demo_ends_when_all_is_healthy() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let shown = Command::new(World::binary()?)
        .args(["up", "--demo", "--exit-when-healthy"])
        .env("WINDLASS_CACHE", dir.path())
        .output()?;
    let shown = succeeded("up --demo", &shown)?;
    // In the order in which a person wants to know it.
    let mut rest = shown.as_str();
    for part in ["simulated", "kubeconfig", "ready after", "sample", "all Synced and Healthy after"]
    {
        let at = rest.find(part).with_context(|| format!("no {part:?} in its place: {shown}"))?;
        rest = &rest[at..];
    }
    ensure!(!shown.contains('\x1b'), "plain lines where there is no terminal: {shown:?}");
    Ok(())
}

/// A commit is delivered, drift undone, and a question answered: by the very lines it prints.
#[test]
fn what_the_demo_says_to_try_works() -> Result<()> {
    if !windlass_testkit::available(&["kubectl"]) {
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let data = dir.path().join("data");
    let cache = format!("WINDLASS_CACHE={}", dir.path().join("cache").display());
    let binary = World::binary()?;
    let arguments = [
        cache.as_str(),
        binary.to_str().context("a path in UTF-8")?,
        "up",
        "--demo",
        "--data",
        data.to_str().context("a path in UTF-8")?,
    ];
    let log = dir.path().join("log");
    let mut demo = Process::start(Path::new("/usr/bin/env"), arguments, &log)?;
    let hints = wait_for("it says what to try", PATIENCE, || {
        demo.check()?;
        let said = std::fs::read_to_string(&log)?;
        let hints = said.split_once("Three things to try").map(|(_, hints)| hints.to_owned());
        Ok(hints.filter(|text| text.contains("windlass app get")))
    })?;
    let line = |word: &str| -> Result<String> {
        let found = hints.lines().find(|line| line.trim_start().starts_with(word));
        Ok(found.with_context(|| format!("no line of {word} in {hints}"))?.trim().to_owned())
    };
    let kubeconfig = line("export KUBECONFIG=")?;
    let kubeconfig = PathBuf::from(kubeconfig.trim_start_matches("export KUBECONFIG="));
    ensure!(std::fs::metadata(&kubeconfig)?.permissions().mode() & 0o777 == 0o600);
    let api = ApiClient::connect(&kubeconfig)?;
    let run = |line: &str| -> Result<String> {
        let tools = [binary.parent(), peer("kubectl")?.parent()].map(|dir| dir.map(Path::to_owned));
        let path = std::env::join_paths(tools.into_iter().flatten())?;
        let mut path = path;
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let output = Command::new("sh")
            .args(["-c", line])
            .env("KUBECONFIG", &kubeconfig)
            .env("PATH", path)
            .stdin(Stdio::null())
            .output()?;
        succeeded(line, &output)
    };
    let app = (APPLICATION, "argocd", "sample");
    let first = api.wait("delivered", app, |a| a["status"]["sync"]["status"] == "Synced")?;
    let first = first["status"]["sync"]["revision"].clone();
    run(&line("git")?)?;
    api.wait("the commit is delivered", app, |a| {
        let status = &a["status"];
        status["sync"]["revision"] != first
            && status["sync"]["status"] == "Synced"
            && status["health"]["status"] == "Healthy"
            && status["operationState"]["phase"] == "Succeeded"
    })?;
    let web = ("apps/v1/Deployment", "sample", "web");
    let before = api.wait("the sample's Deployment", web, |d| !d.is_null())?;
    let replicas = &before["spec"]["replicas"];
    ensure!(*replicas != 5, "what the hint sets is no drift");
    run(&line("kubectl")?)?;
    api.wait("the drift is undone", web, |d| {
        d["spec"]["replicas"] == *replicas
            && d["metadata"]["generation"].as_i64()
                >= before["metadata"]["generation"].as_i64().map(|g| g + 2)
    })?;
    let told = run(&line("windlass")?)?;
    ensure!(told.contains("Synced") && told.contains("Deployment"), "{told}");
    Ok(())
}

/// `windlass install --export` as kubectl applies it, and then the controllers as the account that
/// it makes.
fn the_rights_of_an_installation_suffice(world: &mut World) -> Result<()> {
    let namespace = world.name("installed");
    let mine = world.kubeconfig().to_owned();
    let kubectl = |arguments: &[&str], input: &str| -> Result<String> {
        let mut child = Command::new(peer("kubectl")?)
            .args(arguments)
            .env("KUBECONFIG", &mine)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().context("its input")?.write_all(input.as_bytes())?;
        succeeded(&format!("kubectl {arguments:?}"), &child.wait_with_output()?)
    };
    let export = world.windlass(&["install", "--export", "-n", &namespace])?;
    ensure!(export.code == 0, "{export:?}");
    kubectl(&["apply", "--server-side", "-f", "-"], &export.out)?;
    kubectl(&["rollout", "status", "deployment/windlass", "-n", &namespace, "--timeout=120s"], "")?;

    // The same binary outside of the simulated pod, by a token of that pod's account.
    let token = kubectl(&["create", "token", "windlass", "-n", &namespace], "")?;
    let view = kubectl(&["config", "view", "--raw", "--minify", "-o", "json"], "")?;
    let mut config: Value = serde_json::from_str(&view)?;
    config["users"][0]["user"] = json!({"token": token.trim()});
    let kubeconfig = world.dir().join("installed.json");
    std::fs::write(&kubeconfig, serde_json::to_vec(&config)?)?;
    let _installed = world.up(
        "installed",
        vec![
            "--namespace".into(),
            namespace.clone().into(),
            "--kubeconfig".into(),
            kubeconfig.into(),
        ],
    )?;
    let repository = world.repository("installed")?;
    let commit =
        repository.commit("first", &[("app/web.yaml", &manifest::deployment("web", 1, 0))])?;
    let app = App::new(&namespace, "shop", &repository.url(), "app", &world.name("to"))
        .automated(json!({}));
    world.api().create(app.value())?;
    let told = world.api().wait("delivered", (APPLICATION, &namespace, "shop"), |app| {
        app["status"]["sync"]["status"] == "Synced"
            && app["status"]["health"]["status"] == "Healthy"
    });
    kubectl(&["delete", "clusterrolebinding,clusterrole", "windlass"], "")?;
    ensure!(told?["status"]["sync"]["revision"] == commit.as_str());
    Ok(())
}

/// `render` of a directory and of a commit, `plan` before and after a sync.
fn manifests_and_plans_are_printed(world: &mut World) -> Result<()> {
    let repository = world.repository("printed")?;
    let files = [("app/one.yaml", manifest::config_map("one", "1"))];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let commit = repository.commit("first", &files)?;
    repository.commit("second", &[("app/one.yaml", &manifest::config_map("one", "2"))])?;
    let url = repository.url();
    let from = format!("{url}@{commit}:app");
    let of_git = world.windlass(&["render", &from])?;
    ensure!(of_git.code == 0 && of_git.out.contains("key: \"1\""), "{of_git:?}");
    let named = world.windlass(&["render", &from, "-o", "name"])?;
    ensure!(
        named.code == 0 && named.out.contains("configmap/one") || named.out.contains("ConfigMap"),
        "{named:?}"
    );

    let dir = world.dir().join("plain");
    std::fs::create_dir_all(&dir)?;
    std::fs::write(dir.join("good.yaml"), manifest::config_map("good", "1"))?;
    std::fs::write(dir.join("bad.yaml"), "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n")?;
    let of_dir = world.windlass(&["render", &dir.to_string_lossy(), "-o", "json"])?;
    ensure!(
        of_dir.code == 1 && of_dir.out.contains("\"good\""),
        "the good one is shown: {of_dir:?}"
    );
    ensure!(of_dir.err.contains("bad.yaml:"), "and where the bad one is bad: {of_dir:?}");

    let app = App::new(&world.control(), &world.name("shop"), &url, "app", &world.name("to"));
    let name = world.create(&app)?;
    world.wait_app("compared", &name, |app| app["status"]["sync"]["status"] == "OutOfSync")?;
    let plan = world.windlass(&["plan", &name])?;
    ensure!(plan.code == 0 && plan.out.contains("ConfigMap"), "{plan:?}");
    let plan = world.windlass(&["plan", &name, "-o", "json"])?;
    ensure!(plan.code == 0, "{plan:?}");
    let value: Value = serde_json::from_str(&plan.out)?;
    ensure!(value.to_string().contains("\"one\""), "{value}");
    let none = world.windlass(&["plan", "none"])?;
    ensure!(none.code == 20 && none.out.is_empty(), "{none:?}");
    Ok(())
}

#[test]
fn wrong_arguments_are_usage_and_2() -> Result<()> {
    for command in [
        "up --nowhere",
        "up --demo --kubeconfig file",
        "up --listen nowhere",
        "render",
        "plan",
        "install",
        "nothing",
        "app nothing",
        "app sync --retry-limit many web",
        "app list --output",
    ] {
        let output = Command::new(World::binary()?)
            .args(command.split(' '))
            .stdin(Stdio::null())
            .output()?;
        let said = text(&output.stderr);
        ensure!(output.status.code() == Some(2), "{command}: {output:?}");
        ensure!(output.stdout.is_empty() && said.contains("Usage:"), "{command}: {said}");
    }
    Ok(())
}
