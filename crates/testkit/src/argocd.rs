//! A real Argo CD on a real Kubernetes.
//!
//! One program plays all parts by the name in `ARGOCD_BINARY_NAME`. `ARGOCD_FAKE_IN_CLUSTER` lets it
//! run outside a pod. Every port is free loopback, sign-in is off. What its installation gives the
//! programs from config maps (environment, keys, certificates) they are given as it is at the start.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::build::module_dir;
use crate::kubernetes::Kubernetes;
use crate::port::free_port;
use crate::process::Process;
use crate::programs::peer;
use crate::usage::Usage;
use crate::wait::wait_for;

/// Namespace of its settings and Applications.
const NAMESPACE: &str = "argocd";
const READY: Duration = Duration::from_secs(120);

/// How to start it.
#[derive(Clone, Debug, Default)]
pub struct ArgoCdOptions {
    /// More environment for all its programs, such as `ARGOCD_K8S_CLIENT_QPS`.
    pub env: Vec<(String, String)>,
    /// More flags for the controller.
    pub controller: Vec<String>,
}

/// A running Argo CD: API server, controller, repository server, and redis.
#[derive(Debug)]
pub struct ArgoCd {
    processes: Vec<Process>,
    server: u16,
    /// Ports of the metrics of controller and repository server.
    metrics: [u16; 2],
    dir: TempDir,
}

impl ArgoCd {
    /// Installs its CRDs and settings on the cluster, and starts it.
    ///
    /// # Errors
    /// When a program is missing, the API refuses, or the server is not ready in two minutes.
    pub fn start(cluster: &Kubernetes, options: &ArgoCdOptions) -> Result<Self> {
        let manifests = module_dir("argocd")?.join("manifests");
        let _ = cluster.kubectl(&["create", "namespace", NAMESPACE]);
        // What is there from an earlier start may have been changed since, on purpose.
        let known = cluster.kubectl(&["-n", NAMESPACE, "get", "configmap", "argocd-cm"]).is_ok();
        let parts = [("crds", "default"), ("base/config", NAMESPACE)];
        for (part, namespace) in parts.into_iter().filter(|_| !known) {
            let path = manifests.join(part);
            let path = path.to_str().context("a path in UTF-8")?;
            cluster.kubectl(&["-n", namespace, "apply", "--server-side", "-k", path])?;
        }
        let served = ["applications", "appprojects", "applicationsets"]
            .map(|kind| format!("crd/{kind}.argoproj.io"));
        cluster.established(&served.each_ref().map(String::as_str))?;
        let dir = tempfile::tempdir()?;
        for sub in ["tls", "ssh", "gpg/keys", "gpg/source", "cmp", "tmp"] {
            fs::create_dir_all(dir.path().join(sub))?;
        }
        fs::write(dir.path().join("ssh/ssh_known_hosts"), "")?;
        let kubeconfig = dir.path().join("kubeconfig");
        let mut config: Value = serde_json::from_slice(&fs::read(cluster.kubeconfig())?)?;
        config["contexts"][0]["context"]["namespace"] = NAMESPACE.into();
        fs::write(&kubeconfig, config.to_string())?;

        let given = Given::read(cluster, &manifests, dir.path())?;
        let mut argocd = Self {
            processes: Vec::new(),
            server: free_port()?,
            metrics: [free_port()?, free_port()?],
            dir,
        };
        argocd.run(&kubeconfig, options, &given)?;
        let address = format!("127.0.0.1:{}", argocd.server);
        let processes = &mut argocd.processes;
        wait_for("Argo CD's server answers", READY, || {
            processes.iter_mut().try_for_each(Process::check)?;
            Ok(is_healthy(&address).then_some(()))
        })?;
        Ok(argocd)
    }

    fn run(&mut self, kubeconfig: &Path, options: &ArgoCdOptions, given: &Given) -> Result<()> {
        let dir = self.dir.path().to_owned();
        let [redis, repo, server_metrics] = [free_port()?, free_port()?, free_port()?];
        let [controller_metrics, repo_metrics] = self.metrics;
        let log = |name: &str| dir.join(format!("{name}.log"));
        let redis_port = redis.to_string();
        self.processes.push(Process::start(
            &peer("redis-server")?,
            ["--port", &redis_port, "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"],
            &log("redis"),
        )?);
        let path = |sub: &str| dir.join(sub).display().to_string();
        let bin = peer("argocd")?;
        let bin_dir = bin.parent().context("a program is in a directory")?.display().to_string();
        let inherited = std::env::var("PATH").unwrap_or_default();
        let mut common = vec![
            format!("PATH={}:{bin_dir}:{inherited}", path("bin")),
            format!("KUBECONFIG={}", kubeconfig.display()),
            "ARGOCD_FAKE_IN_CLUSTER=true".to_owned(),
            format!("ARGOCD_GPG_ENABLED={}", given.signatures),
            "HOSTNAME=controller-0".to_owned(),
            format!("ARGOCD_TLS_DATA_PATH={}", path("tls")),
            format!("ARGOCD_SSH_DATA_PATH={}", path("ssh")),
            format!("ARGOCD_GNUPGHOME={}", path("gpg/keys")),
            format!("ARGOCD_GPG_DATA_PATH={}", path("gpg/source")),
            format!("ARGOCD_PLUGINSOCKFILEPATH={}", path("cmp")),
            format!("TMPDIR={}", path("tmp")),
        ];
        common.extend(options.env.iter().map(|(k, v)| format!("{k}={v}")));
        let kubeconfig = kubeconfig.display().to_string();
        let mut start = |part: &str, arguments: Vec<String>| -> Result<()> {
            let mut all = given.environment.get(part).cloned().unwrap_or_default();
            all.extend_from_slice(&common);
            all.push(format!("ARGOCD_BINARY_NAME={part}"));
            all.push(bin.display().to_string());
            all.extend(arguments);
            all.extend(["--loglevel".to_owned(), "warn".to_owned()]);
            self.processes.push(Process::start(Path::new("/usr/bin/env"), all, &log(part))?);
            Ok(())
        };
        let flags = |pairs: &[(&str, String)]| -> Vec<String> {
            pairs.iter().flat_map(|(k, v)| [format!("--{k}"), v.clone()]).collect()
        };
        let local = |port: u16| format!("localhost:{port}");
        start(
            "argocd-repo-server",
            flags(&[
                ("address", "127.0.0.1".into()),
                ("port", repo.to_string()),
                ("metrics-port", repo_metrics.to_string()),
                ("redis", local(redis)),
            ]),
        )?;
        let mut controller = flags(&[
            ("kubeconfig", kubeconfig.clone()),
            ("redis", local(redis)),
            ("repo-server", local(repo)),
            ("metrics-port", controller_metrics.to_string()),
        ]);
        controller.extend(options.controller.iter().cloned());
        start("argocd-application-controller", controller)?;
        let mut server = flags(&[
            ("kubeconfig", kubeconfig),
            ("redis", local(redis)),
            ("repo-server", local(repo)),
            ("address", "127.0.0.1".into()),
            ("port", self.server.to_string()),
            ("metrics-port", server_metrics.to_string()),
        ]);
        server.extend(["--insecure".to_owned(), "--disable-auth".to_owned()]);
        start("argocd-server", server)
    }

    /// Address of the server, which takes webhooks at `/api/webhook`.
    pub fn server(&self) -> String {
        format!("127.0.0.1:{}", self.server)
    }

    /// Addresses at which controller and repository server show their metrics, at `/metrics`.
    pub fn metrics(&self) -> [String; 2] {
        self.metrics.map(|port| format!("127.0.0.1:{port}"))
    }

    /// Its command line, to be given arguments: signed in, times in UTC.
    ///
    /// # Errors
    /// When the program is missing.
    pub fn cli(&self) -> Result<Command> {
        let mut command = Command::new(peer("argocd")?);
        command
            .args(["--server", &self.server(), "--plaintext"])
            .env("ARGOCD_BINARY_NAME", "argocd")
            .env("ARGOCD_CONFIG_DIR", self.dir.path())
            .env("HOME", self.dir.path())
            .env("TZ", "UTC");
        Ok(command)
    }

    /// What all its programs have used so far, redis included.
    pub fn usage(&self) -> Usage {
        self.processes.iter().map(Process::usage).fold(Usage::default(), |a, b| a + b)
    }
}

/// What an installation gives the programs from config maps.
struct Given {
    /// Variables by program.
    environment: BTreeMap<&'static str, Vec<String>>,
    /// Whether signatures can be verified: it takes gpg.
    signatures: bool,
}

impl Given {
    fn read(cluster: &Kubernetes, manifests: &Path, dir: &Path) -> Result<Self> {
        let list = cluster.kubectl(&["-n", NAMESPACE, "get", "configmaps", "-o", "json"])?;
        let list: Value = serde_json::from_str(&list)?;
        let map = |name: &str| {
            let items = list["items"].as_array().into_iter().flatten();
            items
                .filter(|item| item["metadata"]["name"] == name)
                .find_map(|i| i["data"].as_object())
        };
        for (name, sub) in [
            ("argocd-gpg-keys-cm", "gpg/source"),
            ("argocd-tls-certs-cm", "tls"),
            ("argocd-ssh-known-hosts-cm", "ssh"),
        ] {
            for (file, text) in map(name).into_iter().flatten() {
                fs::write(dir.join(sub).join(file), text.as_str().unwrap_or_default())?;
            }
        }
        let mut environment = BTreeMap::new();
        for (part, file) in [
            ("argocd-repo-server", "repo-server/argocd-repo-server-deployment.yaml"),
            (
                "argocd-application-controller",
                "application-controller/argocd-application-controller-statefulset.yaml",
            ),
            ("argocd-server", "server/argocd-server-deployment.yaml"),
        ] {
            let path = manifests.join("base").join(file);
            let path = path.to_str().context("a path in UTF-8")?;
            let show = ["create", "--dry-run=client", "--validate=false", "-o", "json", "-f", path];
            let workload: Value = serde_json::from_str(&cluster.kubectl(&show)?)?;
            let containers = workload["spec"]["template"]["spec"]["containers"].as_array();
            let entries = containers.into_iter().flatten().filter_map(|c| c["env"].as_array());
            let variables = entries.flatten().filter_map(|entry| {
                let from = &entry["valueFrom"]["configMapKeyRef"];
                let value = map(from["name"].as_str()?)?.get(from["key"].as_str()?)?.as_str()?;
                Some(format!("{}={value}", entry["name"].as_str()?))
            });
            environment.insert(part, variables.collect());
        }
        let signatures = Command::new("gpg").arg("--version").output().is_ok();
        if signatures {
            let bin = dir.join("bin");
            fs::create_dir_all(&bin)?;
            for script in ["gpg-wrapper.sh", "git-verify-wrapper.sh"] {
                let target = bin.join(script);
                fs::write(&target, fs::read(manifests.join("../hack").join(script))?)?;
                fs::set_permissions(&target, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            }
        }
        Ok(Self { environment, signatures })
    }
}

fn is_healthy(address: &str) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(3)));
    let mut answer = [0_u8; 12];
    let request = b"GET /healthz HTTP/1.0\r\n\r\n";
    stream.write_all(request).is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b" 200")
}
