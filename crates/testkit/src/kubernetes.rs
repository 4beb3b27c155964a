//! A real Kubernetes: etcd and kube-apiserver, with or without what brings it to life.
//!
//! One shell script starts everything in one process group. It ends the group when its owner is
//! gone: for a cluster of one test that is the pipe of [`Process`], for the shared one see
//! [`crate::kubernetes`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::build::stages_file;
use crate::certificates::Authority;
use crate::port::free_port;
use crate::process::{Process, tail};
use crate::programs::{peer, peers_dir};
use crate::usage::Usage;
use crate::wait::wait_for;

/// How long a cluster may take to start, on a busy machine.
const READY: Duration = Duration::from_secs(180);
/// The administrator's token; the servers listen on loopback and live as long as the tests.
const TOKEN: &str = "windlass-test-admin";

/// How much of a Kubernetes runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// etcd and kube-apiserver.
    Api,
    /// Controllers, scheduler and a node played by kwok beside them.
    Full,
}

/// Whether etcd waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    Forgetful,
    Durable,
}

/// A running Kubernetes. Dropping one that [`Kubernetes::start`] gave ends it.
#[derive(Debug)]
pub struct Kubernetes {
    dir: PathBuf,
    kubeconfig: PathBuf,
    owned: Option<(Process, TempDir)>,
}

impl Kubernetes {
    /// Starts a cluster for one test alone. Most tests want [`crate::kubernetes`].
    ///
    /// # Errors
    /// When a program is missing or a server does not become ready.
    pub fn start(parts: Parts) -> Result<Self> {
        Self::start_in(parts, Disk::Forgetful)
    }

    /// The same with an etcd that waits for the disk, as a cluster that lasts has it.
    ///
    /// # Errors
    /// As [`Kubernetes::start`].
    pub fn start_durable(parts: Parts) -> Result<Self> {
        Self::start_in(parts, Disk::Durable)
    }

    fn start_in(parts: Parts, disk: Disk) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let script = prepare(dir.path(), parts, disk)?;
        let mut process = Process::start(
            Path::new("sh"),
            ["-c", &format!("{script}\nwait"), "kubernetes"],
            &dir.path().join("start.log"),
        )?;
        let mut cluster = Self::at(dir.path());
        wait_for("the cluster is ready", READY, || {
            process.check()?;
            Ok(cluster.is_ready().then_some(()))
        })
        .with_context(|| cluster.logs())?;
        cluster.owned = Some((process, dir));
        Ok(cluster)
    }

    /// The cluster whose files are in `dir`.
    pub(crate) fn at(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), kubeconfig: dir.join("kubeconfig"), owned: None }
    }

    /// True once the start script got to its end.
    pub(crate) fn is_ready(&self) -> bool {
        self.dir.join("ready").exists()
    }

    /// What its servers have used so far; nothing for the shared cluster.
    pub fn usage(&self) -> Usage {
        self.owned.as_ref().map_or_else(Usage::default, |(process, _)| process.usage())
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The server's address, `https://127.0.0.1:PORT`.
    ///
    /// # Errors
    /// When the kubeconfig cannot be read.
    pub fn server(&self) -> Result<String> {
        let config: Value = serde_json::from_slice(&fs::read(&self.kubeconfig)?)?;
        let server = &config["clusters"][0]["cluster"]["server"];
        Ok(server.as_str().context("the kubeconfig names no server")?.to_owned())
    }

    /// Certificate and key of another administrator, both PEM. Only a cluster of
    /// [`Parts::Api`] takes them.
    ///
    /// # Errors
    /// When the files are gone.
    pub fn client_certificate(&self) -> Result<(String, String)> {
        let read = |name: &str| fs::read_to_string(self.dir.join(name));
        Ok((read("client.crt")?, read("client.key")?))
    }

    /// Runs kubectl as administrator and returns its standard output.
    ///
    /// # Errors
    /// When kubectl is missing or ends with another status than 0.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        crate::process::run(self.kubectl_command()?.args(arguments))
    }

    /// Waits until definitions are established, each `crd/NAME`.
    ///
    /// # Errors
    /// When they are not in time.
    pub fn established(&self, definitions: &[&str]) -> Result<()> {
        let wait = ["wait", "--for=condition=Established", "--timeout=60s"];
        // kubectl fails at once on a definition that has no conditions yet.
        wait_for("definitions are established", READY, || {
            self.kubectl(&[&wait, definitions].concat()).map(|_| Some(()))
        })
    }

    /// kubectl with the kubeconfig set, to add arguments and input to.
    ///
    /// # Errors
    /// When kubectl is missing.
    pub fn kubectl_command(&self) -> Result<Command> {
        let mut command = Command::new(peer("kubectl")?);
        command.arg("--kubeconfig").arg(&self.kubeconfig).stdin(Stdio::null());
        Ok(command)
    }

    /// Makes a namespace with a name of its own that begins with `prefix`.
    ///
    /// # Errors
    /// When the API refuses it.
    pub fn namespace(&self, prefix: &str) -> Result<Namespace<'_>> {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{prefix}-{}", &unique[..8]);
        self.kubectl(&["create", "namespace", &name])?;
        Ok(Namespace { cluster: self, name })
    }

    /// Writes what a container has logged, in place of what it had: of a pod logged-0, logged-1 or
    /// logged-2 in whatever namespace, and its container main or side. `previous` is the log of its
    /// run before. Lines are a time in RFC 3339 and a text.
    ///
    /// # Errors
    /// When there is no such log.
    pub fn write_log(
        &self,
        pod: &str,
        container: &str,
        previous: bool,
        lines: &[(&str, &str)],
    ) -> Result<()> {
        let path = log_file(&self.dir, pod, container, previous);
        // It is looked at while it is written: it is never another file.
        fs::OpenOptions::new().write(true).truncate(true).open(&path)?;
        append(&path, lines)
    }

    /// Writes more of what a container has logged in its present run.
    ///
    /// # Errors
    /// When there is no such log.
    pub fn log_more(&self, pod: &str, container: &str, lines: &[(&str, &str)]) -> Result<()> {
        append(&log_file(&self.dir, pod, container, false), lines)
    }

    /// The ends of all logs, for error messages.
    pub(crate) fn logs(&self) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                text.push_str(&format!("== {}\n{}\n", path.display(), tail(&path)));
            }
        }
        text
    }
}

/// A namespace of one test; dropping it has it deleted, without waiting for that.
#[derive(Debug)]
pub struct Namespace<'a> {
    cluster: &'a Kubernetes,
    name: String,
}

impl Namespace<'_> {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        let _ = self.cluster.kubectl(&["delete", "namespace", &self.name, "--wait=false"]);
    }
}

/// Names of the pods that have logs.
const LOGGED: [&str; 3] = ["logged-0", "logged-1", "logged-2"];
/// Names of their containers that have.
const LOGGING: [&str; 2] = ["main", "side"];

fn log_file(dir: &Path, pod: &str, container: &str, previous: bool) -> PathBuf {
    let run = if previous { "previous" } else { "current" };
    dir.join("logs").join(format!("{pod}-{container}-{run}"))
}

fn append(path: &Path, lines: &[(&str, &str)]) -> Result<()> {
    use std::io::Write as _;
    let file = fs::OpenOptions::new().append(true).open(path);
    let mut file = file.with_context(|| format!("open {}", path.display()))?;
    // As a container runtime writes it: F ends a line.
    let text: String =
        lines.iter().map(|(time, text)| format!("{time} stdout F {text}\n")).collect();
    Ok(file.write_all(text.as_bytes())?)
}

/// Empty logs, and where kwok finds them.
fn prepare_logs(dir: &Path) -> Result<String> {
    fs::create_dir_all(dir.join("logs"))?;
    let mut config = String::new();
    for pod in LOGGED {
        let mut logs = Vec::new();
        for container in LOGGING {
            let [current, previous] =
                [false, true].map(|previous| log_file(dir, pod, container, previous));
            fs::write(&current, "")?;
            fs::write(&previous, "")?;
            logs.push(json!({
                "containers": [container], "logsFile": current, "previousLogsFile": previous,
            }));
        }
        let rule = json!({
            "apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterLogs",
            "metadata": {"name": pod},
            "spec": {"selector": {"matchNames": [pod]}, "logs": logs},
        });
        config.push_str(&format!("---\n{rule}\n"));
    }
    Ok(config)
}

/// Writes what the servers need into `dir` and returns the script that starts them.
pub(crate) fn prepare(dir: &Path, parts: Parts, disk: Disk) -> Result<String> {
    let authority = Authority::new()?;
    let server =
        authority.sign(&["127.0.0.1", "localhost", "kubernetes", "kubernetes.default.svc"])?;
    let user = authority.sign_user("certified", "system:masters")?;
    let account = rcgen::KeyPair::generate()?;
    let port = free_port()?;
    let ca = base64::engine::general_purpose::STANDARD.encode(authority.pem());
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {
            "server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": ca}}],
        "users": [{"name": "admin", "user": {"token": TOKEN}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
    });
    let node = json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": "node-0", "annotations": {"kwok.x-k8s.io/node": "fake"}, "labels": {
            "kubernetes.io/hostname": "node-0", "kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64"}},
        "status": {
            "allocatable": {"cpu": "1000", "memory": "1000Gi", "pods": "100000"},
            "capacity": {"cpu": "1000", "memory": "1000Gi", "pods": "100000"}},
    });
    for (name, content) in [
        ("ca.crt", authority.pem()),
        ("server.crt", server.certificate.pem()),
        ("server.key", server.key.serialize_pem()),
        ("client.crt", user.certificate.pem()),
        ("client.key", user.key.serialize_pem()),
        ("account.key", account.serialize_pem()),
        ("account.pub", account.public_key_pem()),
        ("tokens.csv", format!("{TOKEN},admin,admin,\"system:masters\"\n")),
        ("kubeconfig", kubeconfig.to_string()),
        ("node.json", node.to_string()),
        ("logs.yaml", prepare_logs(dir)?),
    ] {
        fs::write(dir.join(name), content)?;
    }
    let mut script = format!(
        "cd {dir}\nrm -rf ready etcd\n{etcd} --data-dir etcd {fsync} --log-level error \
         --listen-client-urls http://127.0.0.1:{client} --listen-peer-urls http://127.0.0.1:{peer} \
         --advertise-client-urls http://127.0.0.1:{client} \
         --initial-advertise-peer-urls http://127.0.0.1:{peer} \
         --initial-cluster default=http://127.0.0.1:{peer} >etcd.log 2>&1 &\n\
         {apiserver} --etcd-servers=http://127.0.0.1:{client} --bind-address=127.0.0.1 \
         --secure-port={port} --tls-cert-file=server.crt --tls-private-key-file=server.key \
         {clients} --token-auth-file=tokens.csv --authorization-mode=RBAC --allow-privileged=true \
         --service-account-issuer=https://kubernetes.default.svc \
         --service-account-signing-key-file=account.key --service-account-key-file=account.pub \
         --service-cluster-ip-range=10.96.0.0/16 --disable-admission-plugins=ServiceAccount \
         --kubelet-preferred-address-types=InternalIP --cert-dir=certs >kube-apiserver.log 2>&1 &\n\
         server=$!\n\
         until {kubectl} --kubeconfig kubeconfig get --raw /readyz >/dev/null 2>&1; do\n\
         kill -0 $server || kill -KILL 0\nsleep 0.1\ndone\n",
        dir = quoted(dir),
        fsync = if disk == Disk::Forgetful { "--unsafe-no-fsync" } else { "" },
        // Recorded answers are of a whole cluster that knows nobody by a certificate.
        clients = if parts == Parts::Api { "--client-ca-file=ca.crt" } else { "" },
        etcd = program("etcd")?,
        apiserver = program("kube-apiserver")?,
        kubectl = program("kubectl")?,
        client = free_port()?,
        peer = free_port()?,
    );
    if parts == Parts::Full {
        script.push_str(&format!(
            "{manager} --kubeconfig=kubeconfig --service-account-private-key-file=account.key \
             --root-ca-file=ca.crt --use-service-account-credentials=false --leader-elect=false \
             '--controllers=*' --node-monitor-grace-period=24h --kube-api-qps=500 \
             --kube-api-burst=1000 --concurrent-deployment-syncs=20 \
             --concurrent-replicaset-syncs=20 --secure-port=0 >kube-controller-manager.log 2>&1 &\n\
             {scheduler} --kubeconfig=kubeconfig --leader-elect=false --kube-api-qps=500 \
             --kube-api-burst=1000 --secure-port=0 >kube-scheduler.log 2>&1 &\n\
             {kwok} --kubeconfig=kubeconfig --config={stages} --config=logs.yaml \
             --manage-all-nodes=true --cidr=10.0.0.1/16 --node-ip=127.0.0.1 --node-port={kubelet} \
             --server-address=127.0.0.1:{kubelet} --tls-cert-file=server.crt \
             --tls-private-key-file=server.key >kwok.log 2>&1 &\n\
             {kubectl} --kubeconfig kubeconfig apply --server-side -f node.json >node.log 2>&1\n\
             {kubectl} --kubeconfig kubeconfig wait --for=condition=Ready node/node-0 --timeout=150s \
             >>node.log 2>&1 || kill -KILL 0\n",
            manager = program("kube-controller-manager")?,
            scheduler = program("kube-scheduler")?,
            kwok = program("kwok")?,
            stages = quoted(&stages_file(&peers_dir())),
            kubelet = free_port()?,
            kubectl = program("kubectl")?,
        ));
    }
    script.push_str("touch ready\n");
    Ok(script)
}

fn program(name: &str) -> Result<String> {
    Ok(quoted(&peer(name)?))
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
