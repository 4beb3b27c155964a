//! Stories of how a repository is reached: ssh, and https with an authority of one's own; and what a
//! person is told when it cannot be.

use anyhow::{Result, ensure};
use windlass_object::{Value, json};
use windlass_stories::{App, Plane, World, manifest};
use windlass_testkit::{Answer, GitHttp, GitHttpOptions, GitRepository, Login, Sshd};

/// Reaching a repository has nothing to do with the cluster: one plane is enough.
macro_rules! embedded {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() -> Result<()> {
            World::start(Plane::Embedded, stringify!($name), stories::$name)
        })*
    };
}

embedded! {
    an_application_from_ssh,
    an_application_over_tls,
    hosts_that_answer_otherwise,
}

/// A settings object, made or changed.
fn put(world: &World, kind: &str, name: &str, labels: &Value, content: &Value) -> Result<()> {
    let mut object = json!({
        "apiVersion": "v1", "kind": kind,
        "metadata": {"name": name, "namespace": world.control(), "labels": labels},
    });
    let field = if kind == "Secret" { "stringData" } else { "data" };
    object[field] = content.clone();
    let kind = format!("v1/{kind}");
    if world.api().get(&kind, &world.control(), name)?.is_some() {
        return world.api().patch(&kind, &world.control(), name, &object);
    }
    world.api().create(&object).map(|_| ())
}

fn repository_secret(world: &World, name: &str, content: &Value) -> Result<()> {
    let labels = json!({"argocd.argoproj.io/secret-type": "repository"});
    put(world, "Secret", name, &labels, content)
}

fn deliver(world: &World, stem: &str, url: &str) -> Result<String> {
    let app = App::new(&world.control(), &world.name(stem), url, "app", &world.name(stem));
    world.create(&app.automated(json!({})))
}

/// Waits until the application says so, and reads it where a person does.
fn is_told(world: &World, name: &str, part: &str) -> Result<()> {
    world.refresh(name)?;
    world.wait_app(part, name, |app| {
        let conditions = app["status"]["conditions"].as_array();
        conditions.into_iter().flatten().any(|condition| {
            condition["type"] == "ComparisonError"
                && condition["message"].as_str().is_some_and(|message| message.contains(part))
        })
    })?;
    let printed = world.windlass(&["app", "get", name])?;
    ensure!(printed.code == 0 && printed.out.contains(part), "{printed:?}");
    ensure!(printed.out.contains("Sync Status:        Unknown"), "{printed:?}");
    Ok(())
}

fn arrives(world: &World, name: &str, commit: &str) -> Result<()> {
    world.refresh(name)?;
    world.wait_delivered(name, commit)?;
    Ok(())
}

fn filled(world: &World, name: &str) -> Result<(GitRepository, String)> {
    let repository = world.repository(name)?;
    let commit = repository.commit("one", &[("app/a.yaml", &manifest::config_map("a", "one"))])?;
    Ok((repository, commit))
}

mod stories {
    use super::*;

    /// Known hosts are checked, then the key; each failure has its own words.
    pub(super) fn an_application_from_ssh(world: &mut World) -> Result<()> {
        if !windlass_testkit::available(&["sshd", "ssh"]) {
            return Ok(());
        }
        let (host, other) = (Sshd::start()?, Sshd::start()?);
        let (repository, commit) = filled(world, "ssh")?;
        let url = host.url(repository.path());
        let hosts = |line: &str| -> Result<()> {
            let content = json!({"ssh_known_hosts": line});
            put(world, "ConfigMap", "argocd-ssh-known-hosts-cm", &json!({}), &content)
        };
        let key = |key: String| -> Result<()> {
            repository_secret(world, "ssh", &json!({"url": url, "sshPrivateKey": key}))
        };
        hosts("")?;
        key(other.private_key()?)?;
        let app = deliver(world, "ssh", &url)?;
        is_told(world, &app, "no key of host [127.0.0.1]")?;
        // The key of another server under this one's name.
        let mismatch = other
            .known_hosts()?
            .replace(&format!(":{} ", other.port()), &format!(":{} ", host.port()));
        hosts(&mismatch)?;
        is_told(world, &app, "which is not the known one")?;
        hosts(&host.known_hosts()?)?;
        is_told(world, &app, "authentication failed")?;
        key(host.private_key()?)?;
        arrives(world, &app, &commit)
    }

    /// The authority is named first, then who one is: by password and by token.
    pub(super) fn an_application_over_tls(world: &mut World) -> Result<()> {
        let (_repository, commit) = filled(world, "tls")?;
        let login = Login::Basic("deployer".to_owned(), "right".to_owned());
        let host = GitHttp::start(world.dir(), GitHttpOptions { login, tls: true })?;
        let url = host.url("tls.git");
        let secret = |password: &str| {
            let content = json!({"url": url, "username": "deployer", "password": password});
            repository_secret(world, "tls", &content)
        };
        secret("wrong")?;
        let app = deliver(world, "tls", &url)?;
        is_told(world, &app, "TLS: ")?;
        is_told(world, &app, "argocd-tls-certs-cm")?;
        let authority = json!({"127.0.0.1": host.authority()});
        put(world, "ConfigMap", "argocd-tls-certs-cm", &json!({}), &authority)?;
        is_told(world, &app, "authentication failed")?;
        secret("right")?;
        arrives(world, &app, &commit)?;

        // Another host of another authority, with a token; it may leave its certificate unchecked.
        let login = Login::Bearer("token".to_owned());
        let host = GitHttp::start(world.dir(), GitHttpOptions { login, tls: true })?;
        let url = host.url("tls.git");
        let app = deliver(world, "token", &url)?;
        is_told(world, &app, "TLS: ")?;
        let content = json!({"url": url, "insecure": "true"});
        repository_secret(world, "token", &content)?;
        is_told(world, &app, "authentication failed")?;
        let content = json!({"url": url, "insecure": "true", "bearerToken": "token"});
        repository_secret(world, "token", &content)?;
        arrives(world, &app, &commit)
    }

    /// A repository that is not there, a host in trouble, and one that is mended.
    pub(super) fn hosts_that_answer_otherwise(world: &mut World) -> Result<()> {
        let (_repository, commit) = filled(world, "http")?;
        let host = GitHttp::start(world.dir(), GitHttpOptions::default())?;
        let none = deliver(world, "none", &host.url("none.git"))?;
        is_told(world, &none, "repository not found")?;
        host.answer(Answer::Status(503));
        let app = deliver(world, "http", &host.url("http.git"))?;
        is_told(world, &app, "the host answers: ")?;
        host.answer(Answer::Serve);
        arrives(world, &app, &commit)?;
        let nowhere = deliver(world, "nowhere", "ssh://git@127.0.0.1:1/none.git")?;
        is_told(world, &nowhere, "cannot be reached")?;
        let odd = deliver(world, "odd", "gopher://host/x")?;
        is_told(world, &odd, "use https://HOST/PATH")
    }
}
