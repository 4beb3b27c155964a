//! The flags that describe one source.

use std::sync::LazyLock;

use regex::Regex;
use windlass_argo::types::{DirectorySource, HelmSource, JsonnetVariable, KustomizeSource, Source};
use windlass_object::{Value, json, yaml};
use windlass_render::{HelmFileParameter, HelmParameter, KustomizeReplica};

use crate::cli::failure::Failure;
use crate::cli::output;

/// Where manifests come from, and how they are rendered.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Source")]
pub(crate) struct SourceOptions {
    /// Repository address.
    #[arg(long, value_name = "URL")]
    repo: Option<String>,
    /// Directory in the repository.
    #[arg(long, value_name = "DIR")]
    path: Option<String>,
    /// Chart, of a repository of charts.
    #[arg(long, value_name = "NAME")]
    helm_chart: Option<String>,
    /// Branch, tag, commit or version range.
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
    /// Name by which other sources take values files from it.
    #[arg(long = "ref", value_name = "NAME")]
    reference: Option<String>,
    /// Name of the source.
    #[arg(long, value_name = "NAME")]
    pub(super) source_name: Option<String>,
    /// Read the directories below too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    directory_recurse: Option<bool>,
    /// Glob of the files to take.
    #[arg(long, value_name = "GLOB")]
    directory_include: Option<String>,
    /// Glob of the files to leave out.
    #[arg(long, value_name = "GLOB")]
    directory_exclude: Option<String>,
    /// Jsonnet: top-level argument, a text.
    #[arg(long, value_name = "NAME=TEXT")]
    jsonnet_tla_str: Vec<String>,
    /// Jsonnet: top-level argument, code.
    #[arg(long, value_name = "NAME=CODE")]
    jsonnet_tla_code: Vec<String>,
    /// Jsonnet: external variable, a text.
    #[arg(long, value_name = "NAME=TEXT")]
    jsonnet_ext_var_str: Vec<String>,
    /// Jsonnet: external variable, code.
    #[arg(long, value_name = "NAME=CODE")]
    jsonnet_ext_var_code: Vec<String>,
    /// Jsonnet: directory of libraries.
    #[arg(long, value_name = "DIR")]
    jsonnet_libs: Vec<String>,
    /// Config management plugin.
    #[arg(long, value_name = "NAME")]
    config_management_plugin: Option<String>,
    /// Variable of the plugin.
    #[arg(long, value_name = "NAME=VALUE")]
    plugin_env: Vec<String>,
    /// Helm: a parameter, such as image.tag=v1; only of an application that is a chart.
    #[arg(long, short, value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    #[command(flatten)]
    helm: HelmFlags,
    #[command(flatten)]
    kustomize: KustomizeFlags,
}

#[derive(Debug, Default, clap::Args)]
struct HelmFlags {
    /// Helm: a file of values.
    #[arg(long, value_name = "FILE")]
    values: Vec<String>,
    /// Helm: files of values may be missing.
    #[arg(long)]
    ignore_missing_value_files: bool,
    /// Helm: a file whose values become part of the application.
    #[arg(long, value_name = "FILE")]
    values_literal_file: Option<String>,
    /// Helm: name of the release.
    #[arg(long, value_name = "NAME")]
    release_name: Option<String>,
    /// Helm: version of Helm; v3 is the only one.
    #[arg(long, value_name = "VERSION")]
    helm_version: Option<String>,
    /// Helm: credentials go to other hosts too.
    #[arg(long)]
    helm_pass_credentials: bool,
    /// Helm: a value.
    #[arg(long, value_name = "NAME=VALUE")]
    helm_set: Vec<String>,
    /// Helm: a value that is a text.
    #[arg(long, value_name = "NAME=VALUE")]
    helm_set_string: Vec<String>,
    /// Helm: a value that is in a file.
    #[arg(long, value_name = "NAME=FILE")]
    helm_set_file: Vec<String>,
    /// Helm: leave out the chart's CRDs.
    #[arg(long)]
    helm_skip_crds: bool,
    /// Helm: values need not fit their schema.
    #[arg(long)]
    helm_skip_schema_validation: bool,
    /// Helm: leave out tests.
    #[arg(long)]
    helm_skip_tests: bool,
    /// Helm: namespace to render with.
    #[arg(long, value_name = "NAMESPACE")]
    helm_namespace: Option<String>,
    /// Helm: version of Kubernetes to render for.
    #[arg(long, value_name = "VERSION")]
    helm_kube_version: Option<String>,
    /// Helm: API that the cluster is said to have.
    #[arg(long, value_name = "API")]
    helm_api_versions: Vec<String>,
}

#[derive(Debug, Default, clap::Args)]
struct KustomizeFlags {
    /// Kustomize: prefix of names.
    #[arg(long, value_name = "TEXT")]
    nameprefix: Option<String>,
    /// Kustomize: suffix of names.
    #[arg(long, value_name = "TEXT")]
    namesuffix: Option<String>,
    /// Kustomize: an image, such as node=example.com/node:v2.
    #[arg(long, value_name = "IMAGE")]
    kustomize_image: Vec<String>,
    /// Kustomize: how many replicas.
    #[arg(long, value_name = "NAME=COUNT")]
    kustomize_replica: Vec<String>,
    /// Kustomize: version of Kustomize.
    #[arg(long, value_name = "VERSION")]
    kustomize_version: Option<String>,
    /// Kustomize: namespace of all objects.
    #[arg(long, value_name = "NAMESPACE")]
    kustomize_namespace: Option<String>,
    /// Kustomize: version of Kubernetes, for charts.
    #[arg(long, value_name = "VERSION")]
    kustomize_kube_version: Option<String>,
    /// Kustomize: API that the cluster is said to have, for charts.
    #[arg(long, value_name = "API")]
    kustomize_api_versions: Vec<String>,
    /// Kustomize: label of all objects.
    #[arg(long, value_name = "KEY=VALUE")]
    kustomize_common_label: Vec<String>,
    /// Kustomize: annotation of all objects.
    #[arg(long, value_name = "KEY=VALUE")]
    kustomize_common_annotation: Vec<String>,
    /// Kustomize: labels are not put into selectors.
    #[arg(long)]
    kustomize_label_without_selector: bool,
    /// Kustomize: labels are put into templates.
    #[arg(long)]
    kustomize_label_include_templates: bool,
    /// Kustomize: labels stand above those of objects.
    #[arg(long)]
    kustomize_force_common_label: bool,
    /// Kustomize: annotations stand above those of objects.
    #[arg(long)]
    kustomize_force_common_annotation: bool,
    /// Kustomize: components may be missing.
    #[arg(long)]
    ignore_missing_components: bool,
}

impl SourceOptions {
    /// Writes the flags into a source; what they do not speak of stays.
    pub(crate) fn apply(&self, source: &mut Source) -> anyhow::Result<()> {
        for (to, from) in [
            (&mut source.repo_url, &self.repo),
            (&mut source.path, &self.path),
            (&mut source.chart, &self.helm_chart),
            (&mut source.target_revision, &self.revision),
            (&mut source.reference, &self.reference),
            (&mut source.name, &self.source_name),
        ] {
            set(to, from.as_ref());
        }
        self.directory(source);
        self.plugin(source)?;
        let mut helm = source.helm.take().unwrap_or_default();
        self.helm.apply(&mut helm)?;
        source.helm = (helm != HelmSource::default()).then_some(helm);
        let mut kustomize = source.kustomize.take().unwrap_or_default();
        self.kustomize.apply(&mut kustomize)?;
        source.kustomize = (kustomize != KustomizeSource::default()).then_some(kustomize);
        Ok(())
    }

    /// `-p`: only a source that is a chart, or may be one, takes parameters; `kind` is what the
    /// status says the source is.
    pub(crate) fn override_parameters(
        &self,
        source: &mut Source,
        kind: &str,
    ) -> anyhow::Result<()> {
        let Some(first) = self.parameter.first() else { return Ok(()) };
        let explicit = [
            ("Helm", source.helm.is_some() || !source.chart.is_empty()),
            ("Kustomize", source.kustomize.is_some()),
            ("Directory", source.directory.is_some()),
            ("Plugin", source.plugin.is_some()),
        ];
        let kind = match explicit.iter().find(|(_, is)| *is) {
            Some((kind, _)) => kind,
            None if !kind.is_empty() => kind,
            None if first.contains('=') => "Helm",
            None => "",
        };
        if kind != "Helm" {
            return Err(Failure::fatal("Parameters can only be set against Helm applications"));
        }
        let helm = source.helm.get_or_insert_default();
        for text in &self.parameter {
            match parameter(text, false) {
                Ok(parameter) => put(&mut helm.parameters, parameter, |p| p.name.clone()),
                Err(error) => output::warn(&format!("warning: {error}")),
            }
        }
        Ok(())
    }

    fn directory(&self, source: &mut Source) {
        let arguments = [
            (&self.jsonnet_ext_var_code, true, true),
            (&self.jsonnet_ext_var_str, true, false),
            (&self.jsonnet_tla_code, false, true),
            (&self.jsonnet_tla_str, false, false),
        ];
        let jsonnet = arguments.iter().any(|(list, ..)| !list.is_empty());
        if self.directory_recurse.is_none()
            && self.directory_include.is_none()
            && self.directory_exclude.is_none()
            && self.jsonnet_libs.is_empty()
            && !jsonnet
        {
            return;
        }
        let directory = source.directory.get_or_insert_with(DirectorySource::default);
        directory.recurse = self.directory_recurse.unwrap_or(directory.recurse);
        set(&mut directory.include, self.directory_include.as_ref());
        set(&mut directory.exclude, self.directory_exclude.as_ref());
        for (list, external, code) in arguments {
            let variables = list.iter().map(|text| {
                let (name, value) = text.split_once('=').unwrap_or((text, ""));
                JsonnetVariable { name: name.to_owned(), value: value.to_owned(), code }
            });
            let jsonnet = &mut directory.jsonnet;
            if external { &mut jsonnet.ext_vars } else { &mut jsonnet.tlas }.extend(variables);
        }
        directory.jsonnet.libs.extend(self.jsonnet_libs.iter().cloned());
        source.directory.take_if(|directory| *directory == DirectorySource::default());
    }

    fn plugin(&self, source: &mut Source) -> anyhow::Result<()> {
        if let Some(name) = &self.config_management_plugin {
            source.plugin = Some(if name.is_empty() { json!({}) } else { json!({"name": name}) });
        }
        if self.plugin_env.is_empty() {
            return Ok(());
        }
        let plugin = source.plugin.get_or_insert_with(|| json!({}));
        let mut all = plugin["env"].as_array().cloned().unwrap_or_default();
        for text in &self.plugin_env {
            let Some((name, value)) = text.split_once('=') else {
                return Err(Failure::fatal(format!(
                    "expected env entry of the form: param=value but received: {text}"
                )));
            };
            put(&mut all, json!({"name": name, "value": value}), |entry| entry["name"].clone());
        }
        plugin["env"] = json!(all);
        Ok(())
    }
}

impl HelmFlags {
    fn apply(&self, helm: &mut HelmSource) -> anyhow::Result<()> {
        for (to, from) in [
            (&mut helm.value_files, &self.values),
            (&mut helm.api_versions, &self.helm_api_versions),
        ] {
            set_list(to, from);
        }
        for (to, from) in [
            (&mut helm.release_name, &self.release_name),
            (&mut helm.version, &self.helm_version),
            (&mut helm.namespace, &self.helm_namespace),
            (&mut helm.kube_version, &self.helm_kube_version),
        ] {
            set_filled(to, from.as_ref());
        }
        helm.ignore_missing_value_files |= self.ignore_missing_value_files;
        helm.pass_credentials |= self.helm_pass_credentials;
        helm.skip_crds |= self.helm_skip_crds;
        helm.skip_schema_validation |= self.helm_skip_schema_validation;
        helm.skip_tests |= self.helm_skip_tests;
        if let Some(file) = &self.values_literal_file {
            let text = super::read_text(file)?;
            if !text.is_empty() {
                helm.values_object = Some(values(&text)?);
                helm.values.clear();
            }
        }
        for (list, as_text) in [(&self.helm_set, false), (&self.helm_set_string, true)] {
            for text in list {
                let parameter = parameter(text, as_text).map_err(Failure::fatal)?;
                put(&mut helm.parameters, parameter, |p| p.name.clone());
            }
        }
        for text in &self.helm_set_file {
            let Some((name, path)) = text.split_once('=') else {
                return Err(Failure::fatal(format!(
                    "expected helm file parameter of the form param=path but received: {text}"
                )));
            };
            let parameter = HelmFileParameter { name: name.to_owned(), path: escaped(path) };
            put(&mut helm.file_parameters, parameter, |p| p.name.clone());
        }
        Ok(())
    }
}

impl KustomizeFlags {
    fn apply(&self, kustomize: &mut KustomizeSource) -> anyhow::Result<()> {
        for (to, from) in [
            (&mut kustomize.name_prefix, &self.nameprefix),
            (&mut kustomize.name_suffix, &self.namesuffix),
            (&mut kustomize.version, &self.kustomize_version),
            (&mut kustomize.namespace, &self.kustomize_namespace),
            (&mut kustomize.kube_version, &self.kustomize_kube_version),
        ] {
            set_filled(to, from.as_ref());
        }
        set_list(&mut kustomize.api_versions, &self.kustomize_api_versions);
        for (to, from) in [
            (&mut kustomize.common_labels, &self.kustomize_common_label),
            (&mut kustomize.common_annotations, &self.kustomize_common_annotation),
        ] {
            if !from.is_empty() {
                *to = super::pairs(from)?;
            }
        }
        kustomize.label_without_selector |= self.kustomize_label_without_selector;
        kustomize.label_include_templates |= self.kustomize_label_include_templates;
        kustomize.force_common_labels |= self.kustomize_force_common_label;
        kustomize.force_common_annotations |= self.kustomize_force_common_annotation;
        kustomize.ignore_missing_components |= self.ignore_missing_components;
        for image in &self.kustomize_image {
            // Up to the first delimiter that the new one has, both name the same image.
            let delimiter = ["=", ":", "@"].into_iter().find(|d| image.contains(d)).unwrap_or(":");
            let name = |image: &String| image.split(delimiter).next().unwrap_or("").to_owned();
            put(&mut kustomize.images, image.clone(), name);
        }
        for text in &self.kustomize_replica {
            let Some((name, count)) = text.split_once('=') else {
                return Err(Failure::fatal(format!(
                    "expected parameter of the form: name=count. Received: {text}"
                )));
            };
            let count: i32 = count.parse().map_err(|_| {
                Failure::fatal(format!("expected integer value for count. Received: {count}"))
            })?;
            let replica = KustomizeReplica { name: name.to_owned(), count: json!(count) };
            put(&mut kustomize.replicas, replica, |r| r.name.clone());
        }
        Ok(())
    }
}

fn set(to: &mut String, from: Option<&String>) {
    if let Some(from) = from {
        to.clone_from(from);
    }
}

/// As [`set`]; an empty text says nothing.
fn set_filled(to: &mut String, from: Option<&String>) {
    set(to, from.filter(|from| !from.is_empty()));
}

fn set_list(to: &mut Vec<String>, from: &[String]) {
    if !from.is_empty() {
        *to = from.to_vec();
    }
}

/// In the place of the one with the same key, or behind all.
fn put<T, K: PartialEq>(list: &mut Vec<T>, item: T, key: impl Fn(&T) -> K) {
    match list.iter_mut().find(|known| key(known) == key(&item)) {
        Some(known) => *known = item,
        None => list.push(item),
    }
}

fn parameter(text: &str, force_string: bool) -> Result<HelmParameter, String> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        format!("expected helm parameter of the form param=value but received: {text}")
    })?;
    Ok(HelmParameter { name: name.to_owned(), value: escaped(value), force_string })
}

/// A comma is part of the value, so it is escaped where it is not.
fn escaped(text: &str) -> String {
    static COMMA: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"([^\\]),").ok());
    COMMA
        .as_ref()
        .map_or_else(|| text.to_owned(), |comma| comma.replace_all(text, r"$1\,").into_owned())
}

/// Helm values: a mapping, or a text.
fn values(text: &str) -> anyhow::Result<Value> {
    let parsed = yaml::parse_one(text.as_bytes(), &yaml::Options::default())
        .map_err(|error| Failure::fatal(format!("failed converting yaml to json: {error}")))?;
    let kind = match &parsed {
        Value::Object(_) | Value::String(_) => return Ok(parsed),
        Value::Array(_) => "[]interface {}",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::Null => "nil",
    };
    Err(Failure::fatal(format!("invalid type \"{kind}\"")))
}
