//! The embedded API against kube-apiserver with etcd: both durable, both over TLS.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _};
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use kube::{Api, Client, Config};
use serde_json::json;
use windlass_testkit::{Kubernetes, Parts, Process, Usage, free_port, wait_for};

use crate::windlass::binary;

/// How much is written.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Objects, each created and then applied once.
    #[arg(long, default_value_t = 2000)]
    objects: usize,
    /// Requests under way at once.
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

/// How long a server is left alone before its memory is read.
const IDLE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Figures {
    ready: Duration,
    idle: Usage,
    /// Processor time that the idle time took, in seconds.
    idle_cpu: f64,
    creates: f64,
    applies: f64,
    after: Usage,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    println!("{} objects, {} requests at once", arguments.objects, arguments.connections);
    let real = {
        let start = Instant::now();
        let cluster = Kubernetes::start_durable(Parts::Api)?;
        let ready = start.elapsed();
        measure(&runtime, arguments, cluster.kubeconfig(), ready, &|| cluster.usage())?
    };
    let ours = {
        let dir = tempfile::tempdir()?;
        let start = Instant::now();
        let process = embedded(dir.path())?;
        let ready = start.elapsed();
        let kubeconfig = dir.path().join("data/kubeconfig");
        measure(&runtime, arguments, &kubeconfig, ready, &|| process.usage())?
    };
    print(&real, &ours);
    Ok(())
}

fn embedded(dir: &Path) -> Result<Process> {
    let log = dir.join("log");
    let arguments: Vec<OsString> = vec![
        "up".into(),
        "--data".into(),
        dir.join("data").into(),
        format!("--listen=127.0.0.1:{}", free_port()?).into(),
        format!("--http-listen=127.0.0.1:{}", free_port()?).into(),
    ];
    let mut process = Process::start(&binary()?, arguments, &log)?;
    wait_for("windlass is ready", Duration::from_secs(60), || {
        process.check()?;
        Ok(std::fs::read_to_string(&log)?.contains("ready after").then_some(()))
    })?;
    Ok(process)
}

fn measure(
    runtime: &tokio::runtime::Runtime,
    arguments: &Arguments,
    kubeconfig: &Path,
    ready: Duration,
    usage: &dyn Fn() -> Usage,
) -> Result<Figures> {
    let before = usage();
    std::thread::sleep(IDLE);
    let idle = usage();
    let (creates, applies) = runtime.block_on(writes(arguments, kubeconfig))?;
    Ok(Figures {
        ready,
        idle,
        idle_cpu: idle.cpu_seconds - before.cpu_seconds,
        creates,
        applies,
        after: usage(),
    })
}

/// Creates and server-side applies a second.
async fn writes(arguments: &Arguments, kubeconfig: &Path) -> Result<(f64, f64)> {
    let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await;
    let client = Client::try_from(config.context("read the kubeconfig")?)?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let api: Api<DynamicObject> = Api::namespaced_with(client, "default", &resource);
    let object = |number: usize, value: &str| -> Result<DynamicObject> {
        Ok(serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("c-{number}")},
            "data": {"key": value, "text": "x".repeat(1000)},
        }))?)
    };
    let start = Instant::now();
    futures::stream::iter(0..arguments.objects)
        .map(|number| {
            let api = &api;
            let object = object(number, "created");
            async move { anyhow::Ok(api.create(&PostParams::default(), &object?).await?) }
        })
        .buffer_unordered(arguments.connections)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    let created = start.elapsed();
    let start = Instant::now();
    futures::stream::iter(0..arguments.objects)
        .map(|number| {
            let api = &api;
            let object = object(number, "applied");
            async move {
                let params = PatchParams::apply("bench").force();
                let name = format!("c-{number}");
                anyhow::Ok(api.patch(&name, &params, &Patch::Apply(&object?)).await?)
            }
        })
        .buffer_unordered(arguments.connections)
        .try_for_each(|_| async { Ok(()) })
        .await?;
    let applied = start.elapsed();
    #[allow(clippy::cast_precision_loss)] // Far below 2^52 objects.
    let count = arguments.objects as f64;
    Ok((count / created.as_secs_f64(), count / applied.as_secs_f64()))
}

fn print(real: &Figures, ours: &Figures) {
    #[allow(clippy::cast_precision_loss)] // Bytes of memory fit.
    let megabytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!("{:34} {:>14} {:>14} {:>8}", "", "kube-apiserver", "windlass up", "ratio");
    for (what, real, ours) in [
        ("time to ready, s", real.ready.as_secs_f64(), ours.ready.as_secs_f64()),
        (
            "idle memory, MiB",
            megabytes(real.idle.resident_bytes),
            megabytes(ours.idle.resident_bytes),
        ),
        ("CPU of 10 s idle, s", real.idle_cpu, ours.idle_cpu),
        ("creates a second", real.creates, ours.creates),
        ("server-side applies a second", real.applies, ours.applies),
        (
            "memory after, MiB",
            megabytes(real.after.resident_bytes),
            megabytes(ours.after.resident_bytes),
        ),
    ] {
        println!("{what:34} {real:>14.2} {ours:>14.2} {:>8.2}", real / ours);
    }
    println!("ratio: kube-apiserver with etcd to windlass, which plays the controllers as well");
}
