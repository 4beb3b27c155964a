//! How often the API is asked for a delivery: what it costs more than the objects themselves is
//! counted, so that it cannot grow unseen.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use windlass_object::json;
use windlass_stories::{App, Plane, World, manifest};
use windlass_testkit::{Asked, wait_for};

const APPLICATIONS: usize = 20;
/// A Deployment, a Service and eight ConfigMaps.
const OBJECTS: usize = 10;

/// Method and what of the API, without names.
fn class(asked: &Asked) -> String {
    let parts: Vec<&str> = asked.path.split('/').filter(|part| !part.is_empty()).collect();
    let parts: &[&str] = match parts.as_slice() {
        ["apis", _, _, rest @ ..] | ["api", _, rest @ ..] => rest,
        other => other,
    };
    let resource = match parts {
        ["namespaces", _, resource, ..] => resource,
        [resource, ..] => resource,
        [] => &"discovery",
    };
    let what = if asked.is_watch() { "WATCH" } else { asked.method.as_str() };
    format!("{what} {resource}")
}

#[test]
fn a_delivery_asks_the_api_a_known_number_of_times() -> Result<()> {
    World::start_behind(Plane::Embedded, "a_delivery_asks", |world| {
        let repository = world.repository("many")?;
        let mut files = Vec::new();
        for i in 0..APPLICATIONS {
            files.push((format!("{i}/web.yaml"), manifest::deployment("web", 1, 0)));
            files.push((format!("{i}/service.yaml"), manifest::service("web")));
            for j in 2..OBJECTS {
                let config = manifest::config_map(&format!("config-{j}"), "one");
                files.push((format!("{i}/config-{j}.yaml"), config));
            }
        }
        let files: Vec<_> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
        let commit = repository.commit("one", &files)?;
        // What it takes to begin is not counted.
        let first = App::new(&world.control(), &world.name("first"), &repository.url(), "0", "");
        world.create(&first)?;
        world.wait_app("compared", &world.name("first"), |app| app["status"].is_object())?;
        wait_for("discovery is over", windlass_stories::PATIENCE, || {
            let asked = world.proxy().take_asked();
            std::thread::sleep(std::time::Duration::from_secs(1));
            Ok(asked.is_empty().then_some(()))
        })?;
        let control = world.control();
        for i in 0..APPLICATIONS {
            let to = world.name(&format!("to-{i}"));
            let name = world.name(&format!("app-{i}"));
            let app = App::new(&control, &name, &repository.url(), &i.to_string(), &to);
            world.create(&app.automated(json!({})))?;
        }
        for i in 0..APPLICATIONS {
            world.wait_delivered(&world.name(&format!("app-{i}")), &commit)?;
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for asked in world.proxy().take_asked() {
            *counts.entry(class(&asked)).or_default() += 1;
        }
        let mut asked = |class: &str| counts.remove(class).unwrap_or(0);
        // Each object is sent once, and nothing is read before.
        for (class, each) in
            [("configmaps", OBJECTS - 2), ("deployments", 1), ("services", 1), ("namespaces", 1)]
        {
            let found = asked(&format!("POST {class}"));
            ensure!(found == each * APPLICATIONS, "{class}: {found}: {counts:?}");
        }
        // That it began, that it is Synced, and what becomes of its health.
        let told = asked("PATCH applications");
        ensure!(told <= 4 * APPLICATIONS, "{told} changes of {APPLICATIONS} applications");
        let events = asked("POST events") + asked("PATCH events");
        ensure!(events <= 8 * APPLICATIONS, "{events} events of {APPLICATIONS} applications");
        // What is asked from time to time, whatever is delivered: the kinds, and who leads.
        let rest: usize = counts.values().sum();
        ensure!(rest <= 40, "{counts:?}");
        // Each change of live state is looked at, several at once.
        let looks = world.metric("argocd_app_reconcile_count", &[])?;
        ensure!(looks <= 8.0 * APPLICATIONS as f64, "{looks} looks");
        Ok(())
    })
}
