//! Generated config maps and secrets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::error::{During, Error, Result};
use crate::generate;
use crate::kustomization::{GeneratorArgs, GeneratorOptions, Kustomization, SecretArgs};
use crate::loader::{Loader, Session};
use windlass_object::go;
use windlass_tree::{Given, Tree, TreePath};

/// What the arguments say of a generator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeneratorFlags {
    /// `key=value` each.
    pub literals: Vec<String>,
    /// `[key=]path` each.
    pub files: Vec<String>,
    /// A file of `key=value` lines, or empty.
    pub env_file: String,
    /// `create`, `replace`, `merge`, or empty.
    pub behavior: String,
    /// The secret's type.
    pub type_name: String,
    /// The namespace; `default` if empty.
    pub namespace: String,
    /// Whether the name is left without a hash.
    pub disable_name_suffix_hash: bool,
    /// The namespace that is set, or empty.
    pub new_namespace: String,
}

/// Whether it is config maps or secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Config maps.
    ConfigMap,
    /// Secrets.
    Secret,
}

/// A config map's arguments, or a secret's.
trait Args {
    fn is(&self, name: &str, namespace: &str) -> bool;
    fn namespace(&mut self) -> &mut String;
    fn behavior(&mut self) -> &mut String;
    fn literals(&mut self) -> &mut Vec<String>;
    fn files(&mut self) -> &mut Vec<String>;
    fn envs(&mut self) -> &mut Vec<String>;
    fn options(&mut self) -> &mut Option<GeneratorOptions>;
}

macro_rules! args {
    ($($name:ident),*) => {$(
        impl Args for $name {
            fn is(&self, name: &str, namespace: &str) -> bool {
                let or_default = |ns: &str| if ns.is_empty() { "default" } else { ns }.to_owned();
                self.name == name && or_default(&self.namespace) == or_default(namespace)
            }
            fn namespace(&mut self) -> &mut String {
                &mut self.namespace
            }
            fn behavior(&mut self) -> &mut String {
                &mut self.behavior
            }
            fn literals(&mut self) -> &mut Vec<String> {
                &mut self.literals
            }
            fn files(&mut self) -> &mut Vec<String> {
                &mut self.files
            }
            fn envs(&mut self) -> &mut Vec<String> {
                &mut self.envs
            }
            fn options(&mut self) -> &mut Option<GeneratorOptions> {
                &mut self.options
            }
        }
    )*};
}
args!(GeneratorArgs, SecretArgs);

/// Adds to the config map `name`, which is made if there is none.
///
/// # Errors
/// If nothing is added, or what is does not go together.
pub fn add_config_map(
    kustomization: &mut Kustomization,
    names: &[String],
    flags: &GeneratorFlags,
) -> Result<()> {
    let name = name(names).and_then(|name| check_add(flags).map(|()| name));
    let name = name.during(|| "failed to validate flags".to_owned())?;
    let list = &mut kustomization.config_map_generator;
    let at = list.iter().position(|a| a.is(name, &flags.namespace)).unwrap_or_else(|| {
        let (name, namespace) = (name.to_owned(), flags.namespace.clone());
        list.push(GeneratorArgs { name, namespace, ..GeneratorArgs::default() });
        list.len() - 1
    });
    add(&mut list[at], flags, kustomization.generator_options.as_ref());
    Ok(())
}

/// Adds to the secret `name`, which is made if there is none.
///
/// # Errors
/// If nothing is added, or what is does not go together.
pub fn add_secret(
    kustomization: &mut Kustomization,
    names: &[String],
    flags: &GeneratorFlags,
) -> Result<()> {
    let name = name(names).and_then(|name| check_add(flags).map(|()| name));
    let name = name.during(|| "failed to validate flags".to_owned())?;
    let list = &mut kustomization.secret_generator;
    let at = list.iter().position(|a| a.is(name, &flags.namespace)).unwrap_or_else(|| {
        let (name, namespace) = (name.to_owned(), flags.namespace.clone());
        let type_name = flags.type_name.clone();
        list.push(SecretArgs { name, namespace, type_name, ..SecretArgs::default() });
        list.len() - 1
    });
    add(&mut list[at], flags, kustomization.generator_options.as_ref());
    Ok(())
}

/// Makes what was added to, to see that it can be made: all that its files, literals and lines name
/// is looked up from the directory `path` of `tree`, where the kustomization is.
///
/// # Errors
/// If a literal or line is none, a key stands twice, or a file cannot be read.
pub fn check_added(
    kustomization: &Kustomization,
    sort: Sort,
    names: &[String],
    flags: &GeneratorFlags,
    tree: &dyn Tree,
    path: &TreePath,
) -> Result<()> {
    let (given, name) = (Given::default(), name(names)?);
    let session = Rc::new(Session {
        given: &given,
        needs: RefCell::default(),
        warnings: RefCell::default(),
        until: Cell::default(),
    });
    let loader = Loader::new(session, tree, path, "", true)?;
    let made = match sort {
        Sort::ConfigMap => {
            let mut all = kustomization.config_map_generator.iter();
            let args = all.find(|args| args.is(name, &flags.namespace));
            args.map(|args| generate::config_map(&loader, args))
        }
        Sort::Secret => {
            let mut all = kustomization.secret_generator.iter();
            let args = all.find(|args| args.is(name, &flags.namespace));
            args.map(|args| generate::secret(&loader, args))
        }
    };
    let what = if sort == Sort::ConfigMap { "configmap" } else { "secret" };
    made.transpose().map(drop).during(|| format!("failed to create {what}"))
}

/// Changes literals of the config map `name`, or its namespace.
///
/// # Errors
/// If there is no such config map or literal.
pub fn set_config_map(
    kustomization: &mut Kustomization,
    names: &[String],
    flags: &GeneratorFlags,
) -> Result<()> {
    let name = check_set(names, flags)?;
    let list = &mut kustomization.config_map_generator;
    let Some(args) = list.iter_mut().find(|a| a.is(name, &flags.namespace)) else {
        return Err(Error::told(format!(
            "failed to create configmap: could not set new ConfigMap value: unable to find \
             ConfigMap with name {}",
            go::quote(name)
        )));
    };
    set(args, flags, kustomization.generator_options.as_ref())
        .during(|| "failed to create configmap: failed to update literal sources".to_owned())
}

/// Changes literals of the secret `name`, or its namespace.
///
/// # Errors
/// If there is no such secret or literal.
pub fn set_secret(
    kustomization: &mut Kustomization,
    names: &[String],
    flags: &GeneratorFlags,
) -> Result<()> {
    let name = check_set(names, flags)?;
    let list = &mut kustomization.secret_generator;
    let Some(args) = list.iter_mut().find(|a| a.is(name, &flags.namespace)) else {
        return Err(Error::told(format!(
            "failed to create secret: could not set new Secret value: unable to find Secret with \
             name {}",
            go::quote(name)
        )));
    };
    set(args, flags, kustomization.generator_options.as_ref())
        .during(|| "failed to create secret: failed to update literal sources".to_owned())
}

/// Removes generators by their names, divided by commas. The names that were not found come back.
///
/// # Errors
/// If there is not one argument, or none was found.
pub fn remove_generators(
    kustomization: &mut Kustomization,
    sort: Sort,
    names: &[String],
    namespace: &str,
) -> Result<Vec<String>> {
    let what = match sort {
        Sort::ConfigMap => "configmap",
        Sort::Secret => "secret",
    };
    let names: Vec<&str> = match names {
        [] => return Err(Error::told(format!("at least one {what} name must be specified"))),
        [names] => names.split(',').collect(),
        many => {
            return Err(Error::told(format!(
                "too many arguments: [{}]; to provide multiple {what}s to remove, please separate \
                 {what} names by commas",
                many.join(" ")
            )));
        }
    };
    let found = match sort {
        Sort::ConfigMap => remove(&mut kustomization.config_map_generator, &names, namespace),
        Sort::Secret => remove(&mut kustomization.secret_generator, &names, namespace),
    };
    if found.is_empty() {
        return Err(Error::told(format!(
            "no specified {what}(s) were found in the kustomization.yaml file"
        )));
    }
    let missing = names.into_iter().filter(|name| !found.contains(name));
    Ok(missing.map(|name| format!("{what} {name} doesn't exist in kustomization file")).collect())
}

fn remove<'n, A: Args>(list: &mut Vec<A>, names: &[&'n str], namespace: &str) -> Vec<&'n str> {
    let mut found = Vec::new();
    list.retain(|args| match names.iter().find(|name| args.is(name, namespace)) {
        Some(name) => {
            found.push(*name);
            false
        }
        None => true,
    });
    found
}

fn name(names: &[String]) -> Result<&str> {
    match names {
        [name] => Ok(name),
        _ => Err(Error::told("name must be specified once")),
    }
}

fn check_add(flags: &GeneratorFlags) -> Result<()> {
    let GeneratorFlags { literals, files, env_file, behavior, .. } = flags;
    if env_file.is_empty() && files.is_empty() && literals.is_empty() {
        return Err(Error::told(
            "at least from-env-file, or from-file or from-literal must be set",
        ));
    }
    let others = !files.is_empty() || !literals.is_empty();
    if !env_file.is_empty() && others {
        return Err(Error::told("from-env-file cannot be combined with from-file or from-literal"));
    }
    if !matches!(behavior.as_str(), "" | "create" | "merge" | "replace") {
        return Err(Error::told(
            "invalid behavior: must be one of \"create\", \"merge\", or \"replace\"",
        ));
    }
    Ok(())
}

fn check_set<'n>(names: &'n [String], flags: &GeneratorFlags) -> Result<&'n str> {
    let name = name(names).and_then(|name| {
        if flags.literals.is_empty() && flags.new_namespace.is_empty() {
            return Err(Error::told(
                "at least one of [--from-literal, --new-namespace] must be specified",
            ));
        }
        Ok(name)
    });
    name.during(|| "failed to validate flags".to_owned())
}

fn add(args: &mut impl Args, flags: &GeneratorFlags, global: Option<&GeneratorOptions>) {
    args.literals().extend(flags.literals.iter().cloned());
    args.files().extend(flags.files.iter().cloned());
    if !flags.env_file.is_empty() {
        args.envs().push(flags.env_file.clone());
    }
    if flags.disable_name_suffix_hash {
        let disable_name_suffix_hash = true;
        *args.options() =
            Some(GeneratorOptions { disable_name_suffix_hash, ..GeneratorOptions::default() });
    }
    if !flags.behavior.is_empty() {
        args.behavior().clone_from(&flags.behavior);
    }
    merge_options(args.options(), global);
}

/// The tool writes the options of all generators into the one that it changes.
fn merge_options(local: &mut Option<GeneratorOptions>, global: Option<&GeneratorOptions>) {
    let Some(global) = global else { return };
    let local = local.get_or_insert_default();
    for (key, value) in &global.labels {
        local.labels.entry(key.clone()).or_insert_with(|| value.clone());
    }
    for (key, value) in &global.annotations {
        local.annotations.entry(key.clone()).or_insert_with(|| value.clone());
    }
    local.disable_name_suffix_hash |= global.disable_name_suffix_hash;
    local.immutable |= global.immutable;
}

fn set(
    args: &mut impl Args,
    flags: &GeneratorFlags,
    global: Option<&GeneratorOptions>,
) -> Result<()> {
    let key = |literal: &str| match literal.split('=').collect::<Vec<_>>()[..] {
        [key, _] => Ok(key.to_owned()),
        _ => Err(Error::told(
            "failed to update resource: invalid format: literal values must be specified in the \
             key=value format",
        )),
    };
    if !flags.literals.is_empty() {
        let present =
            args.literals().iter().map(|literal| key(literal)).collect::<Result<Vec<_>>>()?;
        for literal in &flags.literals {
            let key = key(literal)?;
            let Some(at) = present.iter().rposition(|k| *k == key) else {
                return Err(Error::told(format!("key '{key}' not found in resource")));
            };
            args.literals()[at].clone_from(literal);
        }
    }
    if !flags.new_namespace.is_empty() {
        args.namespace().clone_from(&flags.new_namespace);
    }
    merge_options(args.options(), global);
    Ok(())
}
