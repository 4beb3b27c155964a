//! Labels and annotations.

use std::collections::BTreeMap;

use regex::Regex;

use crate::error::{Error, Result};
use crate::kustomization::{Kustomization, Label};

type Pairs = BTreeMap<String, String>;

/// How labels are added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddLabels {
    /// Whether a label that is there already is overwritten.
    pub force: bool,
    /// Whether selectors do without.
    pub without_selector: bool,
    /// Whether templates get them nevertheless.
    pub include_templates: bool,
}

/// The pairs that arguments like `key:value` name; `what` they are for is said in errors.
///
/// # Errors
/// If there are none, or one has no key.
pub fn pairs(arguments: &[String], what: &str) -> Result<Pairs> {
    if arguments.is_empty() {
        return Err(Error::told(format!("must specify {what}")));
    }
    let pair = |argument: &String| match argument.split_once(':') {
        Some(("", _)) => Err(Error::told(format!(
            "invalid {what}: '{argument}' (need k:v pair where v may be quoted)"
        ))),
        Some((key, value)) => {
            let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
            Ok((key.to_owned(), inner.unwrap_or(value).to_owned()))
        }
        None => Ok((argument.clone(), String::new())),
    };
    arguments.iter().map(pair).collect()
}

/// Adds labels.
///
/// # Errors
/// If one is there already and is not to be overwritten, or the options do not go together.
pub fn add_labels(
    kustomization: &mut Kustomization,
    pairs: Pairs,
    options: AddLabels,
) -> Result<()> {
    if !options.without_selector {
        if options.include_templates {
            return Err(Error::told(
                "--without-selector flag must be specified for --include-templates to work",
            ));
        }
        return add(&mut kustomization.common_labels, pairs, options.force, "label");
    }
    let is_same = |label: &Label| {
        !label.include_selectors && label.include_templates == options.include_templates
    };
    let labels = &mut kustomization.labels;
    let at = labels.iter().position(is_same).unwrap_or_else(|| {
        let include_templates = options.include_templates;
        labels.push(Label { include_templates, ..Label::default() });
        labels.len() - 1
    });
    add(&mut labels[at].pairs, pairs, options.force, "label")
}

/// Adds annotations.
///
/// # Errors
/// If one is there already and is not to be overwritten.
pub fn add_annotations(kustomization: &mut Kustomization, pairs: Pairs, force: bool) -> Result<()> {
    add(&mut kustomization.common_annotations, pairs, force, "annotation")
}

fn add(map: &mut Pairs, pairs: Pairs, force: bool, what: &str) -> Result<()> {
    for (key, value) in pairs {
        if !force && map.contains_key(&key) {
            return Err(Error::told(format!(
                "{what} {key} already in kustomization file. Use --force to override."
            )));
        }
        map.insert(key, value);
    }
    Ok(())
}

/// Sets annotations.
///
/// # Errors
/// If a key is none.
pub fn set_annotations(kustomization: &mut Kustomization, pairs: Pairs) -> Result<()> {
    let key = Regex::new(concat!(
        r"^([a-zA-Z](([-a-zA-Z0-9.]{0,251})[a-zA-Z0-9])?/)?",
        r"[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?$"
    ))
    .map_err(|e| Error::told(e.to_string()))?;
    if pairs.keys().any(|k| !key.is_match(k)) {
        return Err(Error::told(
            "invalid annotation key: see the syntax and character set rules at \
             https://kubernetes.io/docs/concepts/overview/working-with-objects/annotations/",
        ));
    }
    kustomization.common_annotations.extend(pairs);
    Ok(())
}

/// Removes keys, divided by commas, from `map`, which is the kustomization's `field` of `what`.
///
/// # Errors
/// If a key is empty, or, unless that is to be ignored, not there.
pub fn remove_pairs(
    map: &mut Pairs,
    keys: &str,
    (field, what): (&str, &str),
    ignore_missing: bool,
) -> Result<()> {
    if keys.split(',').any(str::is_empty) {
        return Err(Error::told("invalid label: '' (name is empty)"));
    }
    if map.is_empty() && !ignore_missing {
        return Err(Error::told(format!("{field} is not defined in kustomization file")));
    }
    for key in keys.split(',') {
        if map.remove(key).is_none() && !ignore_missing {
            return Err(Error::told(format!("{what} {key} is not defined in kustomization file")));
        }
    }
    Ok(())
}
