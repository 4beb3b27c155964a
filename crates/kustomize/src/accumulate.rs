//! What one level of a build gathers: resources, field paths and vars.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::config::{self, Config};
use crate::error::{Error, Result};
use crate::id::{Gvk, ResId};
use crate::kustomization::Var;
use crate::openapi::OpenApi;
use crate::resmap::ResMap;
use crate::resource::{Behavior, Resource, fields_mut, scalar_text};

static NO_CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| Arc::new(Config::default()));

/// What one level gathers.
#[derive(Debug)]
pub(crate) struct Accumulator {
    pub(crate) map: ResMap,
    pub(crate) config: Arc<Config>,
    pub(crate) vars: BTreeMap<String, Var>,
}

impl Accumulator {
    pub(crate) fn new(openapi: &OpenApi) -> Self {
        Self { map: ResMap::new(openapi), config: Arc::clone(&NO_CONFIG), vars: BTreeMap::new() }
    }

    /// Adds field paths. Most levels add the built-in ones, which all share.
    pub(crate) fn merge_config(&mut self, other: &Arc<Config>) -> Result<()> {
        if Arc::ptr_eq(&self.config, other) || Arc::ptr_eq(other, &NO_CONFIG) {
            return Ok(());
        }
        if Arc::ptr_eq(&self.config, &NO_CONFIG) && Arc::ptr_eq(other, &config::BUILTIN) {
            self.config = Arc::clone(other);
            return Ok(());
        }
        // Merging into nothing is not idle: of two paths the more special one may come first.
        let mut merged = Config::clone(&self.config);
        merged.merge(other)?;
        self.config = Arc::new(merged);
        Ok(())
    }

    /// Adds all that another level gathered.
    pub(crate) fn merge(&mut self, other: Self) -> Result<()> {
        if self.map.is_empty() {
            self.map = other.map;
        } else {
            self.map.append_all(other.map.into_list())?;
        }
        self.merge_config(&other.config)?;
        other.vars.into_values().try_for_each(|var| self.add_var(var))
    }

    /// Notes vars and which resources hold their values.
    pub(crate) fn merge_vars(&mut self, vars: &[Var]) -> Result<()> {
        for var in vars {
            let mut var = var.clone();
            default_var(&mut var);
            let wanted = ResId {
                gvk: var_gvk(&var),
                name: var.objref.name.clone(),
                namespace: var.objref.namespace.clone(),
                cluster_scoped: false,
            };
            let openapi = self.map.openapi().clone();
            let matches = |r: &Resource| {
                let same = |id: &ResId| {
                    if wanted.namespace.is_empty() {
                        id.same_gvkn(&wanted)
                    } else {
                        id.same(&wanted)
                    }
                };
                !r.is_empty() && (r.previous_ids().any(|id| same(&id)) || same(&r.id(&openapi)))
            };
            let found: Vec<usize> =
                (0..self.map.len()).filter(|i| self.map.get(*i).is_some_and(matches)).collect();
            if found.len() > 1 {
                return Err(Error::told(format!(
                    "found {} resId matches for var {} (unable to disambiguate)",
                    found.len(),
                    print_var(&var)
                )));
            }
            if let Some(resource) = found.first().and_then(|at| self.map.get_mut(*at)) {
                resource.var_names.push(var.name.clone());
            }
        }
        vars.iter().try_for_each(|var| self.add_var(var.clone()))
    }

    fn add_var(&mut self, mut var: Var) -> Result<()> {
        if self.vars.contains_key(&var.name) {
            return Err(Error::told(format!("var '{}' already encountered", var.name)));
        }
        default_var(&mut var);
        self.vars.insert(var.name.clone(), var);
        Ok(())
    }

    /// The values of all vars.
    pub(crate) fn var_values(&self) -> Result<BTreeMap<String, Value>> {
        let mut out = BTreeMap::new();
        for (name, var) in &self.vars {
            let resource =
                self.map.iter().find(|r| r.var_names.contains(name)).ok_or_else(|| {
                    Error::told(format!(
                        "var '{}' cannot be mapped to a field in the set of known resources",
                        print_var(var)
                    ))
                })?;
            let value = crate::path::field_value(&resource.value, &var.fieldref.field_path)
                .ok_or_else(|| {
                    Error::told(format!(
                        "field specified in var '{}' not found in corresponding resource",
                        print_var(var)
                    ))
                })?;
            out.insert(name.clone(), value.clone());
        }
        Ok(out)
    }

    /// Adds generated resources: new, in the place of others, or into them.
    pub(crate) fn absorb(&mut self, resources: Vec<Resource>) -> Result<()> {
        resources.into_iter().try_for_each(|r| self.absorb_one(r))
    }

    fn absorb_one(&mut self, mut new: Resource) -> Result<()> {
        let id = new.id(self.map.openapi());
        let place = match self.map.by_any_id(&id) {
            [] => {
                if matches!(new.behavior, Some(Behavior::Merge | Behavior::Replace)) {
                    return Err(Error::told(format!(
                        "id {} does not exist; cannot merge or replace",
                        go_syntax(&id)
                    )));
                }
                return self.map.append(new);
            }
            [place] => *place,
            _ => {
                return Err(Error::told(format!(
                    "found multiple objects that could accept merge of {id}"
                )));
            }
        };
        // The place was just found.
        let Some(old) = self.map.get_mut(place) else { return Ok(()) };
        match new.behavior.unwrap_or_default() {
            Behavior::Replace => inherit(&mut new, old),
            Behavior::Merge => {
                let mut data = string_map(old, "data");
                if new.api_version() == "v1" && new.kind() == "Secret" {
                    for (key, value) in string_map(old, "stringData") {
                        let encoded = STANDARD.encode(value.as_str().unwrap_or("").as_bytes());
                        data.insert(key, Value::String(encoded));
                    }
                }
                let mut binary = string_map(old, "binaryData");
                inherit(&mut new, old);
                data.extend(string_map(&new, "data"));
                binary.extend(string_map(&new, "binaryData"));
                set_or_clear(&mut new, "data", data);
                set_or_clear(&mut new, "binaryData", binary);
                if old.origin.is_some() {
                    new.origin.clone_from(&old.origin);
                }
            }
            behavior => {
                return Err(Error::told(format!(
                    "id {} exists; can not use behavior: '{}', behavior must be merge or replace",
                    go_syntax(&id),
                    behavior.name()
                )));
            }
        }
        *old = new;
        Ok(())
    }
}

/// Gives `new` the metadata and the history of `old`.
fn inherit(new: &mut Resource, old: &Resource) {
    let mut labels = old.labels();
    labels.extend(new.labels());
    new.set_labels(labels);
    let mut annotations = old.annotations();
    annotations.extend(new.annotations());
    new.set_annotations(annotations);
    new.set_name(old.name());
    new.set_namespace(old.namespace());
    new.needs_hash &= old.needs_hash;
    new.behavior = old.behavior;
    new.previous.clone_from(&old.previous);
    new.prefixes.clone_from(&old.prefixes);
    new.suffixes.clone_from(&old.suffixes);
    new.var_names.clone_from(&old.var_names);
    new.transformations.clone_from(&old.transformations);
}

fn string_map(resource: &Resource, field: &str) -> Map<String, Value> {
    let fields = resource.value.get(field).and_then(Value::as_object);
    fields.into_iter().flatten().map(|(k, v)| (k.clone(), Value::String(scalar_text(v)))).collect()
}

fn set_or_clear(resource: &mut Resource, field: &str, map: Map<String, Value>) {
    let fields = fields_mut(&mut resource.value);
    if map.is_empty() {
        fields.remove(field);
    } else {
        fields.insert(field.to_owned(), Value::Object(map));
    }
}

fn default_var(var: &mut Var) {
    if var.fieldref.field_path.is_empty() {
        "metadata.name".clone_into(&mut var.fieldref.field_path);
    }
}

fn var_gvk(var: &Var) -> Gvk {
    let target = &var.objref;
    let mut gvk = Gvk {
        group: target.group.clone(),
        version: target.version.clone(),
        kind: target.kind.clone(),
    };
    match target.api_version.split('/').collect::<Vec<_>>()[..] {
        [version] if !version.is_empty() => version.clone_into(&mut gvk.version),
        [group, version] => {
            group.clone_into(&mut gvk.group);
            version.clone_into(&mut gvk.version);
        }
        _ => {}
    }
    gvk
}

fn print_var(var: &Var) -> String {
    format!("{{{} {} {{{}}}}}", var.name, var_gvk(var), var.fieldref.field_path)
}

/// Vars as they are written.
pub(crate) fn print_vars(vars: &[Var]) -> String {
    let print = |var: &Var| {
        let target = &var.objref;
        let gvk = Gvk {
            group: target.group.clone(),
            version: target.version.clone(),
            kind: target.kind.clone(),
        };
        format!("{{{} {gvk} {{{}}}}}", var.name, var.fieldref.field_path)
    };
    format!("[{}]", vars.iter().map(print).collect::<Vec<_>>().join(" "))
}

/// An id as Go's `%#v` prints it.
fn go_syntax(id: &ResId) -> String {
    format!(
        "resid.ResId{{Gvk:resid.Gvk{{Group:{:?}, Version:{:?}, Kind:{:?}, isClusterScoped:{}}}, \
         Name:{:?}, Namespace:{:?}}}",
        id.gvk.group, id.gvk.version, id.gvk.kind, id.cluster_scoped, id.name, id.namespace
    )
}
