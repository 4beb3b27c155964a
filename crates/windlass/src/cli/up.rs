//! `windlass up`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::up;

/// Deliver: start the controllers, and a control plane for them unless a kubeconfig is given.
///
/// Without `--kubeconfig` everything runs in this process: an embedded Kubernetes API, simulated
/// workloads, and the controllers. With it the same controllers work on that cluster.
///
/// Examples:
///   windlass up --demo                       a sample repository, delivered before your eyes
///   windlass up --data ./windlass            the same without the sample, kept in ./windlass
///   windlass up --kubeconfig ~/.kube/config  on a real cluster
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Make a small sample Git repository and an Application for it, and show its delivery.
    #[arg(long, conflicts_with = "kubeconfig")]
    demo: bool,
    /// Directory to keep everything in [default: windlass-data; with --demo a temporary one].
    #[arg(long, value_name = "DIR", conflicts_with = "kubeconfig")]
    data: Option<PathBuf>,
    /// Address of the embedded Kubernetes API; port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", conflicts_with = "kubeconfig")]
    listen: SocketAddr,
    /// Address for webhooks, metrics and probes.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    http_listen: SocketAddr,
    /// Labels of Applications that the metric argocd_app_labels shows.
    #[arg(long, value_delimiter = ',', value_name = "LABEL")]
    metrics_application_labels: Vec<String>,
    /// Labels of clusters' secrets that the metric argocd_cluster_labels shows.
    #[arg(long, value_delimiter = ',', value_name = "LABEL")]
    metrics_cluster_labels: Vec<String>,
    /// Types of conditions that the metric argocd_app_condition counts.
    #[arg(long, value_delimiter = ',', value_name = "TYPE")]
    metrics_application_conditions: Vec<String>,
    /// Let everything that metrics have counted begin anew after so long, such as 24h.
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration,
        env = "ARGOCD_APPLICATION_CONTROLLER_METRICS_CACHE_EXPIRATION"
    )]
    metrics_cache_expiration: Option<Duration>,
    /// Work on the cluster of this kubeconfig; `in-cluster` takes the pod's own account.
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig.
    #[arg(long, value_name = "NAME", requires = "kubeconfig")]
    context: Option<String>,
    /// Namespace of the Applications and of Argo CD's settings.
    #[arg(long, short = 'n', value_name = "NAMESPACE", default_value = "argocd")]
    namespace: String,
    /// Act although an Argo CD controller runs in the namespace: scale that one down yourself.
    #[arg(long, requires = "kubeconfig")]
    takeover: bool,
    /// Several replicas: act only while holding a Lease.
    #[arg(long, requires = "kubeconfig")]
    leader_elect: bool,
    /// End with 0 as soon as every Application is Synced and Healthy.
    #[arg(long)]
    exit_when_healthy: bool,
    /// With `--exit-when-healthy`: give up after so many seconds, and end with 1.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, requires = "exit_when_healthy")]
    timeout: u64,
}

fn duration(text: &str) -> Result<Duration, String> {
    windlass_engine::policy::parse_duration(text)
        .map_err(|_| format!("{text:?} is no duration: say for example 24h"))
}

/// Runs the command.
pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let plane = match args.kubeconfig {
        Some(file) => up::Plane::Cluster(up::ClusterOptions {
            kubeconfig: file,
            context: args.context,
            takeover: args.takeover,
            leader_elect: args.leader_elect,
        }),
        None => up::Plane::Embedded(up::EmbeddedOptions {
            data: args.data.or_else(|| (!args.demo).then(|| PathBuf::from("windlass-data"))),
            listen: args.listen,
            demo: args.demo,
        }),
    };
    let options = up::Options {
        namespace: args.namespace,
        http_listen: args.http_listen,
        metrics: windlass_argo::MetricsOptions {
            application_labels: args.metrics_application_labels,
            application_conditions: args.metrics_application_conditions,
            cluster_labels: args.metrics_cluster_labels,
            cache_expiration: args.metrics_cache_expiration.filter(|after| !after.is_zero()),
            ..windlass_argo::MetricsOptions::default()
        },
        exit_when_healthy: args.exit_when_healthy.then(|| Duration::from_secs(args.timeout)),
    };
    up::run(plane, &options)
}
