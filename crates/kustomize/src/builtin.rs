//! The built-in generators and transformers that a kustomization's own fields configure, in their order.

use std::sync::Arc;

use crate::accumulate::Accumulator;
use crate::charts;
use crate::config::Config;
use crate::error::{During, Result};
use crate::fieldspec::{self, FieldSpec};
use crate::generate;
use crate::hash;
use crate::kustomization::{FieldSpecArgs, GeneratorArgs, SecretArgs};
use crate::manifest;
use crate::patches::Patches;
use crate::resmap::ResMap;
use crate::resource::{Origin, Resource};
use crate::target::Target;
use crate::transform::namespace::Namespace;
use crate::transform::{
    annotations, images, labels, namespace, patch, prefix_suffix, replacements, replicas, shared,
    told,
};

/// What a generator made, with the field and the item in it that configure it.
type Generated = (&'static str, usize, Vec<Resource>);

/// What the kustomization's own generators make.
pub(crate) fn generators(target: &Target<'_>) -> Result<Vec<Generated>> {
    let k = &target.kustomization;
    let global = k.generator_options.as_ref();
    let mut out = Vec::new();
    let mut add = |field, at, made: Result<Vec<Resource>>, kind: &str| -> Result<()> {
        let mut resources = target.placed(made, field, Some(at))?;
        if let Some(origin) = &target.origin {
            for resource in &mut resources {
                let made = || origin.configured(target.file, kind);
                resource.origin.get_or_insert_with(made);
            }
        }
        out.push((field, at, resources));
        Ok(())
    };
    for (at, args) in k.config_map_generator.iter().enumerate() {
        let options = generate::with_global(args.options.as_ref(), global);
        let args = GeneratorArgs { options, ..args.clone() };
        let made = generate::config_map(&target.loader, &args).map(|resource| vec![resource]);
        add("configMapGenerator", at, made, "ConfigMapGenerator")?;
    }
    for (at, args) in k.secret_generator.iter().enumerate() {
        let options = generate::with_global(args.options.as_ref(), global);
        let args = SecretArgs { options, ..args.clone() };
        let made = generate::secret(&target.loader, &args).map(|resource| vec![resource]);
        add("secretGenerator", at, made, "SecretGenerator")?;
    }
    let globals = k.helm_globals.clone().unwrap_or_default();
    for (at, chart) in k.helm_charts.iter().enumerate() {
        let failing = |e, args: &_| charts::configuring(e, &globals, args);
        let made = charts::generate(target, &globals, chart, &failing);
        add("helmCharts", at, made, "HelmChartInflationGenerator")?;
    }
    Ok(out)
}

/// Runs the kustomization's own transformers.
pub(crate) fn transform(target: &Target<'_>, acc: &mut Accumulator) -> Result<()> {
    let k = &target.kustomization;
    let config = Arc::clone(&acc.config);
    let loader = &target.loader;
    let map = &mut acc.map;
    let done = |map: &mut ResMap, kind: &str| {
        map.iter_mut().for_each(shared::settle);
        if let Some(origin) = &target.origin {
            note(map, &origin.configured(target.file, kind));
        }
        map.drop_empties();
    };
    let patches = Patches::load(target)?;
    if let Some(patches) = patches.strategic {
        target.placed(patch::merge_loaded(map, patches), "patchesStrategicMerge", None)?;
        done(map, "PatchStrategicMergeTransformer");
    }
    for (at, patch) in patches.either.into_iter().enumerate() {
        target.placed(patch.apply(map), "patches", Some(at))?;
        done(map, "PatchTransformer");
    }
    if !k.namespace.is_empty() {
        let args = Namespace {
            namespace: k.namespace.clone(),
            specs: config.namespace.clone(),
            ..Namespace::default()
        };
        target.placed(namespace::transform(map, &args), "namespace", None)?;
        done(map, "NamespaceTransformer");
    }
    if !k.name_prefix.is_empty() {
        let renamed = prefix_suffix::prefix(map, &k.name_prefix, &config.name_prefix);
        target.placed(renamed, "namePrefix", None)?;
        done(map, "PrefixTransformer");
    }
    if !k.name_suffix.is_empty() {
        let renamed = prefix_suffix::suffix(map, &k.name_suffix, &config.name_suffix);
        target.placed(renamed, "nameSuffix", None)?;
        done(map, "SuffixTransformer");
    }
    if !k.labels.is_empty() || !k.common_labels.is_empty() {
        for (at, label) in k.labels.iter().enumerate() {
            let labelled = label_specs(label, &config)
                .and_then(|specs| labels::transform(map, &label.pairs, &specs));
            target.placed(labelled, "labels", Some(at))?;
            done(map, "LabelTransformer");
        }
        let labelled = labels::transform(map, &k.common_labels, &config.common_labels);
        target.placed(labelled, "commonLabels", None)?;
        done(map, "LabelTransformer");
    }
    if !k.common_annotations.is_empty() {
        let annotated =
            annotations::transform(map, &k.common_annotations, &config.common_annotations);
        target.placed(annotated, "commonAnnotations", None)?;
        done(map, "AnnotationsTransformer");
    }
    for (at, patch) in patches.json.into_iter().enumerate() {
        target.placed(patch.apply(map), "patchesJson6902", Some(at))?;
        done(map, "PatchJson6902Transformer");
    }
    for (at, args) in k.replicas.iter().enumerate() {
        target.placed(replicas::transform(map, args, &config.replicas), "replicas", Some(at))?;
        done(map, "ReplicaCountTransformer");
    }
    for (at, args) in k.images.iter().enumerate() {
        target.placed(images::transform(map, args, &config.images), "images", Some(at))?;
        done(map, "ImageTagTransformer");
    }
    if !k.replacements.is_empty() {
        let read = replacements::read_all(loader, &k.replacements).during(|| {
            told::trouble("ReplacementTransformer", &told::replacements(&k.replacements))
        });
        let all = target.placed(read, "replacements", None)?;
        let replaced = all.iter().try_for_each(|one| replacements::replace(map, one));
        target.placed(replaced, "replacements", None)?;
        done(map, "ReplacementTransformer");
    }
    Ok(())
}

/// The fields that get the labels of one entry.
fn label_specs(label: &crate::kustomization::Label, config: &Config) -> Result<Vec<FieldSpec>> {
    let mut specs: Vec<FieldSpec> = label.fields.iter().map(FieldSpecArgs::spec).collect();
    let failed = || "failed to merge labels".to_owned();
    fieldspec::merge_all(&mut specs, &config.labels).during(failed)?;
    if label.include_selectors {
        fieldspec::merge_all(&mut specs, &config.common_labels).during(failed)?;
        return Ok(specs);
    }
    if label.include_templates {
        fieldspec::merge_all(&mut specs, &config.template_labels)
            .during(|| "failed to merge template fieldSpec".to_owned())?;
    }
    if label.include_volume_claim_templates {
        fieldspec::merge_all(&mut specs, &config.volume_claim_template_labels)
            .during(|| "failed to merge volumeClaimTemplate fieldSpec".to_owned())?;
    }
    fieldspec::merge_one(&mut specs, &FieldSpec::everywhere("metadata/labels", true))
        .during(failed)?;
    Ok(specs)
}

/// Notes what changed the resources. One without an origin was made by it.
pub(crate) fn note(map: &mut ResMap, by: &Origin) {
    for resource in map.iter_mut() {
        shared::part_annotations(resource);
        let annotations = resource.value.pointer("/metadata/annotations");
        if annotations.is_some_and(|a| !a.is_object() && !a.is_null()) {
            // A replacement put something else there, which kustomize's notes did not survive.
            resource.metadata_mut().remove("annotations");
            resource.transformations.clear();
            resource.origin = Some(by.clone());
        } else if resource.origin.is_none() {
            resource.origin = Some(by.clone());
        } else {
            resource.transformations.push(by.clone());
        }
    }
}

/// Puts the hash behind the names of those that need it.
///
/// # Errors
/// If one lost its name on the way.
pub(crate) fn add_hashes(map: &mut ResMap) -> Result<()> {
    let openapi = map.openapi().clone();
    if map.iter().all(|r| !r.needs_hash) {
        return Ok(());
    }
    for resource in map.iter_mut().filter(|r| r.needs_hash) {
        manifest::check(&resource.value)?;
        let name = format!("{}-{}", resource.name(), hash::hash(resource));
        resource.store_previous_id(&openapi);
        resource.set_name(&name);
    }
    Ok(())
}
