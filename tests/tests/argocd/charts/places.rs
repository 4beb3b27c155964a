//! The servers that the charts come from: Git, HTTP with and without TLS and sign-in, a registry.
//!
//! Files name them by words, which stand for `HOST:PORT`:
//!
//! ```text
//! @GIT@ repositories `apps.git`, `values.git`     @HTTP@, @HTTPS@ one directory of charts, `public`;
//! @OCI@ a registry, charts at its root and below  `private/…` asks who comes, `elsewhere` is an
//!       `charts`; @WRONG@ the same by another     index of charts at @OTHER@, which is @HTTPS@ by
//!       name, where the password is wrong         another name
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use windlass_object::{Value, json, yaml};
use windlass_stories::World;
use windlass_testkit::{
    Authority, DockerRegistry, FileServer, GitHttp, GitHttpOptions, GitRepository, RegistryOptions,
    SignIn, TlsFront,
};

use crate::CONTROL;

const USER: &str = "me";
const PASSWORD: &str = "secret";
/// The password, as bcrypt.
const HASH: &str = "$2y$05$kSJWyY8bARtgWJVoOLnCF.6jweSJK5501eMyoBYR1PGJqaj5CItsq";

/// Charts of the repository `apps` that are published too.
const PUBLISHED: [(&str, &[&str]); 2] = [
    ("web", &["1.0.0", "1.2.0", "1.10.0", "2.0.0-rc.1", "2.0.0"]),
    ("small", &["0.1.0", "0.1.5", "0.2.0", "1.0.0", "1.3.0-beta"]),
];
/// Charts that are committed with a `Chart.lock` of their dependencies.
const LOCKED: [&str; 2] = ["umbrella/locked", "umbrella/plain-locked"];

/// The servers, and what is in them. They end when dropped.
pub(super) struct Places {
    root: PathBuf,
    authority: Authority,
    words: Vec<(&'static str, String)>,
    _servers: (GitHttp, FileServer, TlsFront, DockerRegistry),
}

/// Reads a fixture of files by path.
fn files(name: &str) -> Result<Vec<(String, String)>> {
    let text = std::fs::read_to_string(super::fixture(name))?;
    let value = yaml::parse_one(text.as_bytes(), &yaml::Options::strict())?;
    let map = value.as_object().context("files by path")?;
    let text = |(path, text): (&String, &Value)| {
        Ok((path.clone(), text.as_str().with_context(|| path.clone())?.to_owned()))
    };
    map.iter().map(text).collect()
}

fn host(url: &str) -> String {
    url.split("//").last().unwrap_or_default().trim_end_matches('/').to_owned()
}

impl Places {
    /// Starts and fills them; everything is below `root`.
    pub(super) fn start(root: &Path) -> Result<Self> {
        let authority = Authority::new()?;
        let charts = root.join("charts");
        for dir in ["git", "charts/public", "charts/elsewhere", "charts/values", "work"] {
            std::fs::create_dir_all(root.join(dir))?;
        }
        std::fs::write(root.join("ca.pem"), authority.pem())?;
        let git = GitHttp::start(&root.join("git"), GitHttpOptions::default())?;
        let server = FileServer::start(&charts, USER, PASSWORD)?;
        let tls = TlsFront::start(&host(&server.url()), &authority, false)?;
        let sign_in = SignIn::Password { username: USER, bcrypt: HASH };
        let options = RegistryOptions { sign_in, authority: &authority, clients: false };
        let registry = DockerRegistry::start_with(&options)?;
        let other = |host: String| host.replace("127.0.0.1", "localhost");
        let words = vec![
            ("@GIT@", host(&git.url(""))),
            ("@HTTP@", host(&server.url())),
            ("@HTTPS@", host(&tls.url())),
            ("@OTHER@", other(host(&tls.url()))),
            ("@OCI@", registry.host()),
            ("@WRONG@", other(registry.host())),
        ];
        let servers = (git, server, tls, registry);
        let mut places = Self { root: root.to_owned(), authority, words, _servers: servers };
        places.publish()?;
        Ok(places)
    }

    /// Addresses in the place of words.
    pub(super) fn fill(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (word, host)| text.replace(word, host))
    }

    /// Words in the place of addresses.
    pub(super) fn blank(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (word, host)| text.replace(host, word))
    }

    /// The authority's certificate.
    pub(super) fn certificate(&self) -> PathBuf {
        self.root.join("ca.pem")
    }

    fn publish(&mut self) -> Result<()> {
        let work = self.root.join("work");
        let apps = files("apps.yaml")?;
        for (path, text) in &apps {
            let file = work.join(path);
            std::fs::create_dir_all(file.parent().context("a file is in a directory")?)?;
            std::fs::write(file, self.fill(text))?;
        }
        let dir = |path: &str| self.root.join(path).display().to_string();
        let public = dir("charts/public");
        for (chart, versions) in PUBLISHED {
            for version in versions {
                let chart = dir(&format!("work/{chart}"));
                self.helm(&["package", &chart, "--version", version, "-d", &public])?;
            }
        }
        let other = self.fill("https://@OTHER@/private/public");
        self.helm(&["repo", "index", &public, "--url", &other])?;
        let index = |dir: &str| self.root.join("charts").join(dir).join("index.yaml");
        std::fs::rename(index("public"), index("elsewhere"))?;
        self.helm(&["repo", "index", &public])?;
        std::fs::write(self.root.join("charts/values/remote.yaml"), "a: remote\n")?;

        let certificate = self.certificate().display().to_string();
        let trust = ["--ca-file", certificate.as_str()];
        let registry = self.fill("@OCI@");
        let login = ["registry", "login", &registry, "-u", USER, "-p", PASSWORD];
        self.helm(&[&login[..], &trust].concat())?;
        for (chart, versions) in PUBLISHED {
            for version in versions {
                let archive = format!("{public}/{chart}-{version}.tgz");
                for place in [format!("oci://{registry}"), format!("oci://{registry}/charts")] {
                    self.helm(&[&["push", &archive, &place][..], &trust].concat())?;
                }
            }
        }
        let charts = self.fill("https://@HTTPS@/public");
        self.helm(&[&["repo", "add", "public", &charts][..], &trust].concat())?;
        for chart in LOCKED {
            let path = dir(&format!("work/{chart}"));
            self.helm(&[&["dependency", "update", &path][..], &trust].concat())?;
            std::fs::remove_dir_all(work.join(chart).join("charts"))?;
        }
        let repository = GitRepository::create(&self.root.join("git"), "apps")?;
        let mut all: Vec<(String, String)> = Vec::new();
        for (path, _) in apps {
            let text = std::fs::read_to_string(work.join(&path))?;
            all.push((path, text));
        }
        for chart in LOCKED {
            let path = format!("{chart}/Chart.lock");
            let lock = std::fs::read_to_string(work.join(&path))?;
            let timeless = lock.lines().map(|line| match line.starts_with("generated:") {
                true => "generated: \"2026-01-01T00:00:00Z\"\n".to_owned(),
                false => format!("{line}\n"),
            });
            all.push((path, timeless.collect()));
        }
        // It is of files that hold addresses, and so another one each time.
        let id = commit(&repository, &all)?;
        let commits = [("@COMMIT@", id.len()), ("@SHORT8@", 8), ("@SHORT@", 7)];
        self.words.extend(commits.map(|(word, length)| (word, id[..length].to_owned())));
        let repository = GitRepository::create(&self.root.join("git"), "values")?;
        commit(&repository, &files("values.yaml")?)?;
        Ok(())
    }

    fn helm(&self, arguments: &[&str]) -> Result<()> {
        let out = Command::new(World::binary()?)
            .arg("helm")
            .args(arguments)
            .env("HOME", &self.root)
            .env("XDG_CONFIG_HOME", self.root.join("helm"))
            .env("XDG_CACHE_HOME", self.root.join("helm"))
            .output()?;
        ensure!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        Ok(())
    }

    /// The config map by which the authority is trusted.
    pub(super) fn trust(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": "argocd-tls-certs-cm", "namespace": CONTROL,
                "labels": {"app.kubernetes.io/part-of": "argocd"},
            },
            "data": {"127.0.0.1": self.authority.pem(), "localhost": self.authority.pem()},
        })
    }

    /// The secrets that say how to sign in.
    pub(super) fn secrets(&self) -> Vec<Value> {
        let helm = |name: &str, url: &str, password: &str| {
            let mut secret = json!({
                "apiVersion": "v1", "kind": "Secret",
                "metadata": {
                    "name": format!("charts-{}", name.to_lowercase()), "namespace": CONTROL,
                    "labels": {"argocd.argoproj.io/secret-type": "repository"},
                },
                "stringData": {"type": "helm", "name": name, "url": self.fill(url)},
            });
            if !password.is_empty() {
                secret["stringData"]["username"] = json!(USER);
                secret["stringData"]["password"] = json!(password);
            }
            if !url.contains("//") {
                secret["stringData"]["enableOCI"] = json!("true");
            }
            secret
        };
        vec![
            helm("public", "https://@HTTPS@/public", ""),
            helm("private", "https://@HTTPS@/private/public", PASSWORD),
            helm("elsewhere", "https://@HTTPS@/private/elsewhere", PASSWORD),
            helm("registry", "@OCI@", PASSWORD),
            helm("wrong", "@WRONG@", "not it"),
        ]
    }
}

fn commit(repository: &GitRepository, files: &[(String, String)]) -> Result<String> {
    let files: Vec<(&str, &str)> = files.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    repository.commit("files", &files)
}
