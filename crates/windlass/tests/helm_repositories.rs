//! Helm's commands about repositories, registries and packages: what the real Helm prints, writes
//! and ends with, ours does too.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use windlass_testkit::{DockerRegistry, FileServer, available, peer};

/// bcrypt's hash of `secret`.
const HASH: &str = "$2y$05$kSJWyY8bARtgWJVoOLnCF.6jweSJK5501eMyoBYR1PGJqaj5CItsq";

/// Two homes and two directories to work in: the real Helm's and ours.
struct Pair {
    dir: TempDir,
    real: PathBuf,
    failed: Vec<String>,
}

#[derive(Debug, PartialEq)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Pair {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for who in ["real", "ours"] {
            std::fs::create_dir_all(dir.path().join(who).join("work")).unwrap();
            std::fs::create_dir_all(dir.path().join(who).join("home")).unwrap();
        }
        let ours = dir.path().join("bin");
        std::fs::create_dir_all(&ours).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_windlass"), ours.join("helm")).unwrap();
        Self { dir, real: peer("helm").unwrap(), failed: Vec::new() }
    }

    fn work(&self, who: &str) -> PathBuf {
        self.dir.path().join(who).join("work")
    }

    fn write(&self, path: &str, text: &str) {
        for who in ["real", "ours"] {
            let file = self.work(who).join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }

    fn run(&self, who: &str, args: &[&str]) -> Answer {
        let ours = self.dir.path().join("bin/helm");
        let program = if who == "real" { &self.real } else { &ours };
        let output = Command::new(program)
            .args(args)
            .current_dir(self.work(who))
            .env_clear()
            .env("HOME", self.dir.path().join(who).join("home"))
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .output()
            .unwrap();
        let own = self.dir.path().join(who).display().to_string();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&own, "HERE");
        Answer { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs both; what they say must be the same.
    fn same(&mut self, args: &[&str]) {
        let (real, ours) = (self.run("real", args), self.run("ours", args));
        if real != ours {
            self.failed.push(format!("helm {}\n  real {real:?}\n  ours {ours:?}", args.join(" ")));
        }
    }

    /// Runs both; both must refuse, in whatever words.
    fn refused(&mut self, args: &[&str]) {
        let (real, ours) = (self.run("real", args), self.run("ours", args));
        if (real.code, ours.code) != (Some(1), Some(1)) {
            self.failed.push(format!("helm {}\n  real {real:?}\n  ours {ours:?}", args.join(" ")));
        }
    }

    /// The files below a directory of both must be the same, where `keep` says so.
    fn same_files(&mut self, below: &str, keep: fn(&str) -> bool) {
        let list = |who: &str| {
            let mut all = BTreeMap::new();
            let root = self.dir.path().join(who).join(below);
            walk(&root, &root, &mut all);
            all.retain(|path, _| keep(path));
            all
        };
        let (real, ours) = (list("real"), list("ours"));
        if real != ours {
            let names = |all: &BTreeMap<String, Vec<u8>>| all.keys().cloned().collect::<Vec<_>>();
            let other: Vec<&String> =
                real.keys().filter(|k| real.get(*k) != ours.get(*k)).collect();
            self.failed.push(format!(
                "files below {below}: {other:?}\n  real {:?}\n  ours {:?}",
                names(&real),
                names(&ours)
            ));
        }
    }

    fn finish(self) {
        assert!(self.failed.is_empty(), "{}", self.failed.join("\n"));
    }
}

fn walk(root: &Path, dir: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(root, &path, all);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            all.insert(name, std::fs::read(path).unwrap());
        }
    }
}

const CHART: &str = "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: \"9.0\"\n\
    description: A <web> & thing\nhome: https://example.test\nsources: [https://example.test/src]\n\
    keywords: [a, b]\nmaintainers: [{name: Me, email: me@example.test}, {name: You}]\n\
    annotations: {x/y: \"z\"}\nkubeVersion: '>=1.20.0-0'\ntype: application\n";

fn charts(pair: &Pair) {
    pair.write("web/Chart.yaml", CHART);
    pair.write("web/values.yaml", "a: 1\nb: [x]\n");
    pair.write("web/values.schema.json", "{\"type\": \"object\"}");
    pair.write("web/README.md", "# Hi\n");
    pair.write("web/crds/a.yaml", "kind: CustomResourceDefinition\n");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ .Release.Name }}\"}\n";
    pair.write("web/templates/cm.yaml", map);
    pair.write("sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 0.1.0\n");
    pair.write("sub/templates/cm.yaml", "kind: ConfigMap\nmetadata: {name: sub}\n");
}

/// Packed by the real Helm, an index beside them.
fn repository(pair: &Pair) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().to_str().unwrap();
    for (chart, version) in
        [("web", "1.2.3"), ("web", "1.10.0"), ("sub", "0.1.0"), ("sub", "0.2.0-rc.1")]
    {
        pair.run("real", &["package", chart, "--version", version, "-d", place]);
    }
    assert_eq!(pair.run("real", &["repo", "index", place]).code, Some(0));
    dir
}

#[test]
fn packages_and_indexes() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    charts(&pair);
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
    let mut pair = Pair::new();
    charts(&pair);
    let dir = repository(&pair);
    let server = FileServer::start(dir.path(), "me", "secret").unwrap();
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
    let mut pair = Pair::new();
    charts(&pair);
    let dir = repository(&pair);
    let server = FileServer::start(dir.path(), "me", "secret").unwrap();
    let url = server.url();
    let umbrella = |dependencies: &str| {
        format!("apiVersion: v2\nname: all\nversion: 1.0.0\ndependencies:\n{dependencies}")
    };
    pair.write("all/Chart.yaml", "apiVersion: v2\nname: all\nversion: 1.0.0\n");
    pair.same(&["dependency", "list", "all"]);
    pair.same(&["dependency", "update", "all"]);
    pair.write(
        "all/Chart.yaml",
        &umbrella(&format!(
            "- {{name: web, version: ^1, repository: '{url}', condition: web.on, tags: [t], \
         alias: front}}\n\
         - {{name: sub, version: '>=0.0.1', repository: 'file://../sub'}}\n"
        )),
    );
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
    pair.write(
        "all/Chart.yaml",
        &umbrella("- {name: web, version: 1.2.3, repository: '@named'}\n"),
    );
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
        pair.write("all/Chart.yaml", &umbrella(bad));
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
    let mut pair = Pair::new();
    charts(&pair);
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
        pair.run("real", &["package", "web", "--version", version]);
        let archive = format!("web-{version}.tgz");
        std::fs::copy(pair.work("real").join(&archive), pair.work("ours").join(&archive)).unwrap();
        // The same file, the same time, the same manifest.
        let when =
            std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        for who in ["real", "ours"] {
            let file = std::fs::File::options().write(true).open(pair.work(who).join(&archive));
            file.unwrap().set_modified(when).unwrap();
        }
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
    let umbrella = format!(
        "apiVersion: v2\nname: all\nversion: 1.0.0\ndependencies:\n\
         - {{name: web, version: ~1.2.0, repository: '{place}'}}\n"
    );
    pair.write("all/Chart.yaml", &umbrella);
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

#[test]
fn lint() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    charts(&pair);
    pair.same(&["lint"]);
    pair.same(&["lint", "web"]);
    pair.same(&["lint", "web", "sub", "--strict"]);
    pair.same(&["lint", "none"]);
    pair.same(&["lint", "--quiet", "sub"]);
    pair.same(&["lint", "--quiet", "sub", "none"]);
    pair.run("real", &["package", "sub"]);
    std::fs::copy(pair.work("real").join("sub-0.1.0.tgz"), pair.work("ours").join("sub-0.1.0.tgz"))
        .unwrap();
    pair.same(&["lint", "sub-0.1.0.tgz"]);
    let template = "odd/templates/x.yaml";
    for text in [
        "apiVersion: v1\nkind: Service\nmetadata: {name: 1st}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Upper_case}\n",
        "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: p}\n",
        "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: p}\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: p}\n",
        "  apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: p}\n",
        "apiVersion: v1\nkind: List\nmetadata: {name: l}\nitems: [{metadata: {annotations: \
         {helm.sh/resource-policy: keep}}}]\n",
        "kind: ClusterRole\nmetadata: {name: 'a:b'}\n---\nkind: Role\nmetadata: {name: 'a/b'}\n",
        "{{ .Values.x.y }}",
        "{{ nope }}",
    ] {
        pair.write(
            "odd/Chart.yaml",
            "apiVersion: v2\nname: odd\nversion: 0.1.0\nicon: https://i/i.png\n",
        );
        pair.write("odd/values.yaml", "a: 1\n");
        pair.write(template, text);
        pair.same(&["lint", "odd"]);
    }
    pair.same(&["lint", "odd", "--kube-version", "1.20"]);
    pair.write(template, "kind: ConfigMap\nmetadata: {name: x}\n");
    for chart in [
        "apiVersion: v2\nname: odd\nversion: 1\n",
        "name: odd\nversion: 0.1.0\n",
        "apiVersion: v1\nname: odd\nversion: 0.1.0\ntype: application\ndependencies: [{name: a, version: 1}]\n",
        "apiVersion: v2\nversion: 0.1.0\n",
        "apiVersion: v2\nname: odd\nversion: 1.2\nicon: here\nsources: [there]\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nmaintainers: [{email: a@b.test}]\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nmaintainers: [{name: a, email: ab}]\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nmaintainers: [{name: a, url: 'no url'}]\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nappVersion: 1.5\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\nnope: true\n",
        "apiVersion: v2\nname: odd\nversion: 1.2.0\ndependencies: [{name: a, version: 1, repository: ''}]\n",
    ] {
        pair.write("odd/Chart.yaml", chart);
        pair.same(&["lint", "odd"]);
    }
    pair.write("odd/Chart.yaml", "apiVersion: v2\nname: odd\nversion: 0.1.0\n");
    pair.write("odd/values.schema.json", "{\"properties\": {\"a\": {\"type\": \"string\"}}}");
    pair.same(&["lint", "odd"]);
    pair.same(&["lint", "odd", "--set", "a=x"]);
    pair.same(&["lint", "odd", "--skip-schema-validation"]);
    pair.write("odd/crds/a.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    pair.write("odd/templates/notes.md", "x\n");
    pair.write("odd/charts/inner/Chart.yaml", "apiVersion: v2\nname: inner\nversion: 0.1.0\n");
    pair.same(&["lint", "odd", "--set", "a=x", "--with-subcharts"]);
    pair.finish();
}

/// A key that signs charts here; nobody trusts it, and everybody has it.
const SECRET_KEY: &[u8] = include_bytes!("fixtures/signing.secret.gpg");
const PUBLIC_KEY: &[u8] = include_bytes!("fixtures/signing.pub.gpg");
const OTHER_KEY: &[u8] = include_bytes!("fixtures/other.pub.gpg");

#[test]
fn provenance() {
    if !available(&["helm"]) {
        return;
    }
    let mut pair = Pair::new();
    charts(&pair);
    let place = |pair: &Pair, name: &str, bytes: &[u8]| {
        for who in ["real", "ours"] {
            std::fs::write(pair.work(who).join(name), bytes).unwrap();
        }
    };
    place(&pair, "secret.gpg", SECRET_KEY);
    place(&pair, "public.gpg", PUBLIC_KEY);
    place(&pair, "other.gpg", OTHER_KEY);
    let sign = ["package", "web", "--sign", "--key", "Plain RSA", "--keyring", "secret.gpg"];
    let signed = pair.run("real", &sign);
    assert_eq!(signed.code, Some(0), "{signed:?}");
    let read = |name: &str| std::fs::read(pair.work("real").join(name)).unwrap();
    let (archive, signature) = (read("web-1.2.3.tgz"), read("web-1.2.3.tgz.prov"));
    place(&pair, "web-1.2.3.tgz", &archive);
    place(&pair, "web-1.2.3.tgz.prov", &signature);
    let good = ["verify", "web-1.2.3.tgz", "--keyring", "public.gpg"];
    pair.same(&good);
    assert!(pair.run("ours", &good).out.contains("Signed by: Plain RSA <rsa@test.invalid>"));
    pair.same(&["verify", "web-1.2.3.tgz", "--keyring", "other.gpg"]);
    pair.same(&["verify", "web-1.2.3.tgz", "--keyring", "missing.gpg"]);
    pair.same(&["verify", "web", "--keyring", "public.gpg"]);
    pair.same(&["verify", "secret.gpg", "--keyring", "public.gpg"]);
    pair.same(&["verify", "missing.tgz", "--keyring", "public.gpg"]);
    pair.same(&["template", "r", "web-1.2.3.tgz", "--verify", "--keyring", "public.gpg"]);
    pair.same(&["template", "r", "web-1.2.3.tgz", "--verify", "--keyring", "other.gpg"]);

    // From a repository, where one version is signed, one is not, and one is another's.
    let repository = tempfile::tempdir().unwrap();
    let put =
        |name: &str, bytes: &[u8]| std::fs::write(repository.path().join(name), bytes).unwrap();
    put("web-1.2.3.tgz", &archive);
    put("web-1.2.3.tgz.prov", &signature);
    pair.run("real", &["package", "web", "--version", "2.0.0"]);
    pair.run("real", &["package", "web", "--version", "3.0.0"]);
    let read = |name: &str| std::fs::read(pair.work("real").join(name)).unwrap();
    put("web-2.0.0.tgz", &read("web-2.0.0.tgz"));
    put("web-3.0.0.tgz", &read("web-3.0.0.tgz"));
    put("web-3.0.0.tgz.prov", &signature);
    let dir = repository.path().display().to_string();
    pair.run("real", &["repo", "index", &dir]);
    let server = FileServer::start(repository.path(), "me", "secret").unwrap();
    let url = format!("{}/private", server.url());
    for version in ["1.2.3", "2.0.0", "3.0.0"] {
        for keyring in ["public.gpg", "other.gpg"] {
            let args = [
                "pull",
                "web",
                "--repo",
                &url,
                "--username",
                "me",
                "--password",
                "secret",
                "--version",
                version,
                "-d",
                "down",
                "--verify",
                "--keyring",
                keyring,
            ];
            for who in ["real", "ours"] {
                let down = pair.work(who).join("down");
                let _ = std::fs::remove_dir_all(&down);
                std::fs::create_dir_all(&down).unwrap();
            }
            if version == "2.0.0" {
                pair.refused(&args);
            } else {
                pair.same(&args);
            }
        }
    }

    // What was changed after it was signed.
    for (name, archive, signature) in [
        ("archive", [&archive[..], b"x"].concat(), signature.clone()),
        ("text", archive.clone(), String::from_utf8_lossy(&signature).replace("9.0", "9.1").into()),
        ("no signature", archive.clone(), b"name: web\n".to_vec()),
    ] {
        place(&pair, "web-1.2.3.tgz", &archive);
        place(&pair, "web-1.2.3.tgz.prov", &signature);
        pair.same(&good);
        let ours = pair.run("ours", &good);
        assert_eq!(ours.code, Some(1), "{name}: {ours:?}");
    }
    for who in ["real", "ours"] {
        std::fs::remove_file(pair.work(who).join("web-1.2.3.tgz.prov")).unwrap();
    }
    pair.same(&good);
    pair.finish();
}
