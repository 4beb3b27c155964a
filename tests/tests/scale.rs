//! 500 applications from one repository: all are delivered, and the repository is asked once.

use std::collections::HashSet;

use anyhow::{Result, ensure};
use windlass_object::json;
use windlass_stories::{App, World, manifest, stories};
use windlass_testkit::{GitHttp, GitHttpOptions, wait_for};

stories! { five_hundred_applications }

const APPLICATIONS: usize = 500;

fn five_hundred_applications(world: &mut World) -> Result<()> {
    let repository = world.repository("many")?;
    let mut files = Vec::new();
    for i in 0..APPLICATIONS {
        for part in ["a", "b"] {
            let path = format!("apps/{i}/{part}.yaml");
            files.push((path, manifest::config_map(&format!("{part}-{i}"), "one")));
        }
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    let commit = repository.commit("all", &files)?;
    let parent = repository.path().parent().unwrap_or(repository.path());
    let server = GitHttp::start(parent, GitHttpOptions::default())?;
    let url = server.url("many.git");
    for i in 0..APPLICATIONS {
        let name = world.name(&format!("app{i}"));
        let app = App::new(&world.control(), &name, &url, &format!("apps/{i}"), &world.name("to"));
        world.create(&app.automated(json!({"prune": true})))?;
    }
    let control = world.control();
    wait_for("all are delivered", 4 * windlass_stories::PATIENCE, || {
        let apps = world.api().list("argoproj.io/v1alpha1/Application", &control)?;
        let done = apps.iter().filter(|app| {
            app["status"]["sync"]["status"] == "Synced"
                && app["status"]["sync"]["revision"] == commit.as_str()
                && app["status"]["health"]["status"] == "Healthy"
        });
        Ok((done.count() == APPLICATIONS).then_some(()))
    })?;
    let objects = world.api().list("v1/ConfigMap", &world.name("to"))?;
    let names: HashSet<_> = objects.iter().filter_map(|o| o["metadata"]["name"].as_str()).collect();
    ensure!((0..APPLICATIONS).all(|i| names.contains(format!("b-{i}").as_str())));
    let listings = server.requests().iter().filter(|r| r.contains("info/refs")).count();
    ensure!(
        listings <= 10,
        "one repository was listed {listings} times for {APPLICATIONS} applications"
    );
    Ok(())
}
