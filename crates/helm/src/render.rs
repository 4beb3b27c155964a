//! From a chart and values to manifests.

use std::sync::Arc;

use windlass_gotemplate::Limits;
use windlass_sprig::Environment;

use crate::capabilities::Capabilities;
use crate::chart::{Chart, File};
use crate::engine::{self, Lookup};
use crate::error::Error;
use crate::log::{Level, Log, Notice};
use crate::manifest::{self, Crd, Hook, Manifest};
use crate::post_render::{self, PostRender};
use crate::schema::{self, Schemas};
use crate::scope::{self, Scope};
use crate::values::Values;

/// What is being installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The namespace that it goes to.
    pub namespace: String,
    /// Which revision it is, from 1.
    pub revision: i64,
    /// Whether there was one before.
    pub is_upgrade: bool,
}

impl Release {
    /// A first installation.
    pub fn new(name: impl Into<String>, namespace: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), revision: 1, is_upgrade: false }
    }
}

/// How to render.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time and the seed of random draws.
    pub environment: Environment,
    /// What `lookup` asks; without one it finds nothing.
    pub lookup: Option<Arc<dyn Lookup>>,
    /// Whether values are not checked against `values.schema.json`.
    pub skip_schema_validation: bool,
    /// Schemas that others refer to by URL. One that is not here fails the check.
    pub schemas: Schemas,
    /// Bounds of the templates.
    pub limits: Limits,
    /// Whether the chart is only examined: `required` and `fail` then tell the log what they would
    /// refuse.
    pub lint: bool,
    /// Where what is legal and probably not meant is told.
    pub log: Log,
    /// What changes the objects before they are sorted.
    pub post_render: Option<Arc<dyn PostRender>>,
}

impl Options {
    /// Nothing but the time and a seed.
    pub fn new(environment: Environment) -> Self {
        Self {
            environment,
            lookup: None,
            skip_schema_validation: false,
            schemas: Schemas::default(),
            limits: Limits::default(),
            lint: false,
            log: Log::default(),
            post_render: None,
        }
    }
}

/// What a chart comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The files of `crds/`, the top chart's first.
    pub crds: Vec<Crd>,
    /// What is installed, in order.
    pub manifests: Vec<Manifest>,
    /// What runs at certain times, in order of kinds.
    pub hooks: Vec<Hook>,
    /// The top chart's `NOTES.txt`, rendered.
    pub notes: String,
}

/// Renders a chart as `helm template` does. Dependencies must be in the chart.
///
/// # Errors
/// When Helm refuses it, in Helm's words.
pub fn render(
    chart: &Chart,
    values: &Values,
    release: &Release,
    capabilities: &Capabilities,
    options: &Options,
) -> Result<Rendered, Error> {
    if !matches!(&*chart.metadata.kind, "" | "application") {
        return Err(Error::NotInstallable { kind: chart.metadata.kind.clone() });
    }
    let missing = chart.missing_dependencies();
    if !missing.is_empty() {
        let names = missing.into_iter().map(str::to_owned).collect();
        return Err(Error::MissingDependencies { names });
    }
    check_name(&release.name)?;
    let log = &options.log;
    chart.warnings.iter().for_each(|warning| log.info(warning));
    if chart.metadata.deprecated {
        log.add(Notice::new(Level::Warning, "this chart is deprecated"));
    }
    let given = scope::to_value(values);
    let scope = Scope::new(chart, &given, log)?;
    let values = scope::coalesce_values(&scope, &given, log)?;
    if !options.skip_schema_validation {
        schema::validate(&scope, &values, &options.schemas)?;
    }
    let constraint = &chart.metadata.kube_version;
    let version = &capabilities.kube_version;
    if !constraint.is_empty() && !scope::is_compatible(constraint, version.text()) {
        let (constraint, version) = (constraint.clone(), version.version.clone());
        return Err(Error::KubeVersion { constraint, version });
    }
    let mut files = engine::run(&scope, &values, release, capabilities, options)?;
    let own_notes = format!("{}/templates/NOTES.txt", scope.name());
    let mut notes = String::new();
    files.retain(|path, text| {
        let is_notes = path.ends_with("NOTES.txt");
        if *path == own_notes {
            notes = std::mem::take(text);
        }
        !is_notes
    });
    if let Some(renderer) = &options.post_render {
        files = post_render::apply(&files, renderer.as_ref())?;
    }
    let (manifests, hooks) = manifest::sort(&files, log)?;
    let mut crds = Vec::new();
    collect_crds(&scope, "", &mut crds);
    Ok(Rendered { crds, manifests, hooks, notes })
}

fn collect_crds(scope: &Scope<'_>, parent: &str, crds: &mut Vec<Crd>) {
    let full = if parent.is_empty() {
        scope.name().to_owned()
    } else {
        format!("{parent}/charts/{}", scope.name())
    };
    let crd = |f: &File| Crd { path: format!("{full}/{}", f.name), text: f.text().into_owned() };
    crds.extend(scope.chart.crds().map(crd));
    for child in &scope.dependencies {
        collect_crds(child, &full, crds);
    }
}

/// Checks a release's name, as Helm does before it renders.
fn check_name(name: &str) -> Result<(), Error> {
    let fail = |reason| Err(Error::ReleaseName { name: name.to_owned(), reason });
    if name.is_empty() {
        return fail("no name provided");
    }
    let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let part =
        |p: &str| p.starts_with(end) && p.ends_with(end) && p.chars().all(|c| end(c) || c == '-');
    if name.len() > 53 || !name.split('.').all(part) {
        return fail(
            "invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53",
        );
    }
    Ok(())
}
