//! Stories of hooks that fail, and of operations that are ended while one runs.

use anyhow::{Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{App, World, define_workflows, manifest, stories, workflow_hook as hook};

stories! { a_failed_hook_brings_those_of_failure, an_operation_is_ended_while_a_hook_runs }

const CONFIG_MAP: &str = "v1/ConfigMap";
const WORKFLOW: &str = "argoproj.io/v1alpha1/Workflow";

/// An application that is synced when it is told to, of a ConfigMap and these hooks.
fn application(world: &World, stem: &str, hooks: &[(&str, String)]) -> Result<(String, String)> {
    define_workflows(world.api())?;
    let repository = world.repository(stem)?;
    let mut files = vec![("app/a.yaml", manifest::config_map("a", "1"))];
    files.extend(hooks.iter().cloned());
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (*p, t.as_str())).collect();
    repository.commit("hooks", &files)?;
    let (control, to) = (world.control(), world.name("to"));
    let app = App::new(&control, &world.name(stem), &repository.url(), "app", &to);
    let name = world.create(&app)?;
    world
        .wait_app("it is compared", &name, |app| app["status"]["sync"]["status"] == "OutOfSync")?;
    Ok((name, to))
}

/// Waits until a hook is there, and says how it ended.
fn end(world: &World, to: &str, name: &str, phase: &str) -> Result<()> {
    let hook = (WORKFLOW, to, name);
    world
        .api()
        .wait("the hook runs", hook, |o| !o.is_null() && o["status"].get("phase").is_none())?;
    world.api().patch(WORKFLOW, to, name, &json!({"status": {"phase": phase}}))
}

fn ended(world: &World, name: &str, phase: &str) -> Result<Value> {
    world.wait_app("the operation has ended", name, |app| {
        app["status"]["operationState"]["phase"] == phase && app.get("operation").is_none()
    })
}

fn a_failed_hook_brings_those_of_failure(world: &mut World) -> Result<()> {
    let hooks = [
        ("app/pre.yaml", hook("pre", "PreSync", "HookFailed")),
        ("app/rescue.yaml", hook("rescue", "SyncFail", "HookFailed")),
    ];
    let (name, to) = application(world, "failing", &hooks)?;
    let seen = world.api().sightings(WORKFLOW, &to);
    world.sync(&name, &json!({"syncOptions": ["CreateNamespace=true"]}))?;
    end(world, &to, "pre", "Failed")?;
    end(world, &to, "rescue", "Succeeded")?;
    let app = ended(world, &name, "Failed")?;
    let state = &app["status"]["operationState"];
    ensure!(state.get("retryCount").is_none(), "{state}");
    ensure!(world.api().get(CONFIG_MAP, &to, "a")?.is_none(), "nothing follows a failed hook");
    for hook in ["pre", "rescue"] {
        world.api().wait(
            "it goes when the sync has failed",
            (WORKFLOW, &to, hook),
            Value::is_null,
        )?;
    }

    world.sync(&name, &json!({"syncOptions": ["CreateNamespace=true"]}))?;
    end(world, &to, "pre", "Succeeded")?;
    ended(world, &name, "Succeeded")?;
    ensure!(world.api().get(CONFIG_MAP, &to, "a")?.is_some(), "the sync goes on after its hook");
    ensure!(world.api().get(WORKFLOW, &to, "pre")?.is_some(), "it stays, for it did not fail");
    ensure!(seen.count("pre") == 2 && seen.count("rescue") == 1, "each ran once a sync");
    Ok(())
}

fn an_operation_is_ended_while_a_hook_runs(world: &mut World) -> Result<()> {
    let hooks = [("app/pre.yaml", hook("pre", "PreSync", "HookSucceeded"))];
    let (name, to) = application(world, "ending", &hooks)?;
    let seen = world.api().sightings(WORKFLOW, &to);
    world.sync(&name, &json!({"syncOptions": ["CreateNamespace=true"]}))?;
    let hook = (WORKFLOW, to.as_str(), "pre");
    world.api().wait("the hook runs", hook, |o| !o.is_null())?;
    world.wait_app("it is waited for", &name, |app| {
        let message = app["status"]["operationState"]["message"].as_str().unwrap_or_default();
        message.contains("waiting for completion of hook")
    })?;
    let said = world.windlass(&["app", "terminate-op", &name])?;
    ensure!(said.code == 0, "{} {}", said.out, said.err);
    let app = ended(world, &name, "Failed")?;
    let state = &app["status"]["operationState"];
    ensure!(state["message"] == "Operation terminated", "{state}");
    world.api().wait("the hook goes", hook, Value::is_null)?;
    ensure!(world.api().get(CONFIG_MAP, &to, "a")?.is_none(), "nothing follows");

    world.sync(&name, &json!({"syncOptions": ["CreateNamespace=true"]}))?;
    end(world, &to, "pre", "Succeeded")?;
    ended(world, &name, "Succeeded")?;
    world.api().wait("it goes, for it succeeded", hook, Value::is_null)?;
    ensure!(world.api().get(CONFIG_MAP, &to, "a")?.is_some(), "the sync goes on after its hook");
    ensure!(seen.count("pre") == 2, "the hook ran {} times in two syncs", seen.count("pre"));
    Ok(())
}
