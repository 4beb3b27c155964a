//! `windlass helm template`.

mod files;
mod flags;

use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use windlass_helm::{
    Capabilities, Chart, Environment, Error, KubeVersion, Level, Notice, Options, PostRender,
    Print, Release, render,
};

use self::flags::{DryRun, Switches};
use super::cluster::Server;
use super::plugin::Plugin;
use super::{Global, dependency, locate, remote, values};

/// Locally render templates.
///
/// What would be looked up in a cluster is not there: lookup finds nothing, and .Capabilities are
/// Helm's own unless --kube-version and --api-versions say otherwise.
///
/// Examples:
///   helm template charts/shop
///   helm template shop charts/shop --namespace shop --values production.yaml --set image.tag=1.2.3
///   helm template shop oci://registry.example.com/charts/shop --version 1.2.3 --include-crds
///   helm template charts/shop --show-only templates/deployment.yaml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// [NAME] CHART: the release's name, and a directory or an archive.
    #[arg(value_name = "[NAME] CHART")]
    arguments: Vec<String>,
    #[command(flatten)]
    values: values::Args,
    #[command(flatten)]
    switches: Switches,
    #[command(flatten)]
    remote: remote::Flags,
    /// Make the release's name from the chart's; without a name here it is release-name anyway.
    #[arg(short, long)]
    generate_name: bool,
    /// Template of the release's name.
    #[arg(long, default_value = "", hide_default_value = true)]
    name_template: String,
    /// Kubernetes' version.
    #[arg(long, value_name = "VERSION", default_value = "", hide_default_value = true)]
    kube_version: String,
    /// API versions that .Capabilities has beside Helm's own.
    #[arg(short, long, value_delimiter = ',', value_name = "VERSION")]
    api_versions: Vec<String>,
    /// Print only what these templates make: paths in the chart, with globs.
    #[arg(short, long, value_name = "PATH")]
    show_only: Vec<String>,
    /// Write files there instead of printing.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// client or server: who answers lookup, and whose .Capabilities there are.
    #[arg(long, num_args = 0..=1, require_equals = true, default_value = "client",
        default_missing_value = "unset")]
    dry_run: String,
    /// Name of the plugin that changes what is rendered.
    #[arg(long, default_value = "", hide_default_value = true)]
    post_renderer: String,
    /// What the plugin is called with.
    #[arg(long)]
    post_renderer_args: Vec<String>,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long, default_value = "5m0s", value_parser = flags::duration)]
    timeout: String,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(short, long, value_parser = flags::labels)]
    labels: Vec<String>,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "watcher",
        value_parser = flags::wait)]
    wait: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, global: &Global) -> anyhow::Result<()> {
    args.switches.deprecated().try_for_each(|text| super::tell(&text))?;
    let mut capabilities = Capabilities::default();
    if !args.kube_version.is_empty() {
        capabilities.kube_version = KubeVersion::parse(&args.kube_version)?;
    }
    capabilities.api_versions.extend(args.api_versions.iter().cloned());
    let post_render: Option<Arc<dyn PostRender>> = match args.post_renderer.as_str() {
        "" => None,
        name => Some(Arc::new(Plugin::find(name, &args.post_renderer_args)?)),
    };
    let server = args.switches.server(&args.dry_run)? == DryRun::Server;
    super::debug(global, "Original chart version", &[("version", &args.remote.version)]);
    let (name, place) = name_and_chart(args)?;
    let local = Path::new(&place).exists().then(|| std::path::absolute(&place).ok()).flatten();
    if let Some(path) = local {
        super::debug(global, "Chart path", &[("path", &path.display().to_string())]);
    }
    let chart = locate::chart(&place, &args.remote, locate::Versions::Known)?;
    let values = args.values.values()?;
    // The process ends behind this: to give a chart's memory back takes time and helps nobody.
    let chart = ManuallyDrop::new(whole(chart, &place, args)?);
    let release =
        Release { is_upgrade: args.switches.is_upgrade, ..Release::new(name, global.namespace()) };
    let mut options = Options::new(environment()?);
    options.post_render = post_render;
    if server {
        let cluster = Server::connect(global)?;
        if has_crds(&chart) && !args.switches.skip_crds {
            super::warn(
                "This chart or one of its subcharts contains CRDs. Rendering may fail or contain \
                 inaccuracies.",
            );
        }
        capabilities = cluster.capabilities()?;
        options.lookup = Some(Arc::new(cluster));
    }
    options.skip_schema_validation = args.switches.skip_schema_validation;
    let rendered = loop {
        let rendered = render(&chart, &values, &release, &capabilities, &options);
        if !super::schemas::fetch(&mut options.schemas) {
            break rendered;
        }
        // What was told is told again.
        drop(options.log.take());
    };
    super::log(&options.log);
    let rendered = match rendered {
        Ok(rendered) => ManuallyDrop::new(rendered),
        Err(error) => return Err(told(error, global, &chart)?),
    };
    dependencies(global, &chart);
    let print = Print {
        include_crds: args.switches.include_crds,
        no_hooks: args.switches.no_hooks,
        skip_tests: args.switches.skip_tests,
        show_only: args.show_only.clone(),
    };
    let Some(dir) = &args.output_dir else { return super::print(&rendered.print(&print)?) };
    let named = dir.join(&release.name);
    let below = if args.switches.release_name { &named } else { dir };
    files::write(&rendered, &print, dir, below)?;
    match args.show_only.first() {
        // As Helm, which looks for them in what it would print.
        Some(path) => Err(Error::ShowOnly { path: path.clone() }.into()),
        None => super::print("\n"),
    }
}

/// The chart with what is missing in its `charts/`, where that is asked for.
fn whole(chart: Chart, place: &str, args: &Args) -> anyhow::Result<Chart> {
    if !args.switches.dependency_update || chart.missing_dependencies().is_empty() {
        return Ok(chart);
    }
    let access = &args.remote.access;
    dependency::update(Path::new(place), access, &Default::default(), &mut super::print)?;
    locate::chart(place, &args.remote, locate::Versions::Known)
}

fn has_crds(chart: &Chart) -> bool {
    chart.crds().next().is_some() || chart.dependencies.iter().any(has_crds)
}

/// Tells the number of dependencies, as Helm does before it renders.
fn dependencies(global: &Global, chart: &Chart) {
    let count = chart.dependencies.len().to_string();
    let fields = [("chart", chart.name()), ("dependencies", &*count)];
    super::debug(global, "number of dependencies in the chart", &fields);
    chart.dependencies.iter().for_each(|chart| dependencies(global, chart));
}

/// An error of rendering with what Helm adds to it.
fn told(error: Error, global: &Global, chart: &Chart) -> anyhow::Result<anyhow::Error> {
    let debug = global.debug();
    let rendering = matches!(
        error,
        Error::Template { .. }
            | Error::KubeVersion { .. }
            | Error::Manifest { .. }
            | Error::PostRender { .. }
    );
    if rendering {
        dependencies(global, chart);
    }
    if debug && rendering {
        let output = if let Error::Manifest { output, .. } = &error { output.trim() } else { "" };
        super::print(&format!("{output}\n"))?;
    }
    if let Error::ReleaseName { name, reason } = &error {
        let why = format!("release name {name:?}: {reason}");
        super::notice(&Notice::new(Level::Error, "release name check failed").with("error", why));
    }
    if let Error::TypeMismatch { stage, .. } = &error {
        let message = "chart dependencies processing failed";
        if !stage.is_empty() {
            let why = error.to_string();
            let why = why.strip_prefix(stage).unwrap_or(&why);
            super::notice(&Notice::new(Level::Error, message).with("error", why));
        }
    }
    if !rendering || debug {
        return Ok(error.into());
    }
    let text = format!("{error}\n\nUse --debug flag to render out invalid YAML");
    Ok(anyhow::Error::new(Told { text, error }))
}

/// An error whose text is longer than its own.
#[derive(Debug)]
struct Told {
    text: String,
    error: Error,
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Told {}

impl Told {
    fn advice(&self) -> Vec<String> {
        [self.error.advice(), self.error.excerpt().to_vec()].concat()
    }
}

/// What we know of an error beyond its text.
pub(super) fn advice(error: &anyhow::Error) -> Vec<String> {
    error.downcast_ref::<Told>().map(Told::advice).unwrap_or_default()
}

fn name_and_chart(args: &Args) -> anyhow::Result<(String, String)> {
    match args.arguments.as_slice() {
        [] => bail!(
            "\"helm template\" requires at least 1 argument\n\nUsage:  helm template [NAME] [CHART] [flags]"
        ),
        [chart] if args.name_template.is_empty() => Ok(("release-name".into(), chart.clone())),
        [chart] => {
            let name = windlass_helm::templated_name(&args.name_template, &environment()?)?;
            Ok((name, chart.clone()))
        }
        [_, _] if args.generate_name => {
            bail!("cannot set --generate-name and also specify a name")
        }
        [_, _] if !args.name_template.is_empty() => {
            bail!("cannot set --name-template and also specify a name")
        }
        [name, chart] => Ok((name.clone(), chart.clone())),
        [_, _, more @ ..] => {
            bail!("expected at most two arguments, unexpected arguments: {}", more.join(", "))
        }
    }
}

/// The clock and a seed, which this process takes from the system once.
pub(super) fn environment() -> anyhow::Result<Environment> {
    Ok(Environment::new(jiff::Timestamp::now().as_nanosecond(), crate::cli::random()?))
}
