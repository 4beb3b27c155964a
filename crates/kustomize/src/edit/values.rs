//! Images, replicas, build metadata, and the move away from deprecated fields.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::kustomization::{Image, Kustomization, Label, Patch, Replica};
use crate::transform::images::split;

const BUILD_METADATA: [&str; 3] = ["managedByLabel", "originAnnotations", "transformerAnnotations"];
/// What stands for the present value.
const SAME: &str = "*";

const BAD_IMAGE: &str = "invalid format of image, use one of the following options:
- <image>=<newimage>:<newtag>
- <image>=<newimage>@<digest>
- <image>=<newimage>:<newtag>@<digest>
- <image>=<newimage>
- <image>:<newtag>
- <image>:<newtag>@<digest>
- <image>@<digest>";

/// Sets images from arguments like `name=new:tag@digest`; `*` in a part keeps the present one.
/// The images are sorted by name then.
///
/// # Errors
/// If there are none, or one is not of that form.
pub fn set_images(kustomization: &mut Kustomization, arguments: &[String]) -> Result<()> {
    if arguments.is_empty() {
        return Err(Error::told("no image specified"));
    }
    let mut images = BTreeMap::new();
    for argument in arguments {
        let image = image(argument)?;
        images.insert(image.name.clone(), image);
    }
    let keep = |part: &mut String, old: &str| {
        if part == SAME {
            old.clone_into(part);
        }
    };
    for old in std::mem::take(&mut kustomization.images) {
        match images.get_mut(&old.name) {
            Some(new) => {
                keep(&mut new.new_name, &old.new_name);
                keep(&mut new.new_tag, &old.new_tag);
                keep(&mut new.digest, &old.digest);
            }
            None => {
                images.insert(old.name.clone(), old);
            }
        }
    }
    kustomization.images = images.into_values().collect();
    for image in &mut kustomization.images {
        keep(&mut image.new_name, "");
        keep(&mut image.new_tag, "");
        keep(&mut image.digest, "");
    }
    Ok(())
}

fn image(argument: &str) -> Result<Image> {
    let (key, value) = argument.split_once('=').unwrap_or(("", argument));
    let (name, tag, digest) = split(value);
    if name == argument {
        return Err(Error::told(BAD_IMAGE));
    }
    let (name, new_name) = if key.is_empty() { (name, "") } else { (key, name) };
    Ok(Image {
        name: name.to_owned(),
        new_name: new_name.to_owned(),
        new_tag: tag.to_owned(),
        digest: digest.to_owned(),
        tag_suffix: String::new(),
    })
}

/// Sets numbers of replicas from arguments like `name=3`. They are sorted by name then.
///
/// # Errors
/// If there are none, or one is not of that form.
pub fn set_replicas(kustomization: &mut Kustomization, arguments: &[String]) -> Result<()> {
    if arguments.is_empty() {
        return Err(Error::told("no replicas specified"));
    }
    let mut replicas = BTreeMap::new();
    for argument in arguments {
        let parsed = match argument.split('=').collect::<Vec<_>>()[..] {
            [name, count] => count.parse().ok().map(|count| (name.to_owned(), count)),
            _ => None,
        };
        let Some((name, count)) = parsed else {
            return Err(Error::told(
                "invalid format of replica, use the following format: <name>=<count>",
            ));
        };
        replicas.insert(name.clone(), Replica { name, count });
    }
    for old in std::mem::take(&mut kustomization.replicas) {
        replicas.entry(old.name.clone()).or_insert(old);
    }
    kustomization.replicas = replicas.into_values().collect();
    Ok(())
}

/// The options that one argument names, divided by commas.
///
/// # Errors
/// If there is not one argument, or an option that there is not.
pub fn build_metadata(arguments: &[String]) -> Result<Vec<String>> {
    let argument = match arguments {
        [] => return Err(Error::told("must specify a buildMetadata option")),
        [one] => one,
        many => {
            return Err(Error::told(format!(
                "too many arguments: [{}]; to provide multiple buildMetadata options, please \
                 separate options by comma",
                many.join(" ")
            )));
        }
    };
    let options: Vec<String> = argument.split(',').map(str::to_owned).collect();
    match options.iter().find(|option| !BUILD_METADATA.contains(&option.as_str())) {
        Some(unknown) => Err(Error::told(format!("invalid buildMetadata option: {unknown}"))),
        None => Ok(options),
    }
}

/// Adds options.
///
/// # Errors
/// If one is there already.
pub fn add_build_metadata(kustomization: &mut Kustomization, options: Vec<String>) -> Result<()> {
    for option in options {
        if kustomization.build_metadata.contains(&option) {
            return Err(Error::told(format!(
                "buildMetadata option {option} already in kustomization file"
            )));
        }
        kustomization.build_metadata.push(option);
    }
    Ok(())
}

/// Removes options.
pub fn remove_build_metadata(kustomization: &mut Kustomization, options: &[String]) {
    kustomization.build_metadata.retain(|option| !options.contains(option));
}

/// Moves what `patchesJson6902`, `patchesStrategicMerge` and `commonLabels` say to `patches` and
/// `labels`. `is_file` tells a patch's file from its text.
///
/// # Errors
/// If a label stands in `commonLabels` and `labels`.
pub fn fix(kustomization: &mut Kustomization, is_file: impl Fn(&str) -> bool) -> Result<()> {
    kustomization.patches.append(&mut kustomization.patches_json6902);
    for patch in std::mem::take(&mut kustomization.patches_strategic_merge) {
        let (path, patch) =
            if is_file(&patch) { (patch, String::new()) } else { (String::new(), patch) };
        kustomization.patches.push(Patch { path, patch, ..Patch::default() });
    }
    let pairs = std::mem::take(&mut kustomization.common_labels);
    if pairs.is_empty() {
        return Ok(());
    }
    let mut others = kustomization.labels.iter().flat_map(|label| label.pairs.keys());
    if let Some(twice) = others.find(|key| pairs.contains_key(*key)) {
        return Err(Error::told(format!(
            "label name '{twice}' exists in both commonLabels and labels"
        )));
    }
    kustomization.labels.push(Label { pairs, include_selectors: true, ..Label::default() });
    Ok(())
}
