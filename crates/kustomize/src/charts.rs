//! Charts as a source of resources: `helmCharts`, and the HelmChartInflationGenerator.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use windlass_helm::{Capabilities, Chart, KubeVersion, Release, Values};
use windlass_object::yaml;
use windlass_tree::Need;

use crate::error::{During, Error, Result};
use crate::kustomization::encode::Encode;
use crate::kustomization::{HelmChart, HelmGlobals};
use crate::manifest;
use crate::resource::Resource;
use crate::target::Target;
use crate::transform::namespace::FROM_HELM;
use crate::transform::strategic;
use crate::yaml_words;

/// Where charts are unless `chartHome` says otherwise.
const DEFAULT_HOME: &str = "charts";

/// The resources of a chart. None, for now, if the chart must be fetched first: that is noted.
///
/// # Errors
/// If charts are not to be rendered, the chart is not there, or Helm refuses it.
pub(crate) fn generate(
    target: &Target<'_>,
    globals: &HelmGlobals,
    chart: &HelmChart,
    failing: &dyn Fn(Error, &HelmChart) -> Error,
) -> Result<Vec<Resource>> {
    let mut args = chart.clone();
    if args.namespace.is_empty() {
        let own = &target.kustomization.namespace;
        let namespace = if own.is_empty() { &target.outer_namespace } else { own };
        args.namespace.clone_from(namespace);
    }
    check(target, &args).map_err(|e| failing(e, &args))?;
    let home = match globals.chart_home.as_str() {
        "" => DEFAULT_HOME,
        home => home,
    };
    let mut directory = format!("{home}/{}", args.name);
    if !args.version.is_empty() && !args.repo.is_empty() {
        directory = format!("{home}/{}-{}/{}", args.name, args.version, args.name);
    }
    // As `helm pull --devel` wants it.
    let version = match args.version.as_str() {
        "" if args.devel => ">0.0.0-0",
        version => version,
    };
    let loader = &target.loader;
    let chart = match loader.tree_directory(&directory) {
        Some((tree, path)) => Chart::load(tree, &path).map_err(|e| helm(&e))?,
        None if args.repo.is_empty() => {
            return Err(Error::told("no repo specified for pull, no chart found at ''"));
        }
        None => match loader.session().given.chart(&args.repo, &args.name, version) {
            // Helm unpacks it by its own name, and kustomize looks for it by this one.
            Some(Ok(_)) if args.name.contains('/') => {
                return Err(Error::told(format!(
                    "evalsymlink failure on '{directory}/values.yaml' : lstat {directory}: no such \
                     file or directory"
                )));
            }
            Some(Ok(given)) => Chart::from_archive(&given.archive).map_err(|e| helm(&e))?,
            Some(Err(why)) => return Err(Error::told(why)),
            None => {
                loader.need(Need::Chart {
                    repository: args.repo.clone(),
                    name: args.name.clone(),
                    version: version.to_owned(),
                });
                return Ok(Vec::new());
            }
        },
    };
    let Some(capabilities) = capabilities(target, &args)? else { return Ok(Vec::new()) };
    let values = values(target, &args, &chart, &directory)?;
    let draws = target.options.draws.as_ref();
    let draws = draws.ok_or_else(|| Error::told("no source of random draws is given"))?;
    let now = loader.session().given.now;
    let mut release = Release::new(release_name(&args), namespace(&args));
    if !args.name_template.is_empty() {
        if !args.release_name.is_empty() {
            return Err(helm(&"cannot set --name-template and also specify a name"));
        }
        let (environment, _) = draws.environment(now, &chart, &values, &release);
        let name = windlass_helm::templated_name(&args.name_template, &environment);
        release = Release::new(&name.map_err(|e| helm(&e))?, namespace(&args));
    }
    let (environment, renewal) = draws.environment(now, &chart, &values, &release);
    let options = windlass_helm::Options::new(environment);
    let rendered = windlass_helm::render(&chart, &values, &release, &capabilities, &options)
        .map_err(|e| helm(&e))?;
    loader.session().holds_until(renewal.and_then(|renewal| renewal.at()));
    loader.session().warnings.borrow_mut().extend(options.log.take_texts());
    let mut texts: Vec<&str> = Vec::new();
    if args.include_crds {
        texts.extend(rendered.crds.iter().map(|crd| &*crd.text));
    }
    texts.extend(rendered.manifests.iter().map(|manifest| &*manifest.text));
    if !args.skip_hooks {
        let hooks = rendered.hooks.iter().filter(|hook| !(args.skip_tests && hook.is_test()));
        texts.extend(hooks.map(|hook| &*hook.manifest.text));
    }
    let mut out = Vec::new();
    for text in texts {
        let resources = manifest::resources(text.as_bytes());
        out.extend(resources.during(|| "could not parse bytes into resource map".to_owned())?);
    }
    for resource in &mut out {
        // Their namespace is the chart's affair: the namespace transformer leaves them alone.
        let mut annotations = resource.annotations();
        annotations.insert(FROM_HELM.to_owned(), "true".to_owned());
        resource.set_annotations(annotations);
    }
    Ok(out)
}

fn check(target: &Target<'_>, args: &HelmChart) -> Result<()> {
    if !target.options.enable_helm {
        return Err(Error::told("must specify --enable-helm"));
    }
    if args.name.is_empty() {
        return Err(Error::told("chart name cannot be empty"));
    }
    for (what, name) in [("releaseName", &args.release_name), ("chart name", &args.name)] {
        if name.starts_with('-') {
            return Err(Error::told(format!("{what} must not start with '-', got {name:?}")));
        }
    }
    if !matches!(args.values_merge.as_str(), "" | "merge" | "override" | "replace") {
        return Err(Error::told("valuesMerge must be one of [merge override replace]"));
    }
    for file in &args.additional_values_files {
        target.loader.load(file).during(|| "could not load additionalValuesFile".to_owned())?;
    }
    Ok(())
}

/// What kustomize says of a chart of the kustomization's own field that cannot be.
pub(crate) fn configuring(e: Error, globals: &HelmGlobals, args: &HelmChart) -> Error {
    let mut fields = Map::new();
    for part in [globals.whole(), args.whole()] {
        if let Value::Object(part) = part {
            fields.extend(part);
        }
    }
    let text = yaml::to_string(&Value::Object(fields));
    e.during(format!(
        "trouble configuring builtin HelmChartInflationGenerator with config: `\n{text}`"
    ))
}

/// The chart's own values, or the file in their place, and what is said in line.
fn values(target: &Target<'_>, args: &HelmChart, chart: &Chart, directory: &str) -> Result<Values> {
    let inline = Value::Object(args.values_inline.clone());
    let loader = &target.loader;
    let own = chart.raw.iter().find(|file| file.name == "values.yaml");
    let file = match (args.values_file.as_str(), own) {
        // Nothing is read that is not used.
        _ if args.values_merge == "replace" && !args.values_inline.is_empty() => Vec::new(),
        // A fetched one has been unpacked there by then.
        ("", Some(own)) if loader.tree_directory(directory).is_none() => own.data.to_vec(),
        // kustomize wants the file, even where the chart has none.
        ("", _) => loader.load(&format!("{directory}/values.yaml"))?.to_vec(),
        (file, _) => loader.load(file)?.to_vec(),
    };
    // A file that is merged is read by kustomize, and one that is not by Helm: they differ on what
    // a `y` is.
    let (file, blank) = if args.values_inline.is_empty() {
        let values = Values::from_yaml(&args.values_file, &file).map_err(|e| helm(&e))?;
        (Value::Object(values.into_map()), BTreeSet::new())
    } else {
        read(&file, args)?
    };
    let merged = match args.values_merge.as_str() {
        _ if args.values_inline.is_empty() => file,
        "replace" => inline,
        "merge" => over(target, inline, &file, &BTreeSet::new())?,
        _ => over(target, file, &inline, &blank)?,
    };
    let Value::Object(merged) = merged else { return Ok(Values::new()) };
    let mut values = Values::from_map(merged);
    for file in &args.additional_values_files {
        let text = target.loader.load(file)?;
        values.merge(Values::from_yaml(file, &text).map_err(|e| helm(&e))?);
    }
    Ok(values)
}

/// The values of a file that is merged, and the pointers of the nulls in it that are written as
/// nothing.
fn read(file: &[u8], args: &HelmChart) -> Result<(Value, BTreeSet<String>)> {
    let mut blank = BTreeSet::new();
    if args.values_merge == "replace" {
        return Ok((Value::default(), blank));
    }
    let is_comment = |line: &[u8]| matches!(line.trim_ascii().first(), None | Some(b'#'));
    if file.split(|byte| *byte == b'\n').all(is_comment) {
        return Err(Error::told("could not parse values file into rnode: EOF"));
    }
    let options = yaml::Options::kustomize();
    let mut parsed = yaml::parse(file, &options);
    if let Some(e) = parsed.errors.pop() {
        return Err(Error::MalformedText { at: e.at, problem: yaml_words::said(file, &e) });
    }
    let found = parsed.documents.into_iter().find(|document| !document.value.is_null());
    let Some(document) = found else { return Ok((Value::Object(Map::new()), blank)) };
    yaml::each_scalar(file, &document, &options, &mut |at, text, is_plain| {
        if is_plain && text.is_empty() {
            blank.insert(at.to_string());
        }
    });
    Ok((document.value, blank))
}

/// One merged over the other, as kustomize merges resources.
fn over(
    target: &Target<'_>,
    under: Value,
    above: &Value,
    blank: &BTreeSet<String>,
) -> Result<Value> {
    let merged = strategic::merge_by(under, above, &target.openapi.schemas(), blank);
    Ok(merged.map_err(|e| Error::told(e.to_string()))?.unwrap_or_default())
}

fn release_name(args: &HelmChart) -> &str {
    if args.release_name.is_empty() { "release-name" } else { &args.release_name }
}

fn namespace(args: &HelmChart) -> &str {
    if args.namespace.is_empty() { "default" } else { &args.namespace }
}

/// What the chart finds in the cluster. None, for now, if the cluster must be asked first: that is
/// noted.
fn capabilities(target: &Target<'_>, args: &HelmChart) -> Result<Option<Capabilities>> {
    let options = &target.options;
    let mut capabilities = Capabilities::default();
    let mut version = match args.kube_version.as_str() {
        "" => options.helm_kube_version.clone(),
        own => own.to_owned(),
    };
    let own = &args.api_versions;
    let apis = if own.is_empty() { &options.helm_api_versions } else { own };
    capabilities.api_versions.extend(apis.iter().cloned());
    if options.helm_of_cluster && (version.is_empty() || apis.is_empty()) {
        let session = target.loader.session();
        let cluster = match session.given.cluster() {
            None => {
                target.loader.need(Need::ClusterVersions);
                return Ok(None);
            }
            Some(cluster) => cluster.map_err(Error::told)?,
        };
        if version.is_empty() {
            version.clone_from(&cluster.kubernetes);
        }
        if apis.is_empty() {
            capabilities.api_versions.extend(cluster.apis.iter().cloned());
        }
    }
    if !version.is_empty() {
        capabilities.kube_version = KubeVersion::parse(&version).map_err(|e| helm(&e))?;
    }
    Ok(Some(capabilities))
}

fn helm(error: &impl ToString) -> Error {
    Error::told(format!("unable to run: 'helm template': Error: {}", error.to_string()))
}
