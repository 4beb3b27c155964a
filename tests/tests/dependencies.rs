//! Stories of applications that wait for others: `windlass.dev/depends-on`.

use anyhow::{Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{App, World, manifest, stories};

stories! { an_application_waits_for_another, a_cycle_is_told_and_nothing_hangs }

const CONFIG_MAP: &str = "v1/ConfigMap";

fn waiting(app: &App, names: &str) -> Value {
    let mut value = app.value().clone();
    value["metadata"]["annotations"] = json!({"windlass.dev/depends-on": names});
    value
}

fn has(app: &Value, kind: &str, part: &str) -> bool {
    app["status"]["conditions"].as_array().is_some_and(|list| {
        list.iter()
            .any(|c| c["type"] == kind && c["message"].as_str().is_some_and(|m| m.contains(part)))
    })
}

/// Nothing of an application is delivered before what it waits for is Synced and Healthy; why is
/// told, also by `app why`.
fn an_application_waits_for_another(world: &mut World) -> Result<()> {
    let repository = world.repository("waits")?;
    let commit = repository.commit(
        "both",
        &[
            ("db/a.yaml", &manifest::config_map("db", "1")),
            ("web/a.yaml", &manifest::config_map("web", "1")),
        ],
    )?;
    let (control, to) = (world.control(), world.name("to"));
    let app = |stem: &str| {
        App::new(&control, &world.name(stem), &repository.url(), stem, &to).automated(json!({}))
    };
    let (web, db) = (app("web"), app("db"));
    let name = world.name("web");
    world.api().create(&waiting(&web, &world.name("db")))?;
    world.wait_app("it says what it waits for", &name, |app| {
        has(app, "DependencyWarning", "does not exist")
    })?;
    ensure!(world.api().get(CONFIG_MAP, &to, "web")?.is_none(), "nothing is delivered yet");
    let why = world.windlass(&["app", "why", &name, "-o", "json"])?;
    let reasons: Value = serde_json::from_str(&why.out)?;
    ensure!(why.code == 1 && reasons[0]["about"] == "dependency", "{}", why.out);

    // One that is asked for waits as well, and says so.
    world.sync(&name, &json!({}))?;
    world.wait_app("the sync waits", &name, |app| {
        app["status"]["operationState"]["message"]
            .as_str()
            .is_some_and(|m| m.starts_with("waiting for other applications: application"))
    })?;
    ensure!(world.api().get(CONFIG_MAP, &to, "web")?.is_none(), "nothing is delivered yet");

    world.create(&db)?;
    let app = world.wait_delivered(&name, &commit)?;
    ensure!(!has(&app, "DependencyWarning", ""), "it waits no longer: {app}");
    let db = world.api().get(CONFIG_MAP, &to, "db")?.unwrap_or_default();
    ensure!(db["data"]["key"] == "1", "{db}");
    let why = world.windlass(&["app", "why", &name])?;
    ensure!(why.code == 0 && why.out.contains("is Synced and Healthy."), "{}", why.out);
    Ok(())
}

/// Applications that wait for each other say so, and are delivered when one of them stops to.
fn a_cycle_is_told_and_nothing_hangs(world: &mut World) -> Result<()> {
    let repository = world.repository("cycle")?;
    let commit = repository.commit(
        "both",
        &[
            ("one/a.yaml", &manifest::config_map("one", "1")),
            ("two/a.yaml", &manifest::config_map("two", "1")),
        ],
    )?;
    let (control, to) = (world.control(), world.name("to"));
    let app = |stem: &str| {
        App::new(&control, &world.name(stem), &repository.url(), stem, &to).automated(json!({}))
    };
    let (one, two) = (world.name("one"), world.name("two"));
    world.api().create(&waiting(&app("one"), &two))?;
    world.api().create(&waiting(&app("two"), &format!("{control}/{one}")))?;
    for name in [&one, &two] {
        world.wait_app("the cycle is told", name, |app| {
            has(app, "DependencyError", "it waits for itself")
        })?;
    }
    let none = json!({"metadata": {"annotations": {"windlass.dev/depends-on": null}}});
    world.api().patch("argoproj.io/v1alpha1/Application", &control, &two, &none)?;
    for name in [&two, &one] {
        world.wait_delivered(name, &commit)?;
    }
    Ok(())
}
