//! Repositories, registries, packages and dependencies.

use windlass_testkit::{DockerRegistry, available};

use crate::pair::{HASH, Pair, repository};

#[test]
fn packages_and_indexes() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    pair.same(&["package", "web"]);
    pair.same(&[
        "package",
        "web",
        "sub",
        "--version",
        "2.0.0+b",
        "--app-version",
        "7",
        "-d",
        "out",
    ]);
    pair.refused(&["package", "web", "--version", "x"]);
    pair.same(&["package"]);
    pair.same(&["package", "none"]);
    // What one packs the other reads.
    for who in ["real", "ours"] {
        let other = if who == "real" { "ours" } else { "real" };
        let archive = pair.work(other).join("web-1.2.3.tgz");
        std::fs::copy(&archive, pair.work(who).join("theirs.tgz")).unwrap();
    }
    pair.same(&["show", "all", "theirs.tgz"]);
    pair.same(&["template", "r", "theirs.tgz"]);
    for kind in ["all", "chart", "values", "readme", "crds"] {
        pair.same(&["show", kind, "web"]);
    }
    pair.same(&["inspect", "chart", "sub"]);
    pair.same(&["show", "chart", "none"]);
    pair.same(&["show", "chart", "./none"]);
    // The same archives, indexed by each.
    let archives = repository(&pair);
    let read = |who: &str, more: &[&str]| {
        let place = archives.path().to_str().unwrap();
        let args = [&["repo", "index", place, "--url", "https://x.test/c"], more].concat();
        assert_eq!(pair.run(who, &args).code, Some(0));
        let text = std::fs::read_to_string(archives.path().join("index.yaml")).unwrap();
        let kept = text.lines().filter(|l| !l.contains("created:") && !l.starts_with("generated:"));
        kept.map(|line| format!("{line}\n")).collect::<String>()
    };
    assert_eq!(read("ours", &[]), read("real", &[]));
    let merge = archives.path().join("index.yaml").display().to_string();
    assert_eq!(read("ours", &["--merge", &merge]), read("real", &["--merge", &merge]));
    pair.finish();
}

#[test]
fn repositories() {
    if !available(&["helm"]) {
        return;
    }
    let (mut pair, _dir, server) = Pair::with_repository();
    let url = server.url();
    let (private, none) = (format!("{url}/private"), format!("{url}/none"));
    pair.same(&["repo", "list"]);
    pair.same(&["repo", "list", "-o", "json"]);
    pair.same(&["repo", "update"]);
    pair.same(&["repo", "remove", "x"]);
    pair.same(&["repo", "add", "web", &url]);
    pair.same(&["repo", "add", "web", &url]);
    pair.same(&["repo", "add", "web", &private]);
    pair.same(&["repo", "add", "bad", &none]);
    pair.same(&["repo", "add", "a/b", &url]);
    pair.same(&["repo", "add", "f", "ftp://x"]);
    pair.same(&["repo", "add", "in", &private]);
    pair.same(&["repo", "add", "in", &private, "--username", "me", "--password", "wrong"]);
    pair.same(&["repo", "add", "in", &private, "--username", "me", "--password", "secret"]);
    pair.same(&["repo", "list"]);
    pair.same(&["repo", "ls", "-o", "yaml", "--no-headers"]);
    pair.same(&["repo", "up", "web"]);
    pair.same(&["repo", "update", "nope"]);
    pair.same_files("home/.config", |path| path.ends_with("repositories.yaml"));
    pair.same_files("home/.cache", |path| path.ends_with("index.yaml"));
    pair.same(&["pull", "web/web"]);
    pair.same(&["pull", "web/web", "--version", "~1.2"]);
    pair.same(&["pull", "in/sub", "--devel"]);
    pair.same(&["pull", "in/web", "--untar", "--untardir", "there"]);
    pair.same(&["pull", "in/web", "--untar", "--untardir", "there"]);
    pair.same(&["fetch", "web", "--repo", &url, "--version", "^1", "-d", "there"]);
    pair.same(&["pull", "web", "--repo", &url, "--version", "7"]);
    pair.same(&["pull", "web", "--repo", &private]);
    pair.same(&["pull", "web", "--repo", &private, "--username", "me", "--password", "secret"]);
    pair.same(&["pull", &format!("{url}/sub-0.1.0.tgz")]);
    pair.same(&["pull", "web/none"]);
    pair.same(&["pull", "none/web"]);
    pair.same(&["pull", "alone"]);
    pair.same(&["show", "values", "web/web"]);
    pair.same(&["template", "r", "web/web"]);
    pair.same(&["template", "r", "web", "--repo", &url, "--version", "1.2.3"]);
    pair.same(&["repo", "remove", "web", "in"]);
    pair.same(&["repo", "rm", "web"]);
    pair.same_files("work", |_| true);
    pair.same_files("home/.cache", |path| path.ends_with("index.yaml"));
    pair.finish();
}

#[test]
fn dependencies() {
    if !available(&["helm"]) {
        return;
    }
    let (mut pair, _dir, server) = Pair::with_repository();
    let url = server.url();
    pair.write("all/Chart.yaml", "apiVersion: v2\nname: all\nversion: 1.0.0\n");
    pair.same(&["dependency", "list", "all"]);
    pair.same(&["dependency", "update", "all"]);
    pair.umbrella(&format!(
        "- {{name: web, version: ^1, repository: '{url}', condition: web.on, tags: [t], \
         alias: front}}\n\
         - {{name: sub, version: '>=0.0.1', repository: 'file://../sub'}}\n"
    ));
    pair.same(&["dep", "ls", "all"]);
    pair.same(&["dependency", "update", "all"]);
    pair.same(&["dependency", "list", "all"]);
    pair.same(&["dependency", "build", "all", "--skip-refresh"]);
    pair.same(&["repo", "add", "named", &url]);
    pair.same(&["dependency", "build", "all"]);
    pair.same(&["template", "r", "all"]);
    // What is packed here is compressed by another library.
    let kept = |path: &str| !path.ends_with("Chart.lock") && !path.contains("sub-");
    pair.same_files("work/all", kept);
    pair.same(&["show", "all", "all/charts/sub-0.1.0.tgz"]);
    let locks = ["real", "ours"].map(|who| {
        let text = std::fs::read_to_string(pair.work(who).join("all/Chart.lock")).unwrap();
        text.lines().filter(|l| !l.starts_with("generated")).map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(locks[0], locks[1]);
    pair.umbrella("- {name: web, version: 1.2.3, repository: '@named'}\n");
    pair.same(&["dependency", "build", "all"]);
    pair.same(&["dependency", "list", "all"]);
    pair.same(&["dependency", "update", "all"]);
    pair.same(&["dependency", "list", "all"]);
    pair.same_files("work/all", |path| !path.ends_with("Chart.lock"));
    for bad in [
        "- {name: web, version: ^7, repository: '@named'}\n",
        "- {name: none, version: ^1, repository: '@named'}\n",
        "- {name: web, version: ^1, repository: '@other'}\n",
        "- {name: web, version: ^1, repository: stable}\n",
        "- {name: web, version: '!!', repository: '@named'}\n",
        "- {name: web, version: ^1, repository: 'file://../none'}\n",
        "- {name: gone, version: ^1, repository: ''}\n",
    ] {
        pair.umbrella(bad);
        pair.refused(&["dependency", "update", "all"]);
    }
    pair.same(&["dependency", "update", "none"]);
    pair.finish();
}

#[test]
fn registries() {
    if !available(&["helm", "docker-registry"]) {
        return;
    }
    let mut pair = Pair::with_charts();
    let registry = DockerRegistry::start("me", HASH).unwrap();
    let host = registry.host();
    let place = format!("oci://{host}/charts");
    let login = |password: &str| {
        ["registry", "login", &host, "-u", "me", "-p", password, "--plain-http"].map(str::to_owned)
    };
    let as_args = |all: &[String; 8]| all.iter().map(String::as_str).collect::<Vec<_>>().join("\n");
    let (wrong, right) = (as_args(&login("wrong")), as_args(&login("secret")));
    pair.same(&wrong.split('\n').collect::<Vec<_>>());
    pair.same(&right.split('\n').collect::<Vec<_>>());
    pair.same_files("home/.config", |path| path.ends_with("config.json"));
    for version in ["1.2.3", "1.3.0", "2.0.0-rc.1", "1.4.0+b.1"] {
        let archive = pair.package(version);
        pair.same(&["push", &archive, &place, "--plain-http"]);
    }
    let chart = format!("{place}/web");
    pair.same(&["pull", &chart, "--plain-http"]);
    pair.same(&["pull", &chart, "--plain-http", "--version", "~1.2", "-d", "web"]);
    pair.same(&["pull", &chart, "--plain-http", "--version", "1.4.0+b.1", "-d", "web"]);
    pair.same(&["pull", &chart, "--plain-http", "--devel", "--untar", "--untardir", "dev"]);
    pair.same(&["pull", &format!("{chart}:1.3.0"), "--plain-http", "-d", "sub"]);
    pair.same(&["show", "chart", &chart, "--plain-http"]);
    pair.same(&["template", "r", &chart, "--plain-http", "--version", "1.2.3"]);
    pair.same(&["pull", &chart, "--plain-http", "--version", "^9"]);
    pair.same(&["pull", &chart, "--plain-http", "--version", "9.0.0"]);
    pair.same(&["pull", &format!("{place}/none"), "--plain-http", "--version", "1.0.0"]);
    pair.refused(&["pull", &format!("{place}/none"), "--plain-http"]);
    pair.same(&["push", "none.tgz", &place]);
    pair.same(&["push", "web", &place]);
    pair.umbrella(&format!("- {{name: web, version: ~1.2.0, repository: '{place}'}}\n"));
    pair.same(&["dependency", "update", "all", "--plain-http"]);
    pair.same(&["dependency", "list", "all"]);
    pair.same_files("work", |path| !path.ends_with("Chart.lock"));
    pair.same(&["registry", "logout", &host]);
    pair.same(&["pull", &format!("{chart}:1.3.0"), "--plain-http"]);
    pair.same_files("home/.config", |path| path.ends_with("config.json"));
    pair.finish();
}

#[test]
fn environment_and_version() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    pair.same(&["version"]);
    pair.same(&["version", "--short"]);
    pair.same(&["version", "--template", "{{ .Version }}"]);
    pair.same(&["env", "HELM_CACHE_HOME"]);
    pair.same(&["env", "NOPE"]);
    let env = ["real", "ours"].map(|who| {
        let out = pair.run(who, &["env"]).out;
        out.lines().filter(|l| !l.starts_with("HELM_BIN")).map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(env[0], env[1]);
    pair.finish();
}
