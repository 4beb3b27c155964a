//! The options of an application, written into the text of its kustomization as `kustomize edit`
//! writes them.

use windlass_kustomize::edit::{AddLabels, Document};
use windlass_kustomize::edit::{add_annotations, add_labels, add_paths, set_images, set_replicas};
use windlass_kustomize::kustomization::{Patch, PatchArgs, Selector};
use windlass_object::Value;

use crate::{Environment, KustomizeOptions, KustomizePatch};

/// Whether the options change a kustomization at all.
pub(super) fn any(options: &KustomizeOptions) -> bool {
    !(options.name_prefix.is_empty()
        && options.name_suffix.is_empty()
        && options.images.is_empty()
        && options.replicas.is_empty()
        && options.common_labels.is_empty()
        && options.common_annotations.is_empty()
        && options.namespace.is_empty()
        && options.patches.is_empty()
        && options.components.is_empty())
}

/// The text with the options in it. `exists` tells of a path from the kustomization's directory.
pub(super) fn apply(
    text: &str,
    options: &KustomizeOptions,
    environment: &Environment<'_>,
    exists: impl Fn(&str) -> bool,
) -> Result<String, String> {
    let told = |e: windlass_kustomize::Error| e.to_string();
    let mut document = Document::read(text).map_err(told)?;
    let k = &mut document.kustomization;
    if !options.name_prefix.is_empty() {
        k.name_prefix.clone_from(&options.name_prefix);
    }
    if !options.name_suffix.is_empty() {
        k.name_suffix.clone_from(&options.name_suffix);
    }
    if !options.images.is_empty() {
        let images: Vec<String> =
            options.images.iter().map(|image| environment.substitute(image)).collect();
        set_images(k, &images).map_err(told)?;
    }
    if !options.replicas.is_empty() {
        let mut arguments = Vec::new();
        for replica in &options.replicas {
            arguments.push(format!("{}={}", replica.name, count(&replica.count)?));
        }
        set_replicas(k, &arguments).map_err(told)?;
    }
    if !options.common_labels.is_empty() {
        let pairs = options.common_labels.iter();
        let pairs = pairs.map(|(k, v)| (k.clone(), environment.substitute(v))).collect();
        let how = AddLabels {
            force: options.force_common_labels,
            without_selector: options.label_without_selector,
            include_templates: options.label_include_templates,
        };
        add_labels(k, pairs, how).map_err(told)?;
    }
    if !options.common_annotations.is_empty() {
        let mut pairs = options.common_annotations.clone();
        if options.common_annotations_envsubst {
            pairs.values_mut().for_each(|value| *value = environment.substitute(value));
        }
        add_annotations(k, pairs, options.force_common_annotations).map_err(told)?;
    }
    if !options.namespace.is_empty() {
        k.namespace.clone_from(&options.namespace);
    }
    k.patches.extend(options.patches.iter().map(patch));
    // What is not there is passed over by `kustomize edit` too.
    let is_remote = |path: &str| windlass_kustomize::RepoSpec::parse(path).is_ok();
    let components: Vec<String> =
        options.components.iter().filter(|c| exists(c) || is_remote(c)).cloned().collect();
    if !options.ignore_missing_components
        && let Some(missing) = options.components.iter().find(|c| !components.contains(c))
    {
        return Err(format!(
            "{missing} has no match: must build at directory: not a valid directory; set \
             ignoreMissingComponents to do without it"
        ));
    }
    add_paths(&mut k.components, "component", &components, "");
    Ok(document.write())
}

/// A number, or text that is one.
fn count(value: &Value) -> Result<i64, String> {
    let number = match value {
        Value::Number(n) => n.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("expected integer value for count. Received: {text}")
    })
}

fn patch(patch: &KustomizePatch) -> Patch {
    let on = |name: &str| patch.options.get(name).copied().unwrap_or(false);
    Patch {
        path: patch.path.clone(),
        patch: patch.patch.clone(),
        target: patch.target.as_ref().map(|target| Selector {
            group: target.group.clone(),
            version: target.version.clone(),
            kind: target.kind.clone(),
            name: target.name.clone(),
            namespace: target.namespace.clone(),
            annotation_selector: target.annotation_selector.clone(),
            label_selector: target.label_selector.clone(),
        }),
        options: (!patch.options.is_empty()).then(|| PatchArgs {
            allow_name_change: on("allowNameChange"),
            allow_kind_change: on("allowKindChange"),
        }),
    }
}
