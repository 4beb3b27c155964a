//! The two systems on which scenarios are played.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use windlass_object::{Value, json};
use windlass_testkit::{
    AdmissionWebhook, ArgoCd, ArgoCdOptions, FileServer, GitHttp, GitHttpOptions, Kubernetes,
    Parts, Process, wait_for,
};

use crate::{ApiClient, PATIENCE, World, define_workflows};

/// Namespace of Applications and settings on both.
pub(crate) const CONTROL: &str = "argocd";

/// Who plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The real Argo CD on a real Kubernetes.
    ArgoCd,
    /// Windlass on its embedded API.
    Windlass,
    /// Windlass on a real Kubernetes.
    WindlassOnKubernetes,
}

type Settings = BTreeMap<String, BTreeMap<String, String>>;

/// A running system with a Git server.
pub(crate) struct System {
    pub(crate) who: Who,
    pub(crate) api: ApiClient,
    pub(crate) git: GitHttp,
    files: FileServer,
    pub(crate) webhook: AdmissionWebhook,
    dir: TempDir,
    kubeconfig: PathBuf,
    argocd: Option<ArgoCd>,
    windlass: Option<Process>,
    kubernetes: Option<Kubernetes>,
}

impl System {
    /// Starts one with these settings on an API of its own.
    pub(crate) fn start(who: Who, settings: &Settings) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        std::fs::create_dir(dir.path().join("git"))?;
        let git = GitHttp::start(&dir.path().join("git"), GitHttpOptions::default())?;
        std::fs::create_dir(dir.path().join("charts"))?;
        let files = FileServer::start(&dir.path().join("charts"), "", "")?;
        let webhook = AdmissionWebhook::start()?;
        let kubernetes = match who {
            Who::Windlass => None,
            Who::ArgoCd | Who::WindlassOnKubernetes => Some(Kubernetes::start(Parts::Full)?),
        };
        let kubeconfig = kubernetes
            .as_ref()
            .map_or_else(|| dir.path().join("data/kubeconfig"), |k| k.kubeconfig().to_owned());
        let (mut argocd, mut windlass) = (None, None);
        match (&kubernetes, who) {
            (Some(kubernetes), Who::ArgoCd) => argocd = Some(start_argocd(kubernetes)?),
            _ => windlass = Some(start_windlass(dir.path(), &kubeconfig, who)?),
        }
        let api = ApiClient::connect(&kubeconfig)?;
        let mut system =
            Self { who, api, git, files, webhook, dir, kubeconfig, argocd, windlass, kubernetes };
        define_workflows(&system.api)?;
        if who != Who::ArgoCd {
            // What was recorded was seen before Argo CD asked Git again by itself, which it does
            // every three minutes; a busy machine may play for longer.
            system.set("argocd-cm", &json!({"timeout.reconciliation": "1h"}))?;
        }
        system.configure(&Settings::new(), settings)?;
        Ok(system)
    }

    /// The directory of the repositories.
    pub(crate) fn repositories(&self) -> PathBuf {
        self.dir.path().join("git")
    }

    /// The directory of the Helm repositories.
    pub(crate) fn charts(&self) -> PathBuf {
        self.dir.path().join("charts")
    }

    /// The address of a directory of charts.
    pub(crate) fn charts_url(&self, path: &str) -> String {
        format!("{}/{path}", self.files.url())
    }

    /// A token of a service account, `namespace/name`.
    pub(crate) fn token(&self, account: &str) -> Result<String> {
        let kubernetes = self.kubernetes.as_ref().context("a real Kubernetes")?;
        let (namespace, name) = account.split_once('/').context("namespace/name")?;
        let token = kubernetes.kubectl(&["-n", namespace, "create", "token", name])?;
        Ok(token.trim().to_owned())
    }

    /// An address of the API that no other scenario has: a cluster is told by its address. Small
    /// and capital letters of a host are the same to the network.
    pub(crate) fn server_for(&self, scenario: &str) -> Result<String> {
        let kubernetes = self.kubernetes.as_ref().context("a real Kubernetes")?;
        let server = kubernetes.server()?;
        let port = server.rsplit_once(':').context("a port")?.1;
        let digest = Sha256::digest(scenario.as_bytes());
        let letters = "localhost".chars().zip(digest);
        let host: String = letters
            .map(|(letter, byte)| if byte % 2 == 0 { letter } else { letter.to_ascii_uppercase() })
            .collect();
        Ok(format!("https://{host}:{port}"))
    }

    /// Where everything of it is kept.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("windlass.log")).unwrap_or_default()
    }

    /// Takes `old` settings back, makes `new` ones be so, and starts the programs anew, so that
    /// nothing that they kept of the old ones is left.
    pub(crate) fn configure(&mut self, old: &Settings, new: &Settings) -> Result<()> {
        if old == new {
            return Ok(());
        }
        for (map, keys) in old {
            let gone: BTreeMap<_, _> = keys.keys().map(|k| (k.clone(), Value::Null)).collect();
            self.api.patch("v1/ConfigMap", CONTROL, map, &json!({"data": gone}))?;
        }
        for (map, keys) in new {
            self.set(map, &json!(keys))?;
        }
        self.restart()
    }

    fn set(&self, map: &str, keys: &Value) -> Result<()> {
        if self.api.get("v1/ConfigMap", CONTROL, map)?.is_none() {
            self.api.create(&json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": map,
                "namespace": CONTROL, "labels": {"app.kubernetes.io/part-of": "argocd"}},
            }))?;
        }
        self.api.patch("v1/ConfigMap", CONTROL, map, &json!({"data": keys}))?;
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        match &self.kubernetes {
            Some(kubernetes) if self.who == Who::ArgoCd => {
                self.argocd = None;
                self.argocd = Some(start_argocd(kubernetes)?);
            }
            _ => {
                self.windlass = None;
                self.windlass = Some(start_windlass(self.dir.path(), &self.kubeconfig, self.who)?);
                self.api = ApiClient::connect(&self.kubeconfig)?;
            }
        }
        Ok(())
    }
}

fn start_argocd(kubernetes: &Kubernetes) -> Result<ArgoCd> {
    let env = [("ARGOCD_K8S_CLIENT_QPS", "1000"), ("ARGOCD_K8S_CLIENT_BURST", "2000")];
    let env = env.map(|(k, v)| (k.to_owned(), v.to_owned())).to_vec();
    ArgoCd::start(kubernetes, &ArgoCdOptions { env, ..ArgoCdOptions::default() })
}

fn start_windlass(dir: &Path, kubeconfig: &Path, who: Who) -> Result<Process> {
    let log = dir.join("windlass.log");
    let _ = std::fs::remove_file(&log);
    let mut arguments: Vec<OsString> = vec![
        format!("WINDLASS_CACHE={}", dir.join("cache").display()).into(),
        World::binary()?.into(),
        "--log=info".into(),
        "up".into(),
        format!("--namespace={CONTROL}").into(),
    ];
    if who == Who::Windlass {
        arguments.extend(["--data".into(), dir.join("data").into()]);
    } else {
        arguments.extend(["--kubeconfig".into(), kubeconfig.into()]);
    }
    let mut process = Process::start(Path::new("/usr/bin/env"), arguments, &log)?;
    wait_for("windlass is ready", PATIENCE.max(Duration::from_secs(120)), || {
        process.check()?;
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        Ok(text.lines().any(|l| l.starts_with("ready after")).then_some(()))
    })?;
    Ok(process)
}
