//! Mends references to names that the build changed.
//!
//! A reference is mended if a resource of the kind that the field refers to had that name before,
//! on the way from its own file to here. Candidates are found by an index of the names they had.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::config::NameReference;
use crate::error::{During, Error, Result};
use crate::fieldspec::FieldSpec;
use crate::id::{Gvk, NOT_A_NAMESPACE, ResId};
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::resource::{Resource, scalar_text};
use crate::transform::fields::Fields;

/// What a reference may lead to: a resource as it is now, and the names it had.
struct Candidate {
    id: ResId,
    previous: Vec<ResId>,
    original_namespace: String,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

struct Candidates {
    list: Vec<Candidate>,
    by_previous_name: HashMap<String, Vec<usize>>,
    by_original_namespace: HashMap<String, Vec<usize>>,
}

impl Candidates {
    fn new(map: &ResMap) -> Self {
        let mut by_previous_name: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_original_namespace: HashMap<String, Vec<usize>> = HashMap::new();
        let mut list = Vec::with_capacity(map.len());
        for (at, resource) in map.iter().enumerate() {
            let previous: Vec<ResId> = resource.previous_ids().collect();
            for id in &previous {
                let places = by_previous_name.entry(id.name.clone()).or_default();
                if places.last() != Some(&at) {
                    places.push(at);
                }
            }
            let original = resource.original_id(map.openapi()).effective_namespace().to_owned();
            if original != NOT_A_NAMESPACE {
                by_original_namespace.entry(original.clone()).or_default().push(at);
            }
            list.push(Candidate {
                id: resource.id(map.openapi()),
                previous,
                original_namespace: original,
                prefixes: resource.prefixes.clone(),
                suffixes: resource.suffixes.clone(),
            });
        }
        Self { list, by_previous_name, by_original_namespace }
    }
}

/// Mends all references.
///
/// # Errors
/// If a reference could lead to several resources whose names differ, or a field is not what its
/// path says.
pub(crate) fn transform(map: &mut ResMap, references: &[NameReference]) -> Result<()> {
    for binding in map.iter().filter(|r| r.kind() == "RoleBinding") {
        subject_namespaces(binding, &binding.id(map.openapi()))?;
    }
    let candidates = Candidates::new(map);
    let openapi = map.openapi().clone();
    let previous: HashSet<&Gvk> =
        candidates.list.iter().flat_map(|c| &c.previous).map(|id| &id.gvk).collect();
    // What refers to kinds of which nothing had another name changes nothing, but its fields must
    // be what their paths say; once for each path is enough.
    let (live, idle): (Vec<_>, Vec<_>) = references
        .iter()
        .partition(|r: &&NameReference| previous.iter().any(|gvk| gvk.is_selected(&r.referral)));
    // Most resources are of a few kinds: which fields concern a kind is found once.
    let mut by_kind: HashMap<Gvk, Vec<Reference<'_>>> = HashMap::new();
    for resource in map.list_mut() {
        let original = resource.original_id(&openapi).gvk;
        let specs = by_kind
            .entry(original)
            .or_insert_with_key(|original| references_of(original, &live, &idle));
        if !specs.is_empty() {
            mend(resource, specs, &candidates, &openapi)?;
        }
    }
    Ok(())
}

/// A field that refers to a kind.
struct Reference<'a> {
    referral: &'a Gvk,
    path: &'a str,
    field: Fields,
}

fn references_of<'a>(
    kind: &Gvk,
    live: &[&'a NameReference],
    idle: &[&'a NameReference],
) -> Vec<Reference<'a>> {
    let of = |references: &[&'a NameReference]| {
        let each = references.iter().flat_map(|r| r.referrers.iter().map(move |spec| (*r, spec)));
        let mine = each.filter(|(_, spec)| kind.is_selected(&spec.gvk));
        mine.map(|(reference, spec)| {
            let spec_of_any = FieldSpec { gvk: Gvk::default(), ..spec.clone() };
            let field = Fields::new([&spec_of_any]);
            Reference { referral: &reference.referral, path: &spec.path, field }
        })
        .collect::<Vec<_>>()
    };
    let mut out = of(live);
    let mut paths: HashSet<&str> = out.iter().map(|reference| reference.path).collect();
    out.extend(of(idle).into_iter().filter(|reference| paths.insert(reference.path)));
    out
}

fn mend(
    resource: &mut Resource,
    references: &[Reference<'_>],
    candidates: &Candidates,
    openapi: &OpenApi,
) -> Result<()> {
    let id = resource.id(openapi);
    let (prefixes, suffixes) = (resource.prefixes.clone(), resource.suffixes.clone());
    let mut referrer = Referrer {
        id: &id,
        prefixes: &prefixes,
        suffixes: &suffixes,
        subject_namespaces: subject_namespaces(resource, &id)?,
        role: None,
        referral: references[0].referral,
        candidates,
    };
    let role = role_ref(&resource.value);
    for Reference { referral, path, field } in references {
        referrer.referral = referral;
        referrer.role = role.clone().filter(|_| path.ends_with("roleRef/name"));
        field
            .apply(&mut resource.value, None, &mut |node| referrer.set(node))
            .during(|| format!("updating name reference in '{path}' field of '{id}'"))?;
    }
    Ok(())
}

/// Of a role binding: the namespaces of its service accounts.
fn subject_namespaces(resource: &Resource, id: &ResId) -> Result<Vec<String>> {
    if resource.kind() != "RoleBinding" {
        return Ok(Vec::new());
    }
    let subjects = resource.value.get("subjects").and_then(Value::as_array);
    let mut out = Vec::new();
    for subject in subjects.into_iter().flatten() {
        if subject.get("kind").and_then(Value::as_str) != Some("ServiceAccount") {
            continue;
        }
        match subject.get("namespace") {
            None => {}
            Some(Value::String(namespace)) => out.push(namespace.clone()),
            Some(_) => {
                return Err(Error::told(format!(
                    "Invalid Input: namespace is blank for resource {:?}\n",
                    id.to_string()
                )));
            }
        }
    }
    Ok(out)
}

fn role_ref(value: &Value) -> Option<Gvk> {
    let role = value.get("roleRef")?;
    let (group, kind) = (role.get("apiGroup")?, role.get("kind")?);
    Some(Gvk { group: scalar_text(group), version: String::new(), kind: scalar_text(kind) })
}

struct Referrer<'a> {
    id: &'a ResId,
    prefixes: &'a [String],
    suffixes: &'a [String],
    subject_namespaces: Vec<String>,
    role: Option<Gvk>,
    referral: &'a Gvk,
    candidates: &'a Candidates,
}

impl Referrer<'_> {
    fn set(&self, node: &mut Value) -> Result<()> {
        match node {
            Value::Null => Ok(()),
            Value::Object(_) => self.set_mapping(node),
            Value::Array(items) => items.iter_mut().try_for_each(|item| match item {
                Value::Null => Ok(()),
                Value::Object(_) => self.set_mapping(item),
                Value::Array(_) => Err(Error::told(
                    "list item is expected to be either a string or a map of string",
                )),
                _ => self.set_scalar(item),
            }),
            _ => self.set_scalar(node),
        }
    }

    fn set_scalar(&self, node: &mut Value) -> Result<()> {
        let old = scalar_text(node);
        let reachable = |at: &usize| self.could_refer_to(*at);
        if let Some(found) = self.select(&old, reachable, |a, b| a.name == b.name)?
            && found.name != old
        {
            *node = Value::String(found.name.clone());
        }
        Ok(())
    }

    fn set_mapping(&self, node: &mut Value) -> Result<()> {
        let Value::Object(fields) = node else { return Ok(()) };
        let Some(name) = fields.get("name") else {
            return Err(Error::told("path config error; no 'name' field in node"));
        };
        let old = scalar_text(name);
        let namespace = fields
            .get("namespace")
            .map(|v| if v.is_null() { String::new() } else { scalar_text(v) });
        let original = namespace.as_ref().is_some_and(|namespace| {
            let places = self.candidates.by_original_namespace.get(namespace);
            places.is_some_and(|places| places.iter().any(|at| self.could_refer_to(*at)))
        });
        let reachable = |at: &usize| {
            let Some(candidate) = self.candidates.list.get(*at) else { return false };
            self.could_refer_to(*at)
                && match &namespace {
                    None => true,
                    Some(namespace) if original => candidate.original_namespace == *namespace,
                    Some(namespace) => {
                        !candidate.id.cluster_scoped
                            && candidate.id.effective_namespace() == namespace
                    }
                }
        };
        let same = |a: &ResId, b: &ResId| a.name == b.name && a.namespace == b.namespace;
        let Some(found) = self.select(&old, reachable, same)? else { return Ok(()) };
        if found.name == old && found.namespace.is_empty() {
            return Ok(());
        }
        fields.insert("name".to_owned(), Value::String(found.name.clone()));
        if !found.namespace.is_empty() {
            fields.insert("namespace".to_owned(), Value::String(found.namespace.clone()));
        }
        Ok(())
    }

    /// Whether namespaces allow a reference at all.
    fn could_refer_to(&self, at: usize) -> bool {
        let Some(candidate) = self.candidates.list.get(at) else { return false };
        self.id.cluster_scoped
            || candidate.id.cluster_scoped
            || candidate.id.same_namespace(self.id)
            || self.subject_namespaces.contains(&candidate.id.namespace)
    }

    /// The one resource that had the name `old`.
    fn select(
        &self,
        old: &str,
        reachable: impl Fn(&usize) -> bool,
        same: impl Fn(&ResId, &ResId) -> bool,
    ) -> Result<Option<&ResId>> {
        let Some(places) = self.candidates.by_previous_name.get(old) else { return Ok(None) };
        let mut found: Vec<&Candidate> = places
            .iter()
            .filter(|at| reachable(at))
            .filter_map(|at| self.candidates.list.get(*at))
            .filter(|c| c.previous.iter().any(|id| id.gvk.is_selected(self.referral)))
            .filter(|c| {
                let role = self.role.as_ref();
                role.is_none_or(|role| c.previous.iter().any(|id| id.gvk.is_selected(role)))
            })
            .filter(|c| {
                self.id.cluster_scoped
                    || c.id.cluster_scoped
                    || c.id.gvk.kind == "ServiceAccount"
                    || c.id.same_namespace(self.id)
            })
            .collect();
        if let [one] = found[..] {
            return Ok(Some(&one.id));
        }
        found.retain(|c| self.affixes_match(c, true));
        if found.len() > 1 {
            found.retain(|c| self.affixes_match(c, false));
        }
        let Some(first) = found.first() else { return Ok(None) };
        if found.iter().all(|c| same(&c.id, &first.id)) {
            return Ok(Some(&first.id));
        }
        let ids: Vec<String> = found.iter().map(|c| c.id.to_string()).collect();
        Err(Error::told(format!("found multiple possible referrals: {}", ids.join(", "))))
    }

    fn affixes_match(&self, candidate: &Candidate, allow_empty: bool) -> bool {
        let ok = |mine: &[String], theirs: &[String]| {
            (allow_empty && (mine.is_empty() || theirs.is_empty())) || same_ending(mine, theirs)
        };
        ok(self.prefixes, &candidate.prefixes) && ok(self.suffixes, &candidate.suffixes)
    }
}

/// Whether the longer list ends with the shorter one. Nothing ends with nothing but nothing.
fn same_ending(a: &[String], b: &[String]) -> bool {
    let (short, long) = if a.len() > b.len() { (b, a) } else { (a, b) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}
