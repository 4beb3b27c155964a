//! The real Helm and ours, side by side.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use windlass_testkit::{FileServer, peer};

/// bcrypt's hash of `secret`.
pub(crate) const HASH: &str = "$2y$05$kSJWyY8bARtgWJVoOLnCF.6jweSJK5501eMyoBYR1PGJqaj5CItsq";

/// Two homes and two directories to work in: the real Helm's and ours.
pub(crate) struct Pair {
    pub(crate) dir: TempDir,
    real: PathBuf,
    failed: Vec<String>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Pair {
    /// For what needs no real Helm.
    pub(crate) fn ours() -> Self {
        Self::with(PathBuf::new())
    }

    pub(crate) fn new() -> Self {
        Self::with(peer("helm").unwrap())
    }

    fn with(real: PathBuf) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for who in ["real", "ours"] {
            std::fs::create_dir_all(dir.path().join(who).join("work")).unwrap();
            std::fs::create_dir_all(dir.path().join(who).join("home")).unwrap();
        }
        let ours = dir.path().join("bin");
        std::fs::create_dir_all(&ours).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_windlass"), ours.join("helm")).unwrap();
        Self { dir, real, failed: Vec::new() }
    }

    /// With charts `web` and `sub` in both directories.
    pub(crate) fn with_charts() -> Self {
        let pair = Self::new();
        charts(&pair);
        pair
    }

    /// With the charts, and a server of what [`repository`] packs of them: for all, and below
    /// `/private` for `me` with `secret`.
    pub(crate) fn with_repository() -> (Self, TempDir, FileServer) {
        let pair = Self::with_charts();
        let dir = repository(&pair);
        let server = FileServer::start(dir.path(), "me", "secret").unwrap();
        (pair, dir, server)
    }

    /// Packs chart `web` once for both: the same file of the same time, so that the same manifest is
    /// made of it.
    pub(crate) fn package(&self, version: &str) -> String {
        self.run("real", &["package", "web", "--version", version]);
        let archive = format!("web-{version}.tgz");
        std::fs::copy(self.work("real").join(&archive), self.work("ours").join(&archive)).unwrap();
        let when = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        for who in ["real", "ours"] {
            let file = std::fs::File::options().write(true).open(self.work(who).join(&archive));
            file.unwrap().set_modified(when).unwrap();
        }
        archive
    }

    /// A chart `all` with these dependencies, a list in YAML.
    pub(crate) fn umbrella(&self, dependencies: &str) {
        let head = "apiVersion: v2\nname: all\nversion: 1.0.0\n";
        self.write("all/Chart.yaml", &format!("{head}dependencies:\n{dependencies}"));
    }

    pub(crate) fn work(&self, who: &str) -> PathBuf {
        self.dir.path().join(who).join("work")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        for who in ["real", "ours"] {
            let file = self.work(who).join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }

    pub(crate) fn run(&self, who: &str, args: &[&str]) -> Answer {
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
    pub(crate) fn same(&mut self, args: &[&str]) {
        let (real, ours) = (self.run("real", args), self.run("ours", args));
        if real != ours {
            self.failed.push(format!("helm {}\n  real {real:?}\n  ours {ours:?}", args.join(" ")));
        }
    }

    /// Runs both; what they say must be the same, the lines of the log in any order: Go walks maps in
    /// none.
    pub(crate) fn same_log(&mut self, args: &[&str]) {
        let sorted = |mut answer: Answer| {
            let mut lines: Vec<&str> = answer.err.lines().collect();
            lines.sort_unstable();
            answer.err = lines.join("\n");
            answer
        };
        let (real, ours) = (sorted(self.run("real", args)), sorted(self.run("ours", args)));
        if (real.code, &real.out) != (ours.code, &ours.out) {
            self.failed.push(format!("helm {}\n  real {real:?}\n  ours {ours:?}", args.join(" ")));
        } else if real.err != ours.err {
            let more = |of: &Answer, than: &Answer| {
                let mut rest: Vec<&str> = than.err.lines().collect();
                let lines =
                    of.err.lines().filter(|line| match rest.iter().position(|l| l == line) {
                        Some(at) => {
                            rest.swap_remove(at);
                            false
                        }
                        None => true,
                    });
                lines.collect::<Vec<_>>().join("\n    ")
            };
            let (real, ours) = (more(&real, &ours), more(&ours, &real));
            let args = args.join(" ");
            self.failed.push(format!("helm {args}\n  real\n    {real}\n  ours\n    {ours}"));
        }
    }

    /// Runs both; ours must print and end the same, and tell what the real one tells, and may tell
    /// more.
    pub(crate) fn told(&mut self, args: &[&str]) {
        let (real, ours) = (self.run("real", args), self.run("ours", args));
        let told = real.err.lines().all(|line| ours.err.contains(line.trim()));
        if (real.code, &real.out) != (ours.code, &ours.out) || !told {
            self.failed.push(format!("helm {}\n  real {real:?}\n  ours {ours:?}", args.join(" ")));
        }
    }

    /// Runs both; both must refuse, in whatever words.
    pub(crate) fn refused(&mut self, args: &[&str]) {
        let (real, ours) = (self.run("real", args), self.run("ours", args));
        if (real.code, ours.code) != (Some(1), Some(1)) {
            self.failed.push(format!("helm {}\n  real {real:?}\n  ours {ours:?}", args.join(" ")));
        }
    }

    /// The files below a directory of both must be the same, where `keep` says so.
    pub(crate) fn same_files(&mut self, below: &str, keep: fn(&str) -> bool) {
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

    pub(crate) fn finish(self) {
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

/// Charts `web` and `sub`, in both directories.
pub(crate) fn charts(pair: &Pair) {
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
pub(crate) fn repository(pair: &Pair) -> TempDir {
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
