//! Stories of the main job: what is in Git comes to be in the cluster, and stays so.

use anyhow::{Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{App, World, manifest, stories};
use windlass_testkit::wait_for;

stories! {
    first_delivery,
    new_commit,
    a_commit_elsewhere_is_followed,
    drift_and_self_heal,
    prune,
    bad_manifest_beside_good_ones,
    partial_sync_delivers_the_good_ones,
    unreachable_repository,
    two_applications_claim_one_object,
    cascade_delete,
    kill_in_the_middle_of_a_sync,
}

const CONFIG_MAP: &str = "v1/ConfigMap";
const DEPLOYMENT: &str = "apps/v1/Deployment";

fn app(world: &World, stem: &str, url: &str, path: &str) -> App {
    App::new(&world.control(), &world.name(stem), url, path, &world.name("to"))
}

fn everything() -> Value {
    json!({"prune": true, "selfHeal": true})
}

fn has_condition(app: &Value, kind: &str, part: &str) -> bool {
    app["status"]["conditions"].as_array().is_some_and(|list| {
        list.iter()
            .any(|c| c["type"] == kind && c["message"].as_str().is_some_and(|m| m.contains(part)))
    })
}

fn resource<'a>(app: &'a Value, kind: &str, name: &str) -> &'a Value {
    app["status"]["resources"]
        .as_array()
        .and_then(|l| l.iter().find(|r| r["kind"] == kind && r["name"] == name))
        .unwrap_or(&Value::Null)
}

/// Three waves come in order, and everything is marked, Synced and Healthy at the commit.
fn first_delivery(world: &mut World) -> Result<()> {
    let repository = world.repository("first")?;
    let commit = repository.commit(
        "first",
        &[
            ("app/settings.yaml", &manifest::config_map_in_wave("settings", "one", -1)),
            ("app/web.yaml", &manifest::deployment("web", 2, 0)),
            ("app/service.yml", &manifest::service("web")),
            ("app/last.yaml", &manifest::config_map_in_wave("last", "three", 1)),
            ("app/notes.txt", "not a manifest"),
        ],
    )?;
    let name = world.create(&app(world, "first", &repository.url(), "app").automated(json!({})))?;
    let delivered = world.wait_delivered(&name, &commit)?;

    let to = world.name("to");
    let settings = world.api().get(CONFIG_MAP, &to, "settings")?.unwrap_or_default();
    let last = world.api().get(CONFIG_MAP, &to, "last")?.unwrap_or_default();
    let web = world.api().get(DEPLOYMENT, &to, "web")?.unwrap_or_default();
    ensure!(web["status"]["availableReplicas"] == 2, "{web}");
    let tracking = &settings["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"];
    ensure!(*tracking == format!("{name}:/ConfigMap:{to}/settings"), "{tracking}");
    let applied =
        &settings["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    ensure!(applied.is_string(), "one can go back to Argo CD only with last-applied");
    let created =
        |o: &Value| o["metadata"]["creationTimestamp"].as_str().unwrap_or_default().to_owned();
    ensure!(
        created(&settings) <= created(&web) && created(&web) <= created(&last),
        "waves in order"
    );

    ensure!(resource(&delivered, "ConfigMap", "settings")["syncWave"] == -1, "{delivered}");
    ensure!(delivered["status"]["summary"]["images"] == json!(["registry.example/web:1"]));
    ensure!(delivered["status"]["sourceType"] == "Directory");
    let history = delivered["status"]["history"].as_array().cloned().unwrap_or_default();
    ensure!(history.len() == 1 && history[0]["revision"] == commit.as_str(), "{history:?}");
    let result = &delivered["status"]["operationState"];
    ensure!(result["message"] == "successfully synced (all tasks run)", "{result}");
    ensure!(result["operation"]["initiatedBy"] == json!({"automated": true}), "{result}");
    Ok(())
}

/// A commit is delivered; one that touches other paths is not, and still is the revision.
fn new_commit(world: &mut World) -> Result<()> {
    let repository = world.repository("next")?;
    let first = repository.commit("one", &[("app/a.yaml", &manifest::config_map("a", "one"))])?;
    let name = world.create(&app(world, "next", &repository.url(), "app").automated(json!({})))?;
    world.wait_delivered(&name, &first)?;

    let second = repository.commit("two", &[("app/a.yaml", &manifest::config_map("a", "two"))])?;
    world.refresh(&name)?;
    world.wait_delivered(&name, &second)?;
    let a = world.api().get(CONFIG_MAP, &world.name("to"), "a")?.unwrap_or_default();
    ensure!(a["data"]["key"] == "two", "{a}");

    let third = repository.commit("three", &[("other/b.yaml", "nothing of ours")])?;
    world.refresh(&name)?;
    let app = world.wait_app("the revision follows", &name, |app| {
        app["status"]["sync"]["revision"] == third.as_str()
            && app["status"]["sync"]["status"] == "Synced"
    })?;
    let history = app["status"]["history"].as_array().map_or(0, Vec::len);
    ensure!(history == 2, "a commit elsewhere is no delivery: {history} in history");
    Ok(())
}

/// Drift shows within a second; with self-heal it is undone.
fn drift_and_self_heal(world: &mut World) -> Result<()> {
    let repository = world.repository("drift")?;
    let commit = repository.commit("one", &[("app/a.yaml", &manifest::config_map("a", "git"))])?;
    let watched =
        world.create(&app(world, "drift", &repository.url(), "app").automated(json!({})))?;
    world.wait_delivered(&watched, &commit)?;

    let to = world.name("to");
    world.api().patch(CONFIG_MAP, &to, "a", &json!({"data": {"key": "by hand"}}))?;
    world.wait_app("drift shows", &watched, |app| {
        app["status"]["sync"]["status"] == "OutOfSync"
            && resource(app, "ConfigMap", "a")["status"] == "OutOfSync"
    })?;

    let heal = json!({"spec": {"syncPolicy": {"automated": {"selfHeal": true}}}});
    world.api().patch("argoproj.io/v1alpha1/Application", &world.control(), &watched, &heal)?;
    world.api().wait("drift is undone", (CONFIG_MAP, &to, "a"), |o| o["data"]["key"] == "git")?;
    world.wait_delivered(&watched, &commit)?;

    world.api().delete(CONFIG_MAP, &to, "a")?;
    world
        .api()
        .wait("a deleted object returns", (CONFIG_MAP, &to, "a"), |o| o["data"]["key"] == "git")?;
    world.wait_delivered(&watched, &commit)?;
    Ok(())
}

/// Scripts wait for the revision: it follows every commit, also one that changes nothing here.
fn a_commit_elsewhere_is_followed(world: &mut World) -> Result<()> {
    let repository = world.repository("elsewhere")?;
    let first = repository.commit(
        "first",
        &[("app/one.yaml", &manifest::config_map("one", "1")), ("other/readme", "1")],
    )?;
    let to = world.name("to");
    let app = App::new(&world.control(), &world.name("shop"), &repository.url(), "app", &to)
        .automated(everything());
    let name = world.create(&app)?;
    world.wait_delivered(&name, &first)?;
    let one = ("v1/ConfigMap", to.as_str(), "one");
    let before = world.api().wait("it is there", one, |object| !object.is_null())?;
    let second = repository.commit("second", &[("other/readme", "2")])?;
    let told = world.wait_app("the commit is followed", &name, |app| {
        app["status"]["sync"]["revision"] == second.as_str()
    })?;
    let status = &told["status"];
    ensure!(status["sync"]["status"] == "Synced", "{status}");
    ensure!(status["operationState"]["syncResult"]["revision"] == first.as_str(), "{status}");
    ensure!(status["history"].as_array().is_some_and(|all| all.len() == 1), "{status}");
    let after = world.api().wait("it is there", one, |object| !object.is_null())?;
    ensure!(before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]);
    Ok(())
}

/// What leaves Git stays until pruning is allowed, and then goes.
fn prune(world: &mut World) -> Result<()> {
    let repository = world.repository("prune")?;
    repository.commit(
        "two objects",
        &[
            ("app/a.yaml", &manifest::config_map("a", "one")),
            ("app/b.yaml", &manifest::config_map("b", "one")),
        ],
    )?;
    let name = world.create(&app(world, "prune", &repository.url(), "app").automated(json!({})))?;
    world.wait_app("both are there", &name, |app| app["status"]["sync"]["status"] == "Synced")?;

    let commit = repository.remove("one object", &["app/b.yaml"])?;
    world.refresh(&name)?;
    world.wait_app("b is to be pruned", &name, |app| {
        app["status"]["sync"]["revision"] == commit.as_str()
            && app["status"]["sync"]["status"] == "OutOfSync"
            && resource(app, "ConfigMap", "b")["requiresPruning"] == true
    })?;
    let to = world.name("to");
    ensure!(world.api().get(CONFIG_MAP, &to, "b")?.is_some(), "nothing is pruned unasked");

    world.sync(&name, &json!({"prune": true, "syncStrategy": {"hook": {}}}))?;
    world.api().wait("b goes", (CONFIG_MAP, &to, "b"), Value::is_null)?;
    let app = world.wait_delivered(&name, &commit)?;
    let results = app["status"]["operationState"]["syncResult"]["resources"].to_string();
    ensure!(results.contains("\"Pruned\""), "{results}");
    Ok(())
}

/// A broken file is named with its place, hides nothing, and nothing is synced or pruned.
fn bad_manifest_beside_good_ones(world: &mut World) -> Result<()> {
    let repository = world.repository("bad")?;
    let good = repository.commit(
        "good",
        &[
            ("app/a.yaml", &manifest::config_map("a", "one")),
            ("app/b.yaml", &manifest::config_map("b", "one")),
        ],
    )?;
    let name =
        world.create(&app(world, "bad", &repository.url(), "app").automated(everything()))?;
    world.wait_delivered(&name, &good)?;

    repository.commit(
        "bad",
        &[
            ("app/a.yaml", &manifest::config_map("a", "two")),
            (
                "app/b.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n data: {broken\n",
            ),
        ],
    )?;
    world.refresh(&name)?;
    let app = world.wait_app("the bad file is named", &name, |app| {
        app["status"]["sync"]["status"] == "Unknown"
            && has_condition(app, "ComparisonError", "app/b.yaml:")
    })?;
    ensure!(
        resource(&app, "ConfigMap", "a")["status"] == "OutOfSync",
        "the good one still shows: {app}"
    );
    let to = world.name("to");
    for (object, value) in [("a", "one"), ("b", "one")] {
        let o = world.api().get(CONFIG_MAP, &to, object)?.unwrap_or_default();
        ensure!(o["data"]["key"] == value, "nothing is synced or pruned: {object} is {o}");
    }

    let mended =
        repository.commit("mended", &[("app/b.yaml", &manifest::config_map("b", "two"))])?;
    world.refresh(&name)?;
    let app = world.wait_delivered(&name, &mended)?;
    ensure!(!has_condition(&app, "ComparisonError", ""), "{app}");
    Ok(())
}

/// Asked for, the good manifests are delivered beside a bad one; nothing is pruned.
fn partial_sync_delivers_the_good_ones(world: &mut World) -> Result<()> {
    let repository = world.repository("partial")?;
    let whole = repository.commit(
        "whole",
        &[
            ("app/a.yaml", &manifest::config_map("a", "one")),
            ("app/b.yaml", &manifest::config_map("b", "one")),
        ],
    )?;
    let name =
        world.create(&app(world, "partial", &repository.url(), "app").automated(everything()))?;
    world.wait_delivered(&name, &whole)?;
    let asked = json!({"metadata": {"annotations": {"windlass.dev/partial-sync": "true"}}});
    let application = "argoproj.io/v1alpha1/Application";
    world.api().patch(application, &world.control(), &name, &asked)?;

    repository.commit(
        "a is new, b is broken",
        &[
            ("app/a.yaml", &manifest::config_map("a", "two")),
            (
                "app/b.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n data: {broken\n",
            ),
        ],
    )?;
    world.refresh(&name)?;
    let to = world.name("to");
    world.api().wait("a is delivered", (CONFIG_MAP, &to, "a"), |o| o["data"]["key"] == "two")?;
    let b = world.api().get(CONFIG_MAP, &to, "b")?.unwrap_or_default();
    ensure!(b["data"]["key"] == "one", "what cannot be read is kept: {b}");
    world.wait_app("the bad file is still named", &name, |app| {
        app["status"]["sync"]["status"] == "Unknown"
            && has_condition(app, "ComparisonError", "app/b.yaml:")
    })?;
    Ok(())
}

/// Repositories that cannot be had say why, and hold up nobody else.
fn unreachable_repository(world: &mut World) -> Result<()> {
    let repository = world.repository("there")?;
    let commit = repository.commit("one", &[("app/a.yaml", &manifest::config_map("a", "one"))])?;
    let port = windlass_testkit::free_port()?;
    let gone = app(world, "gone", &format!("http://127.0.0.1:{port}/none.git"), "app");
    let gone = world.create(&gone.automated(json!({})))?;
    let revision = app(world, "revision", &repository.url(), "app").spec(
        "source",
        json!({"repoURL": repository.url(), "path": "app", "targetRevision": "no-such-branch"}),
    );
    let revision = world.create(&revision.automated(json!({})))?;
    let fine = world.create(&app(world, "fine", &repository.url(), "app").automated(json!({})))?;

    world.wait_delivered(&fine, &commit)?;
    world.wait_app("the address is at fault", &gone, |app| {
        app["status"]["sync"]["status"] == "Unknown"
            && has_condition(app, "ComparisonError", "127.0.0.1")
    })?;
    world.wait_app("the revision is at fault", &revision, |app| {
        has_condition(app, "ComparisonError", "no-such-branch")
    })?;
    Ok(())
}

/// Two applications, one object: the second is told, the first keeps it.
fn two_applications_claim_one_object(world: &mut World) -> Result<()> {
    let repository = world.repository("shared")?;
    repository.commit(
        "both",
        &[
            ("one/a.yaml", &manifest::config_map("shared", "one")),
            ("two/a.yaml", &manifest::config_map("shared", "two")),
        ],
    )?;
    let one = world.create(&app(world, "one", &repository.url(), "one").automated(json!({})))?;
    world.wait_app("the first has it", &one, |app| app["status"]["sync"]["status"] == "Synced")?;
    let two = world.create(&app(world, "two", &repository.url(), "two"))?;
    world.wait_app("the second is told", &two, |app| {
        has_condition(app, "SharedResourceWarning", &one)
    })?;
    let to = world.name("to");
    let shared = world.api().get(CONFIG_MAP, &to, "shared")?.unwrap_or_default();
    ensure!(shared["data"]["key"] == "one", "{shared}");
    Ok(())
}

/// With the finalizer, deleting an application deletes its objects; without it, they stay.
fn cascade_delete(world: &mut World) -> Result<()> {
    let repository = world.repository("cascade")?;
    repository.commit(
        "both",
        &[
            ("goes/a.yaml", &manifest::config_map("goes", "one")),
            ("goes/web.yaml", &manifest::deployment("web", 1, 1)),
            ("stays/a.yaml", &manifest::config_map("stays", "one")),
        ],
    )?;
    let goes = app(world, "goes", &repository.url(), "goes").automated(json!({})).cascading();
    let goes = world.create(&goes)?;
    let stays =
        world.create(&app(world, "stays", &repository.url(), "stays").automated(json!({})))?;
    let synced = |app: &Value| {
        app["status"]["sync"]["status"] == "Synced"
            && app["status"]["health"]["status"] == "Healthy"
    };
    world.wait_app("the first is delivered", &goes, synced)?;
    world.wait_app("the second is delivered", &stays, synced)?;

    let (control, to) = (world.control(), world.name("to"));
    const APPLICATION: &str = "argoproj.io/v1alpha1/Application";
    for name in [&goes, &stays] {
        world.api().delete(APPLICATION, &control, name)?;
        world.api().wait("the application goes", (APPLICATION, &control, name), Value::is_null)?;
    }
    ensure!(world.api().get(CONFIG_MAP, &to, "goes")?.is_none(), "its objects went first");
    ensure!(world.api().get(DEPLOYMENT, &to, "web")?.is_none(), "its objects went first");
    ensure!(
        world.api().get(CONFIG_MAP, &to, "stays")?.is_some(),
        "without the finalizer they stay"
    );
    Ok(())
}

/// SIGKILL between two waves: the next process ends the same sync, and nothing is lost.
fn kill_in_the_middle_of_a_sync(world: &mut World) -> Result<()> {
    let repository = world.repository("kill")?;
    let mut files: Vec<(String, String)> = Vec::new();
    for wave in 0..6 {
        files
            .push((format!("app/{wave}.yaml"), manifest::deployment(&format!("w{wave}"), 1, wave)));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let commit = repository.commit("six waves", &files)?;
    let name =
        world.create(&app(world, "kill", &repository.url(), "app").automated(everything()))?;
    let to = world.name("to");
    for wave in [0, 2, 4] {
        world
            .api()
            .wait("a wave begins", (DEPLOYMENT, &to, &format!("w{wave}")), |o| !o.is_null())?;
        world.kill_windlass();
        world.start_windlass()?;
    }
    let app = world.wait_delivered(&name, &commit)?;
    let results =
        app["status"]["operationState"]["syncResult"]["resources"].as_array().map_or(0, Vec::len);
    ensure!(results >= 6, "every object has its result: {results}");
    wait_for("each wave is there", windlass_stories::PATIENCE, || {
        let all = world.api().list(DEPLOYMENT, &to)?;
        Ok((all.len() == 6).then_some(()))
    })?;
    Ok(())
}
