//! Repositories and registries over TLS: authorities, client certificates, sign-in by password and
//! by token, and credentials that go to other hosts or do not.

use windlass_testkit::{
    Authority, DockerRegistry, FileServer, RegistryOptions, SignIn, TlsFront, TokenServer,
    available,
};

use crate::pair::{HASH, Pair};

/// The files that flags name: `ca.pem`, `client.pem` with `client.key`, and what has nothing to do
/// with them: `other.pem`, `stranger.pem` with `stranger.key`.
fn certificates(pair: &Pair) -> Authority {
    let (authority, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    pair.write("ca.pem", &authority.pem());
    pair.write("other.pem", &other.pem());
    for (name, of) in [("client", &authority), ("stranger", &other)] {
        let (certificate, key) = of.client().unwrap();
        pair.write(&format!("{name}.pem"), &certificate);
        pair.write(&format!("{name}.key"), &key);
    }
    pair.write("not.pem", "no certificate\n");
    authority
}

#[test]
fn repositories() {
    if !available(&["helm"]) {
        return;
    }
    let (mut pair, _dir, server) = Pair::with_repository();
    let authority = certificates(&pair);
    let host = server.url().replace("http://", "");
    let front = TlsFront::start(&host, &authority, false).unwrap();
    let url = front.url();
    let private = format!("{url}/private");
    let ca: &[&str] = &["--ca-file", "ca.pem"];
    pair.refused(&["repo", "add", "web", &url]);
    pair.refused(&["repo", "add", "web", &url, "--ca-file", "other.pem"]);
    pair.refused(&["repo", "add", "web", &url, "--ca-file", "not.pem"]);
    pair.refused(&["repo", "add", "web", &url, "--ca-file", "none.pem"]);
    pair.same(&[&["repo", "add", "web", &url], ca].concat());
    pair.same(&["repo", "add", "any", &url, "--insecure-skip-tls-verify"]);
    pair.same(&[&["repo", "add", "in", &private], ca].concat());
    let me: &[&str] = &["--username", "me", "--password", "secret"];
    pair.same(&[&["repo", "add", "in", &private], ca, me].concat());
    // The real one tells of several in the order in which they answer.
    pair.same(&["repo", "update", "web"]);
    pair.same(&["repo", "list"]);
    pair.same_files("home/.config", |path| path.ends_with("repositories.yaml"));
    for chart in ["web/web", "any/web", "in/web"] {
        pair.same(&["pull", chart, "-d", "sub"]);
        pair.same(&["show", "chart", chart]);
        pair.same(&["template", "r", chart]);
    }
    pair.refused(&["pull", "web", "--repo", &url]);
    pair.same(&[&["pull", "web", "--repo", &url], ca].concat());
    pair.same(&["pull", "web", "--repo", &url, "--insecure-skip-tls-verify", "-d", "sub"]);
    pair.same(&[&["pull", "web", "--repo", &private], ca, me].concat());
    pair.refused(&[&["pull", "web", "--repo", &private], ca].concat());
    pair.same(&[&["pull", &format!("{url}/sub-0.1.0.tgz")], ca].concat());
    pair.umbrella(&format!("- {{name: web, version: ~1.2.0, repository: '{url}'}}\n"));
    pair.same(&["repo", "remove", "any", "in"]);
    pair.same(&["dependency", "update", "all"]);
    pair.same_files("work", |path| !path.ends_with("Chart.lock"));
    pair.finish();
}

#[test]
fn client_certificates() {
    if !available(&["helm"]) {
        return;
    }
    let (mut pair, _dir, server) = Pair::with_repository();
    let authority = certificates(&pair);
    let host = server.url().replace("http://", "");
    let front = TlsFront::start(&host, &authority, true).unwrap();
    let url = front.url();
    let add: &[&str] = &["repo", "add", "web", &url, "--ca-file", "ca.pem"];
    pair.refused(add);
    let stranger: &[&str] = &["--cert-file", "stranger.pem", "--key-file", "stranger.key"];
    pair.refused(&[add, stranger].concat());
    pair.refused(&[add, &["--cert-file", "client.pem", "--key-file", "stranger.key"]].concat());
    pair.refused(&[add, &["--cert-file", "none.pem", "--key-file", "client.key"]].concat());
    pair.refused(&[add, &["--cert-file", "client.pem"]].concat());
    let client: &[&str] = &["--cert-file", "client.pem", "--key-file", "client.key"];
    pair.same(&[add, client].concat());
    pair.same(&["pull", "web/web"]);
    pair.same(&["template", "r", "web/web", "--version", "1.2.3"]);
    let from: &[&str] = &["pull", "sub", "--repo", &url, "--ca-file", "ca.pem"];
    pair.refused(from);
    pair.same(&[from, client].concat());
    pair.same_files("work", |_| true);
    pair.same_files("home/.config", |path| path.ends_with("repositories.yaml"));
    pair.finish();
}

#[test]
fn credentials_of_other_hosts() {
    if !available(&["helm"]) {
        return;
    }
    let (mut pair, dir, charts) = Pair::with_repository();
    let index = tempfile::tempdir().unwrap();
    let elsewhere = format!("{}/private", charts.url());
    let place = dir.path().to_str().unwrap();
    pair.run("real", &["repo", "index", place, "--url", &elsewhere]);
    std::fs::rename(dir.path().join("index.yaml"), index.path().join("index.yaml")).unwrap();
    let server = FileServer::start(index.path(), "me", "secret").unwrap();
    let private = format!("{}/private", server.url());
    let me: &[&str] = &["--username", "me", "--password", "secret"];
    let from: &[&str] = &["pull", "web", "--repo", &private];
    // The real one hands the password to whatever host the index names; ours only where it is told.
    let leaked = pair.run("real", &[from, me, &["-d", "web"]].concat());
    let kept = pair.run("ours", &[from, me, &["-d", "web"]].concat());
    assert_eq!((leaked.code, kept.code), (Some(0), Some(1)), "{}", kept.err);
    std::fs::remove_file(pair.work("real").join("web/web-1.10.0.tgz")).unwrap();
    pair.same(&[from, me, &["--pass-credentials"]].concat());
    pair.same(&[&["repo", "add", "own", &private], me].concat());
    pair.refused(&["pull", "own/web", "-d", "sub"]);
    pair.same(&[&["repo", "add", "all", &private, "--pass-credentials"], me].concat());
    pair.same(&["pull", "all/web", "-d", "sub"]);
    pair.same(&["template", "r", "all/web"]);
    pair.same_files("work", |_| true);
    pair.finish();
}

/// Signs in, pushes and pulls; `more` is what every call needs.
fn exchange(pair: &mut Pair, host: &str, more: &[&str]) {
    let place = format!("oci://{host}/charts");
    let chart = format!("{place}/web");
    let login = |password| {
        let flags = more.iter().filter(|flag| **flag != "--insecure-skip-tls-verify").copied();
        let insecure = more.contains(&"--insecure-skip-tls-verify").then_some("--insecure");
        let all = ["registry", "login", host, "-u", "me", "-p", password];
        all.into_iter().chain(flags).chain(insecure).collect::<Vec<&str>>()
    };
    let archive = pair.package("1.2.3");
    pair.refused(&[&["push", &archive, &place], more].concat());
    pair.refused(&login("wrong"));
    pair.same(&login("secret"));
    pair.same_files("home/.config", |path| path.ends_with("config.json"));
    pair.same(&[&["push", &archive, &place], more].concat());
    pair.same(&[&["pull", &chart, "-d", "sub"], more].concat());
    pair.same(&[&["pull", &chart, "--version", "^1", "-d", "sub"], more].concat());
    pair.same(&[&["show", "values", &chart], more].concat());
    pair.same(&[&["template", "r", &chart], more].concat());
    pair.same(&[&["pull", &chart, "--version", "9.0.0"], more].concat());
    pair.umbrella(&format!("- {{name: web, version: ~1.2.0, repository: '{place}'}}\n"));
    pair.same(&[&["dependency", "update", "all"], more].concat());
    pair.same_files("work", |path| !path.ends_with("Chart.lock"));
    pair.same(&["registry", "logout", host]);
    pair.refused(&[&["pull", &chart, "-d", "sub"], more].concat());
    pair.same_files("home/.config", |path| path.ends_with("config.json"));
}

fn registry(clients: bool, more: &[&str]) {
    if !available(&["helm", "docker-registry"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    let authority = certificates(&pair);
    let sign_in = SignIn::Password { username: "me", bcrypt: HASH };
    let options = RegistryOptions { sign_in, authority: &authority, clients };
    let registry = DockerRegistry::start_with(&options).unwrap();
    let host = registry.host();
    pair.refused(&["registry", "login", &host, "-u", "me", "-p", "secret"]);
    exchange(&mut pair, &host, more);
    pair.finish();
}

#[test]
fn registry_of_a_custom_authority() {
    registry(false, &["--ca-file", "ca.pem"]);
}

#[test]
fn registry_of_any_authority() {
    registry(false, &["--insecure-skip-tls-verify"]);
}

#[test]
fn registry_that_asks_for_certificates() {
    let client = ["--ca-file", "ca.pem", "--cert-file", "client.pem", "--key-file", "client.key"];
    registry(true, &client);
}

#[test]
fn registry_that_asks_for_tokens() {
    if !available(&["helm", "docker-registry"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    let authority = certificates(&pair);
    let tokens = TokenServer::start("me", "secret", &authority).unwrap();
    let front = TlsFront::start(&tokens.host(), &authority, false).unwrap();
    let asks = |address: &str| {
        let sign_in = SignIn::Token(address);
        let options = RegistryOptions { sign_in, authority: &authority, clients: false };
        DockerRegistry::start_with(&options).unwrap()
    };
    let registry = asks(&front.url());
    exchange(&mut pair, &registry.host(), &["--ca-file", "ca.pem"]);
    let given = tokens.given();
    assert!(given > 4, "{given} tokens");
    // A password that came over TLS goes on over nothing less.
    let registry = asks(&format!("http://{}", tokens.host()));
    let host = registry.host();
    let login = ["registry", "login", &host, "-u", "me", "-p", "secret", "--ca-file", "ca.pem"];
    pair.same(&login);
    assert_eq!(tokens.given(), given);
    pair.finish();
}
