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
use crate::patches::Patches;
use crate::resmap::ResMap;
use crate::resource::{Origin, Resource};
use crate::target::Target;
use crate::transform::namespace::Namespace;
use crate::transform::{
    annotations, images, labels, namespace, patch, prefix_suffix, replacements, replicas, shared,
};

/// What the kustomization's own generators make, one list each.
pub(crate) fn generators(target: &Target<'_>) -> Result<Vec<Vec<Resource>>> {
    let k = &target.kustomization;
    let global = k.generator_options.as_ref();
    let mut out = Vec::new();
    let mut add = |mut resources: Vec<Resource>, kind: &str| {
        if let Some(origin) = &target.origin {
            for resource in &mut resources {
                let made = || origin.configured(target.file, kind);
                resource.origin.get_or_insert_with(made);
            }
        }
        out.push(resources);
    };
    for args in &k.config_map_generator {
        let options = generate::with_global(args.options.as_ref(), global);
        let args = GeneratorArgs { options, ..args.clone() };
        add(vec![generate::config_map(&target.loader, &args)?], "ConfigMapGenerator");
    }
    for args in &k.secret_generator {
        let options = generate::with_global(args.options.as_ref(), global);
        let args = SecretArgs { options, ..args.clone() };
        add(vec![generate::secret(&target.loader, &args)?], "SecretGenerator");
    }
    let globals = k.helm_globals.clone().unwrap_or_default();
    for chart in &k.helm_charts {
        let failing = |e, args: &_| charts::configuring(e, &globals, args);
        add(charts::generate(target, &globals, chart, &failing)?, "HelmChartInflationGenerator");
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
    let patches = Patches::load(k, loader)?;
    if let Some(patches) = patches.strategic {
        patch::merge_loaded(map, patches)?;
        done(map, "PatchStrategicMergeTransformer");
    }
    for patch in patches.either {
        patch.apply(map)?;
        done(map, "PatchTransformer");
    }
    if !k.namespace.is_empty() {
        let args = Namespace {
            namespace: k.namespace.clone(),
            specs: config.namespace.clone(),
            ..Namespace::default()
        };
        namespace::transform(map, &args)?;
        done(map, "NamespaceTransformer");
    }
    if !k.name_prefix.is_empty() {
        prefix_suffix::prefix(map, &k.name_prefix, &config.name_prefix)?;
        done(map, "PrefixTransformer");
    }
    if !k.name_suffix.is_empty() {
        prefix_suffix::suffix(map, &k.name_suffix, &config.name_suffix)?;
        done(map, "SuffixTransformer");
    }
    if !k.labels.is_empty() || !k.common_labels.is_empty() {
        for label in &k.labels {
            let specs = label_specs(label, &config)?;
            labels::transform(map, &label.pairs, &specs)?;
            done(map, "LabelTransformer");
        }
        labels::transform(map, &k.common_labels, &config.common_labels)?;
        done(map, "LabelTransformer");
    }
    if !k.common_annotations.is_empty() {
        annotations::transform(map, &k.common_annotations, &config.common_annotations)?;
        done(map, "AnnotationsTransformer");
    }
    for patch in patches.json {
        patch.apply(map)?;
        done(map, "PatchJson6902Transformer");
    }
    for args in &k.replicas {
        replicas::transform(map, args, &config.replicas)?;
        done(map, "ReplicaCountTransformer");
    }
    for args in &k.images {
        images::transform(map, args, &config.images)?;
        done(map, "ImageTagTransformer");
    }
    if !k.replacements.is_empty() {
        replacements::transform(map, loader, &k.replacements)?;
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
        if resource.origin.is_none() {
            resource.origin = Some(by.clone());
        } else {
            resource.transformations.push(by.clone());
        }
    }
}

/// Puts the hash behind the names of those that need it.
pub(crate) fn add_hashes(map: &mut ResMap) {
    let openapi = map.openapi().clone();
    if map.iter().all(|r| !r.needs_hash) {
        return;
    }
    for resource in map.iter_mut().filter(|r| r.needs_hash) {
        let name = format!("{}-{}", resource.name(), hash::hash(resource));
        resource.store_previous_id(&openapi);
        resource.set_name(&name);
    }
}
