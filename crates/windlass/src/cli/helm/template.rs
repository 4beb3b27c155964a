//! `windlass helm template`.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use windlass_helm::{
    Capabilities, Environment, Error, KubeVersion, Options, Print, Release, Rendered, render,
};

use super::{Global, locate, remote, values};

/// A flag that may be given a value, as Go's are.
macro_rules! switches {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Flags that are on or off.
        #[derive(Debug, clap::Args)]
        struct Switches {
            $(
                $(#[$doc])*
                #[arg(long, num_args = 0..=1, require_equals = true, default_value_t = false,
                    default_missing_value = "true", action = clap::ArgAction::Set,
                    hide_possible_values = true)]
                $name: bool,
            )*
        }
    };
}

switches! {
    /// Print the files of crds/ too.
    include_crds,
    /// Print no hooks.
    no_hooks,
    /// Print no tests.
    skip_tests,
    /// Render as an upgrade, not as an installation.
    is_upgrade,
    /// Do not check values against values.schema.json.
    skip_schema_validation,
    /// Put the release's name into the paths of --output-dir.
    release_name,
    /// Taken as Helm takes it; changes nothing here.
    create_namespace,
    /// Taken as Helm takes it; changes nothing here.
    dependency_update,
    /// Taken as Helm takes it; changes nothing here.
    disable_openapi_validation,
    /// Taken as Helm takes it; names are never looked up.
    enable_dns,
    /// Taken as Helm takes it; changes nothing here.
    force,
    /// Taken as Helm takes it; changes nothing here.
    force_conflicts,
    /// Taken as Helm takes it; changes nothing here.
    force_replace,
    /// Taken as Helm takes it; changes nothing here.
    hide_notes,
    /// Taken as Helm takes it; changes nothing here.
    render_subchart_notes,
    /// Taken as Helm takes it; changes nothing here.
    replace,
    /// Taken as Helm takes it; changes nothing here.
    atomic,
    /// Taken as Helm takes it; changes nothing here.
    rollback_on_failure,
    /// Taken as Helm takes it; changes nothing here.
    server_side,
    /// Taken as Helm takes it; changes nothing here.
    skip_crds,
    /// Taken as Helm takes it; changes nothing here.
    take_ownership,
    /// Taken as Helm takes it; changes nothing here.
    wait_for_jobs,
}

/// Locally render templates.
///
/// What would be looked up in a cluster is not there: lookup finds nothing, and .Capabilities are
/// Helm's own unless --kube-version and --api-versions say otherwise.
#[derive(Debug, clap::Args)]
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
    /// client, or none.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    dry_run: Option<String>,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long, default_value = "", hide_default_value = true)]
    timeout: String,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(short, long)]
    labels: Vec<String>,
    /// Taken as Helm takes it; changes nothing here.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "watcher")]
    wait: Option<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args, global: &Global) -> anyhow::Result<()> {
    let mut capabilities = Capabilities::default();
    if !args.kube_version.is_empty() {
        capabilities.kube_version = KubeVersion::parse(&args.kube_version)?;
    }
    capabilities.api_versions.extend(args.api_versions.iter().cloned());
    match args.dry_run.as_deref() {
        None | Some("client" | "none" | "unset" | "true" | "false" | "") => {}
        Some("server") => bail!(
            "--dry-run=server asks a cluster, which windlass helm template does not: use --dry-run=client"
        ),
        Some(other) => {
            bail!("invalid dry-run value ({other:?}). Must be \"none\", \"server\", or \"client\"")
        }
    }
    let (name, chart) = name_and_chart(args)?;
    if !Path::new(&chart).exists() && (chart.starts_with(['.', '/'])) {
        bail!("path {chart:?} not found");
    }
    let values = args.values.values()?;
    let chart = locate::chart(&chart, &args.remote)?;
    let release =
        Release { is_upgrade: args.switches.is_upgrade, ..Release::new(name, global.namespace()) };
    let mut options = Options::new(environment()?);
    options.skip_schema_validation = args.switches.skip_schema_validation;
    let rendered = match render(&chart, &values, &release, &capabilities, &options) {
        Ok(rendered) => rendered,
        Err(error) => return Err(told(error, global.debug)?),
    };
    for warning in &rendered.warnings {
        super::warn(warning);
    }
    let print = Print {
        include_crds: args.switches.include_crds,
        no_hooks: args.switches.no_hooks,
        skip_tests: args.switches.skip_tests,
        show_only: args.show_only.clone(),
    };
    match &args.output_dir {
        None => super::print(&rendered.print(&print)?),
        Some(dir) => {
            let named = dir.join(&release.name);
            let below = if args.switches.release_name { &named } else { dir };
            write_files(&rendered, &print, dir, below)?;
            super::print("\n")
        }
    }
}

/// An error of rendering with what Helm adds to it.
fn told(error: Error, debug: bool) -> anyhow::Result<anyhow::Error> {
    let rendering = matches!(
        error,
        Error::Template { .. } | Error::KubeVersion { .. } | Error::Manifest { .. }
    );
    if let (Error::Manifest { output, .. }, true) = (&error, debug) {
        super::print(&format!("{}\n", output.trim()))?;
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
        self.error.advice()
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
        [chart] => Ok((templated(&args.name_template)?, chart.clone())),
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

fn templated(template: &str) -> anyhow::Result<String> {
    use windlass_gotemplate::{Limits, Set, Value};
    let functions = windlass_sprig::functions(&environment()?);
    let mut set = Set::default();
    set.parse("name-template", template, &functions)?;
    Ok(set.execute("name-template", &Value::Nil, &functions, Limits::default())?)
}

/// The clock and a seed, which this process takes from the system once.
pub(super) fn environment() -> anyhow::Result<Environment> {
    Ok(Environment::new(jiff::Timestamp::now().as_nanosecond(), crate::cli::random()?))
}

/// `--output-dir`: one file a template.
fn write_files(
    rendered: &Rendered,
    print: &Print,
    crds: &Path,
    below: &Path,
) -> anyhow::Result<()> {
    let mut written = BTreeSet::new();
    if print.include_crds {
        for crd in &rendered.crds {
            write_file(crds, &crd.path, &crd.text, &mut written)?;
        }
    }
    for manifest in &rendered.manifests {
        write_file(below, &manifest.path, &manifest.text, &mut written)?;
    }
    if !print.no_hooks {
        for hook in rendered.hooks.iter().filter(|h| !(print.skip_tests && h.is_test())) {
            write_file(below, &hook.manifest.path, &hook.manifest.text, &mut written)?;
        }
    }
    Ok(())
}

fn write_file(
    dir: &Path,
    path: &str,
    text: &str,
    written: &mut BTreeSet<PathBuf>,
) -> anyhow::Result<()> {
    let file = dir.join(path);
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let again = !written.insert(file.clone());
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).append(again).truncate(!again);
    let mut out = options.open(&file).with_context(|| format!("open {}", file.display()))?;
    out.write_all(format!("---\n# Source: {path}\n{text}\n").as_bytes())?;
    super::print(&format!("wrote {}\n", file.display()))
}
