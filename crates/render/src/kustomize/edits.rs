//! The options of an application, written into the text of its kustomization as `kustomize edit`
//! writes them.

use windlass_kustomize::edit::{AddLabels, Document};
use windlass_kustomize::edit::{
    add_annotations, add_labels, add_paths, pairs, set_images, set_replicas,
};
use windlass_kustomize::kustomization::{Patch, PatchArgs, Selector};
use windlass_object::{Value, go, yaml};

use crate::{Environment, KustomizeOptions, KustomizePatch};

/// The options that a patch may have.
const PATCH_OPTIONS: [&str; 2] = ["allowNameChange", "allowKindChange"];

/// Whether the options change a kustomization at all.
pub(super) fn any(options: &KustomizeOptions) -> bool {
    edits_before_patches(options) || !(options.patches.is_empty() && options.components.is_empty())
}

/// Whether `kustomize edit` has written the file before patches are added to it.
fn edits_before_patches(options: &KustomizeOptions) -> bool {
    !(options.name_prefix.is_empty()
        && options.name_suffix.is_empty()
        && options.images.is_empty()
        && options.replicas.is_empty()
        && options.common_labels.is_empty()
        && options.common_annotations.is_empty()
        && options.namespace.is_empty())
}

/// Argo CD adds patches by itself, to a list or to nothing at all: what is null is neither, unless
/// `kustomize edit` has taken it away before.
fn check_patches(text: &str) -> Result<(), String> {
    let Ok(value) = yaml::first(text.as_bytes(), &yaml::Options::default()) else { return Ok(()) };
    let Some(fields) = value.as_object() else {
        return Err("expected kustomization.yaml to be type map[string]any, but got \
                    map[string]interface {}"
            .to_owned());
    };
    match fields.get("patches") {
        None | Some(Value::Array(_)) => Ok(()),
        Some(other) => Err(format!(
            "expected 'patches' field in kustomization.yaml to be []any, but got {}",
            go::type_name(other)
        )),
    }
}

/// The text with the options in it. `find` tells which paths from the kustomization's directory a
/// pattern names.
pub(super) fn apply(
    text: &str,
    options: &KustomizeOptions,
    environment: &Environment<'_>,
    find: impl Fn(&str) -> Result<Vec<String>, String>,
) -> Result<String, String> {
    let told = |e: windlass_kustomize::Error| e.to_string();
    if !options.patches.is_empty() && !edits_before_patches(options) {
        check_patches(text)?;
    }
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
        let labels = options.common_labels.iter();
        let labels: Vec<String> =
            labels.map(|(k, v)| format!("{k}:{}", environment.substitute(v))).collect();
        let pairs = pairs(&labels, "label").map_err(told)?;
        let how = AddLabels {
            force: options.force_common_labels,
            without_selector: options.label_without_selector,
            include_templates: options.label_include_templates,
        };
        add_labels(k, pairs, how).map_err(told)?;
    }
    if !options.common_annotations.is_empty() {
        let substituted = |value: &String| match options.common_annotations_envsubst {
            true => environment.substitute(value),
            false => value.clone(),
        };
        let annotations = options.common_annotations.iter();
        let annotations: Vec<String> =
            annotations.map(|(k, v)| format!("{k}:{}", substituted(v))).collect();
        let pairs = pairs(&annotations, "annotation").map_err(told)?;
        add_annotations(k, pairs, options.force_common_annotations).map_err(told)?;
    }
    if !options.namespace.is_empty() {
        k.namespace.clone_from(&options.namespace);
    }
    let mut said = options.patches.iter().flat_map(|patch| patch.options.keys());
    if let Some(unknown) = said.find(|option| !PATCH_OPTIONS.contains(&option.as_str())) {
        return Err(format!("invalid Kustomization: json: unknown field {unknown:?}"));
    }
    k.patches.extend(options.patches.iter().map(patch));
    let mut components = Vec::new();
    for component in &options.components {
        let found = find(component)?;
        let is_remote = || windlass_kustomize::RepoSpec::parse(component).is_ok();
        if options.ignore_missing_components {
            // Argo CD looks for the path as it is.
            components.extend(found.contains(component).then(|| component.clone()));
        } else if !found.is_empty() {
            components.extend(found);
        } else if is_remote() {
            components.push(component.clone());
        } else {
            return Err(format!(
                "{component} has no match: must build at directory: not a valid directory; set \
                 ignoreMissingComponents to do without it"
            ));
        }
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
