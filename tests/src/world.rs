//! The world of one story.

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::Kubeconfig;
use tempfile::TempDir;
use windlass_object::{Value, json};
use windlass_testkit::{FaultProxy, GitRepository, Process, wait_for};

use crate::{ApiClient, App, PATIENCE};

/// Where the Kubernetes API comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Windlass's own.
    Embedded,
    /// etcd, kube-apiserver, its controllers and scheduler, and kwok for kubelets.
    Kubernetes,
}

/// A Kubernetes API with Windlass on it, and Git repositories.
pub struct World {
    plane: Plane,
    id: String,
    log: &'static str,
    more: Vec<OsString>,
    control: Option<String>,
    dir: TempDir,
    kubeconfig: PathBuf,
    api: Option<ApiClient>,
    windlass: Option<Process>,
    behind: Option<Behind>,
}

/// What is between Windlass and the API in a story of faults.
struct Behind {
    proxy: FaultProxy,
    kubeconfig: PathBuf,
    /// The embedded API in a process of its own, which the story does not kill.
    _api: Option<Process>,
}

/// What a command printed and ended with.
#[derive(Clone, Debug)]
pub struct Printed {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

const APPLICATION: &str = "argoproj.io/v1alpha1/Application";

/// What `/metrics` of an address answers, head and all.
pub fn scrape(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET /metrics HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

impl World {
    /// Starts everything, tells the story, and ends everything. A plane that cannot be had here is
    /// said and skipped, unless peers are demanded: then it is a failure.
    pub fn start(
        plane: Plane,
        name: &str,
        story: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        Self::tell(plane, None, false, name, story)
    }

    /// The same with a proxy between Windlass and the API, which is then no part of its process.
    pub fn start_behind(
        plane: Plane,
        name: &str,
        story: fn(&mut Self) -> Result<()>,
    ) -> Result<()> {
        Self::tell(plane, None, true, name, story)
    }

    /// The same with the Applications in this namespace.
    pub fn start_in(
        plane: Plane,
        control: &str,
        name: &str,
        story: fn(&mut Self) -> Result<()>,
    ) -> Result<()> {
        Self::tell(plane, Some(control.to_owned()), false, name, story)
    }

    fn tell(
        plane: Plane,
        control: Option<String>,
        behind: bool,
        name: &str,
        story: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if plane == Plane::Kubernetes && !windlass_testkit::available(&["kubectl", "kube"]) {
            return Ok(());
        }
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let id = format!("{:x}-{number}", std::process::id());
        let dir = tempfile::tempdir()?;
        let kubeconfig = match plane {
            Plane::Embedded => dir.path().join("data/kubeconfig"),
            Plane::Kubernetes => windlass_testkit::kubernetes()?.kubeconfig().to_owned(),
        };
        let mut world = Self {
            plane,
            id,
            log: "info",
            more: Vec::new(),
            control,
            dir,
            kubeconfig,
            api: None,
            windlass: None,
            behind: None,
        };
        if behind {
            world.stand_behind()?;
        }
        world.start_windlass()?;
        let told = story(&mut world).with_context(|| format!("the story {name} on {plane:?}"));
        if told.is_err() {
            world.show_log();
        }
        world.clean_up();
        told
    }

    /// The binary under test: `WINDLASS_BIN`, else beside this test's own.
    pub fn binary() -> Result<PathBuf> {
        if let Some(path) = std::env::var_os("WINDLASS_BIN") {
            return Ok(path.into());
        }
        let test = std::env::current_exe()?;
        let built = test.ancestors().nth(2).map(|dir| dir.join("windlass"));
        match built {
            Some(path) if path.exists() => Ok(path),
            _ => bail!("the windlass binary is not built: cargo build -p windlass"),
        }
    }

    /// Starts `windlass up`, and waits until it serves.
    pub fn start_windlass(&mut self) -> Result<()> {
        let mut arguments = vec![format!("--namespace={}", self.control()).into()];
        let kubeconfig = match (&self.behind, self.plane) {
            (Some(behind), _) => Some(behind.kubeconfig.clone()),
            (None, Plane::Kubernetes) => Some(self.kubeconfig.clone()),
            (None, Plane::Embedded) => None,
        };
        arguments.extend(match kubeconfig {
            Some(file) => [OsString::from("--kubeconfig"), file.into()],
            None => ["--data".into(), self.dir.path().join("data").into()],
        });
        arguments.extend(self.more.iter().cloned());
        self.windlass = Some(self.up("windlass", arguments)?);
        // An API that is in Windlass's own process has another port each time.
        if self.behind.is_none() || self.api.is_none() {
            self.api = Some(ApiClient::connect(&self.kubeconfig)?);
        }
        Ok(())
    }

    /// Starts `windlass up` with these arguments, and waits until it serves. `name` is that of its
    /// log and its cache.
    pub fn up(&self, name: &str, arguments: Vec<OsString>) -> Result<Process> {
        let mut process = self.begin_up(name, arguments)?;
        wait_for("windlass is ready", PATIENCE, || {
            process.check()?;
            let text = std::fs::read_to_string(process.log()).unwrap_or_default();
            Ok(text.lines().any(|l| l.starts_with("ready after")).then_some(()))
        })?;
        Ok(process)
    }

    /// The same without waiting.
    pub fn begin_up(&self, name: &str, arguments: Vec<OsString>) -> Result<Process> {
        let cache = self.dir.path().join(format!("{name}-cache"));
        let mut all: Vec<OsString> = vec![
            format!("WINDLASS_CACHE={}", cache.display()).into(),
            format!("POD_NAME={name}").into(),
            Self::binary()?.into(),
            format!("--log={}", self.log).into(),
            "up".into(),
        ];
        all.extend(arguments);
        let log = self.dir.path().join(format!("{name}.log"));
        Process::start(Path::new("/usr/bin/env"), all, &log)
    }

    /// Starts the API by itself, where it is the embedded one, and a proxy in front of it.
    fn stand_behind(&mut self) -> Result<()> {
        let api = match self.plane {
            Plane::Kubernetes => None,
            // Nobody makes Applications in its namespace.
            Plane::Embedded => {
                let data = self.dir.path().join("data").into();
                Some(self.up("api", vec!["--namespace=idle".into(), "--data".into(), data])?)
            }
        };
        let (proxy, kubeconfig) = self.another_proxy("proxied")?;
        self.behind = Some(Behind { proxy, kubeconfig, _api: api });
        Ok(())
    }

    /// A proxy in front of the API, and the kubeconfig of that way.
    pub fn another_proxy(&self, name: &str) -> Result<(FaultProxy, PathBuf)> {
        let mut config = Kubeconfig::read_from(&self.kubeconfig)?;
        let cluster = config.clusters.first_mut().and_then(|named| named.cluster.as_mut());
        let cluster = cluster.context("the kubeconfig names a cluster")?;
        let authority = cluster.certificate_authority_data.take();
        let authority = STANDARD.decode(authority.context("the kubeconfig has an authority")?)?;
        let server = cluster.server.take().context("the kubeconfig names a server")?;
        let proxy = FaultProxy::start(&server, &authority)?;
        cluster.server = Some(proxy.url());
        let file = self.dir.path().join(format!("{name}.json"));
        std::fs::write(&file, serde_json::to_vec(&config)?)?;
        Ok((proxy, file))
    }

    /// What is between Windlass and the API.
    ///
    /// # Panics
    /// In a story that is not one of faults.
    pub fn proxy(&self) -> &FaultProxy {
        &self.behind.as_ref().expect("a story of faults").proxy
    }

    /// Starts Windlass anew so that it logs all that it can.
    pub fn log_everything(&mut self) -> Result<()> {
        self.kill_windlass();
        self.log = "trace,h2=info,hyper=info,rustls=info,tower=info";
        self.start_windlass()
    }

    /// Starts Windlass anew with more arguments, which it has from then on.
    pub fn restart_with(&mut self, more: &[&str]) -> Result<()> {
        self.kill_windlass();
        self.more = more.iter().map(Into::into).collect();
        self.start_windlass()
    }

    /// Ends Windlass as SIGKILL does.
    pub fn kill_windlass(&mut self) {
        self.windlass = None;
    }

    /// On what it runs.
    pub fn plane(&self) -> Plane {
        self.plane
    }

    /// The API.
    pub fn api(&self) -> &ApiClient {
        self.api.as_ref().expect("connected when the world was started")
    }

    /// Kubeconfig of the API.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Namespace of the Applications.
    pub fn control(&self) -> String {
        self.control.clone().unwrap_or_else(|| self.name("control"))
    }

    /// `stem` made unique to this world, so that stories share a cluster.
    pub fn name(&self, stem: &str) -> String {
        format!("{stem}-{}", self.id)
    }

    /// A new, empty repository.
    pub fn repository(&self, name: &str) -> Result<GitRepository> {
        GitRepository::create(self.dir.path(), name)
    }

    /// Creates an Application, and gives its name.
    pub fn create(&self, app: &App) -> Result<String> {
        self.api().create(app.value())?;
        Ok(app.value()["metadata"]["name"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until an Application satisfies `condition`.
    pub fn wait_app(
        &self,
        what: &str,
        name: &str,
        condition: impl FnMut(&Value) -> bool,
    ) -> Result<Value> {
        self.api().wait(what, (APPLICATION, &self.control(), name), condition)
    }

    /// Waits until an Application is Synced and Healthy at `revision`.
    pub fn wait_delivered(&self, name: &str, revision: &str) -> Result<Value> {
        self.wait_app("Synced and Healthy", name, |app| {
            let status = &app["status"];
            status["sync"]["status"] == "Synced"
                && status["sync"]["revision"] == revision
                && status["health"]["status"] == "Healthy"
                && status["operationState"]["phase"] == "Succeeded"
                && app.get("operation").is_none()
        })
    }

    /// Asks for a refresh, as `argocd app get --refresh` does.
    pub fn refresh(&self, name: &str) -> Result<()> {
        let patch = json!({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}});
        self.api().patch(APPLICATION, &self.control(), name, &patch)
    }

    /// Asks for a sync, as `argocd app sync` does.
    pub fn sync(&self, name: &str, sync: &Value) -> Result<()> {
        let patch = json!({"operation": {"initiatedBy": {"username": "story"}, "sync": sync}});
        self.api().patch(APPLICATION, &self.control(), name, &patch)
    }

    /// Runs the windlass command on this API.
    pub fn windlass(&self, arguments: &[&str]) -> Result<Printed> {
        self.windlass_with(arguments, &[])
    }

    /// As [`World::windlass`], with these variables in its environment.
    ///
    /// # Errors
    /// When the binary cannot be run.
    pub fn windlass_with(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Printed> {
        self.windlass_reading(arguments, environment, None)
    }

    /// As [`World::windlass_with`], with this file on standard input.
    ///
    /// # Errors
    /// When the binary cannot be run, or there is no such file.
    pub fn windlass_reading(
        &self,
        arguments: &[&str],
        environment: &[(&str, &str)],
        input: Option<&Path>,
    ) -> Result<Printed> {
        let mut command = Command::new(Self::binary()?);
        if let Some(file) = input {
            command.stdin(std::fs::File::open(file)?);
        }
        let out = command
            .args(arguments)
            .envs(environment.iter().copied())
            .env("KUBECONFIG", &self.kubeconfig)
            .env("ARGOCD_NAMESPACE", self.control())
            .env("XDG_CACHE_HOME", self.dir.path().join("cli-cache"))
            .env("TZ", "UTC")
            .output()?;
        Ok(Printed {
            code: out.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&out.stdout).into_owned(),
            err: String::from_utf8_lossy(&out.stderr).into_owned(),
        })
    }

    /// What Windlass wrote on its outputs since it started.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.dir.path().join("windlass.log"))?)
    }

    /// What Windlass shows to Prometheus.
    pub fn metrics(&self) -> Result<String> {
        let log = self.log()?;
        let address = log.lines().find_map(|line| line.strip_prefix("webhooks at http://"));
        let address = address.and_then(|rest| rest.split('/').next());
        let address = address.context("where metrics are served")?;
        scrape(address)
    }

    /// The sum of the samples of a metric whose labels hold all of these texts.
    pub fn metric(&self, name: &str, labels: &[&str]) -> Result<f64> {
        let text = self.metrics()?;
        let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.split_once(' '));
        let ours = lines.filter(|(found, _)| {
            (found.is_empty() || found.starts_with('{'))
                && labels.iter().all(|label| found.contains(label))
        });
        Ok(ours.filter_map(|(_, value)| value.parse::<f64>().ok()).sum())
    }

    /// The directory of all files of this world.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    #[allow(clippy::print_stdout)] // A test's own output.
    fn show_log(&self) {
        let log = std::fs::read_to_string(self.dir.path().join("windlass.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let from = lines.len().saturating_sub(60);
        println!("--- windlass, its last lines ---\n{}", lines[from..].join("\n"));
    }

    /// On a shared cluster nothing may stay behind that a later Windlass would act on.
    fn clean_up(&mut self) {
        self.kill_windlass();
        if self.plane == Plane::Embedded {
            return;
        }
        let control = self.control();
        let api = self.api();
        for app in api.list(APPLICATION, &control).unwrap_or_default() {
            let name = app["metadata"]["name"].as_str().unwrap_or_default();
            let _ =
                api.patch(APPLICATION, &control, name, &json!({"metadata": {"finalizers": null}}));
            let _ = api.delete(APPLICATION, &control, name);
        }
        for namespace in api.list("v1/Namespace", "").unwrap_or_default() {
            let name = namespace["metadata"]["name"].as_str().unwrap_or_default();
            if name.ends_with(&format!("-{}", self.id)) {
                let _ = api.delete("v1/Namespace", "", name);
            }
        }
    }
}
