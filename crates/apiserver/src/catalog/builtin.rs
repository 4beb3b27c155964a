//! The built-in resources, from a table that is compiled in.

use std::sync::{Arc, LazyLock};

use super::{Group, GroupVersion, Origin, ResourceType, Subresource, Verbs, Version};
use crate::crd::storage_version_hash;

/// Its head says how to read it; a test holds it against recorded answers of the real server.
const TABLE: &str = include_str!("builtin.txt");

/// The built-in groups in discovery order.
pub(super) fn groups() -> &'static [Group] {
    static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| parse(TABLE));
    &GROUPS
}

/// Reads the table. It is data of this crate: a line that does not parse is dropped, which the test finds.
fn parse(table: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open: Option<ResourceType> = None;
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let text = line.trim_start();
        match line.len() - text.len() {
            0 => {
                close(&mut groups, open.take());
                let Some(GroupVersion { group, version }) = group_version(text) else { continue };
                if groups.last().is_none_or(|last| last.name != group) {
                    groups.push(Group { name: group, versions: Vec::new() });
                }
                if let Some(last) = groups.last_mut() {
                    last.versions.push(Version { name: version, resources: Vec::new() });
                }
            }
            2 => {
                close(&mut groups, open.take());
                open = groups.last().and_then(|group| resource(group, text));
            }
            _ => {
                if let (Some(parent), Some(subresource)) = (&mut open, subresource(text)) {
                    parent.subresources.push(subresource);
                }
            }
        }
    }
    close(&mut groups, open);
    groups
}

fn close(groups: &mut [Group], resource: Option<ResourceType>) {
    let version = groups.last_mut().and_then(|group| group.versions.last_mut());
    if let (Some(version), Some(resource)) = (version, resource) {
        version.resources.push(Arc::new(resource));
    }
}

fn group_version(text: &str) -> Option<GroupVersion> {
    let (group, version) = text.split_once('/')?;
    let group = if group == "core" { "" } else { group };
    Some(GroupVersion { group: group.to_owned(), version: version.to_owned() })
}

fn resource(group: &Group, text: &str) -> Option<ResourceType> {
    let version = &group.versions.last()?.name;
    let mut words = text.split(' ');
    let (plural, singular, kind) = (words.next()?, words.next()?, words.next()?);
    let (scope, verbs) = (words.next()?, words.next()?);
    let mut resource = ResourceType {
        group: group.name.clone(),
        version: version.clone(),
        plural: plural.to_owned(),
        singular: singular.to_owned(),
        kind: kind.to_owned(),
        list_kind: format!("{kind}List"),
        short_names: Vec::new(),
        categories: Vec::new(),
        namespaced: scope == "N",
        verbs: Verbs::from_letters(verbs),
        subresources: Vec::new(),
        storage: Some(GroupVersion { group: group.name.clone(), version: version.clone() }),
        storage_version_hash: None,
        origin: Origin::BuiltIn,
    };
    let list = |value: &str| value.split(',').map(str::to_owned).collect();
    for word in words {
        match word.split_once('=')? {
            ("short", value) => resource.short_names = list(value),
            ("cat", value) => resource.categories = list(value),
            ("store", value) => resource.storage = group_version(value),
            ("hash", value) => resource.storage_version_hash = Some(value.to_owned()),
            _ => return None,
        }
    }
    if resource.storage_version_hash.is_none() {
        resource.storage_version_hash =
            resource.storage.as_ref().map(|storage| storage_version_hash(storage, kind));
    }
    Some(resource)
}

fn subresource(text: &str) -> Option<Subresource> {
    let mut words = text.split(' ');
    let (name, kind) = (words.next()?, words.next()?);
    let (scope, verbs) = (words.next()?, words.next()?);
    Some(Subresource {
        name: name.to_owned(),
        kind: kind.to_owned(),
        group_version: words.next().and_then(group_version),
        namespaced: scope == "N",
        verbs: Verbs::from_letters(verbs),
    })
}
