//! Stories of the end of an application: hooks before and after its objects go.

use anyhow::{Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{App, World, define_workflows, manifest, stories, workflow_hook as hook};

stories! { a_failed_pre_delete_hook_keeps_everything, hooks_around_a_deletion }

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";
const CONFIG_MAP: &str = "v1/ConfigMap";
const WORKFLOW: &str = "argoproj.io/v1alpha1/Workflow";

fn finalizers(app: &Value) -> Vec<&str> {
    let list = app["metadata"]["finalizers"].as_array();
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A PreDelete hook that fails holds the deletion up, says so, and lets it go on when Git
/// has it right.
fn a_failed_pre_delete_hook_keeps_everything(world: &mut World) -> Result<()> {
    define_workflows(world.api())?;
    let repository = world.repository("before")?;
    let broken = hook("before", "PreDelete", "HookSucceeded");
    let a = manifest::config_map("a", "1");
    let commit = repository.commit("broken", &[("app/a.yaml", &a), ("app/hook.yaml", &broken)])?;
    let (control, to) = (world.control(), world.name("to"));
    let app = App::new(&control, &world.name("before"), &repository.url(), "app", &to);
    let name = world.create(&app.automated(json!({})).cascading())?;
    let delivered = world.wait_delivered(&name, &commit)?;
    ensure!(
        world.api().get(WORKFLOW, &to, "before")?.is_none(),
        "a hook of the deletion is not delivered"
    );
    let expected = "pre-delete-finalizer.argocd.argoproj.io";
    world.wait_app("it has the finalizers", &name, |app| {
        finalizers(app).iter().filter(|f| f.starts_with(expected)).count() == 2
    })?;
    ensure!(delivered["status"]["resources"].as_array().map_or(0, Vec::len) == 1, "{delivered}");

    world.api().delete(APPLICATION, &control, &name)?;
    let hook = (WORKFLOW, to.as_str(), "before");
    world.api().wait("the hook runs", hook, |o| !o.is_null())?;
    let failed = json!({"status": {"phase": "Failed", "message": "it broke"}});
    world.api().patch(WORKFLOW, &to, "before", &failed)?;
    world.wait_app("the failure is told", &name, |app| {
        app["status"]["conditions"].as_array().is_some_and(|list| {
            list.iter().any(|c| {
                c["type"] == "DeletionError"
                    && c["message"].as_str().is_some_and(|m| m.contains("PreDelete hook(s) failed"))
            })
        })
    })?;
    ensure!(world.api().get(CONFIG_MAP, &to, "a")?.is_some(), "nothing was deleted");
    let why = world.windlass(&["app", "why", &name])?;
    ensure!(why.code == 1 && why.out.contains("PreDelete hooks run"), "{}", why.out);

    let good = manifest::config_map("before", "1").replace(
        "metadata:\n",
        "metadata:\n  annotations:\n    argocd.argoproj.io/hook: PreDelete\n    \
         argocd.argoproj.io/hook-delete-policy: HookSucceeded\n",
    );
    repository.commit("right", &[("app/hook.yaml", &good)])?;
    world.api().wait("the application goes", (APPLICATION, &control, &name), Value::is_null)?;
    for object in ["a", "before"] {
        ensure!(world.api().get(CONFIG_MAP, &to, object)?.is_none(), "{object} is left");
    }
    Ok(())
}

/// PreDelete hooks run while the objects are there, PostDelete hooks when they are gone; killed at
/// each step, neither runs twice.
fn hooks_around_a_deletion(world: &mut World) -> Result<()> {
    define_workflows(world.api())?;
    let repository = world.repository("around")?;
    let a = manifest::config_map("a", "1");
    let (before, after) = (
        hook("before", "PreDelete", "HookSucceeded"),
        hook("after", "PostDelete", "HookSucceeded"),
    );
    let files = [
        ("app/a.yaml", a.as_str()),
        ("app/before.yaml", before.as_str()),
        ("app/after.yaml", after.as_str()),
    ];
    let commit = repository.commit("hooks", &files)?;
    let (control, to) = (world.control(), world.name("to"));
    let app = App::new(&control, &world.name("around"), &repository.url(), "app", &to);
    let name = world.create(&app.automated(json!({})).cascading())?;
    world.wait_delivered(&name, &commit)?;
    world.wait_app("it has all finalizers", &name, |app| finalizers(app).len() == 5)?;
    world.api().delete(APPLICATION, &control, &name)?;

    for (hook, there) in [("before", true), ("after", false)] {
        let made = world.api().wait("the hook runs", (WORKFLOW, &to, hook), |o| !o.is_null())?;
        ensure!(
            world.api().get(CONFIG_MAP, &to, "a")?.is_some() == there,
            "the objects are there before, and gone after"
        );
        world.kill_windlass();
        world.start_windlass()?;
        let ended = json!({"status": {"phase": "Succeeded"}});
        let now =
            world.api().wait("the hook is still there", (WORKFLOW, &to, hook), |o| !o.is_null())?;
        ensure!(now["metadata"]["uid"] == made["metadata"]["uid"], "{hook} ran twice");
        world.api().patch(WORKFLOW, &to, hook, &ended)?;
        if there {
            world.api().wait("the objects go", (CONFIG_MAP, &to, "a"), Value::is_null)?;
        }
    }
    world.api().wait("the application goes", (APPLICATION, &control, &name), Value::is_null)?;
    world.api().wait("the hook is cleaned up", (WORKFLOW, &to, "after"), Value::is_null)?;
    Ok(())
}
