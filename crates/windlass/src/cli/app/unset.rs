//! `windlass app unset`.

use std::process::ExitCode;

use windlass_argo::types::Application;
use windlass_object::patch::create_merge_patch;
use windlass_object::{Object, Value, json};

use super::connection::Connection;
use super::set::position;
use super::validation::validate;
use crate::cli::argocd::prompt;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Take settings of an application's source away.
///
/// Examples:
///   windlass app unset guestbook -p image.tag
///   windlass app unset guestbook --kustomize-image alpine --namesuffix
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Name of the application.
    name: String,
    #[command(flatten)]
    what: What,
    /// Place of the source, from 1, where there are several.
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "N")]
    source_position: i64,
    /// Name of the source, where there are several.
    #[arg(long, default_value = "", value_name = "NAME")]
    source_name: String,
    /// Namespace of the application.
    #[arg(long, short = 'N', value_name = "NAMESPACE")]
    app_namespace: Option<String>,
}

#[derive(Debug, Default, clap::Args)]
struct What {
    /// A Helm parameter.
    #[arg(long, short, value_name = "NAME")]
    parameter: Vec<String>,
    /// A file of Helm values.
    #[arg(long, value_name = "FILE")]
    values: Vec<String>,
    /// Helm values in the application itself.
    #[arg(long)]
    values_literal: bool,
    /// That missing files of values do not matter.
    #[arg(long)]
    ignore_missing_value_files: bool,
    /// That credentials go to other hosts too.
    #[arg(long)]
    pass_credentials: bool,
    /// Kustomize's suffix of names.
    #[arg(long)]
    namesuffix: bool,
    /// Kustomize's prefix of names.
    #[arg(long)]
    nameprefix: bool,
    /// Kustomize's version.
    #[arg(long)]
    kustomize_version: bool,
    /// Kustomize's namespace.
    #[arg(long)]
    kustomize_namespace: bool,
    /// An image of Kustomize.
    #[arg(long, value_name = "NAME")]
    kustomize_image: Vec<String>,
    /// Replicas of Kustomize.
    #[arg(long, value_name = "NAME")]
    kustomize_replica: Vec<String>,
    /// That missing components do not matter.
    #[arg(long)]
    ignore_missing_components: bool,
    /// A variable of a plugin.
    #[arg(long, value_name = "NAME")]
    plugin_env: Vec<String>,
    /// The name by which other sources take values files from it.
    #[arg(long = "ref")]
    reference: bool,
}

/// Runs the command.
pub(crate) async fn run(connection: &Connection, args: Args) -> anyhow::Result<ExitCode> {
    let name = connection.name(&args.name, args.app_namespace.as_deref());
    let stored = connection.get(&name).await?;
    let before = stored.object.to_value();
    let mut after = before.clone();
    let source = args.source(&stored.app, &mut after)?;
    if args.what.says_nothing_of(source) {
        return Err(Failure::fatal("Please set at least one option to unset"));
    }
    if !args.what.remove(source) {
        return Ok(ExitCode::SUCCESS);
    }
    let changed = Application::from_object(&Object::try_from(after.clone())?)?;
    // As argocd: what is wrong already shall not keep anybody from mending it.
    validate(connection, &changed, false).await?;
    let question = "Are you sure you want to unset the parameters? [y/n]";
    if !prompt::confirm(connection.prompts, question)? {
        output::print_line("The command to unset the parameters has been cancelled.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut change = create_merge_patch(&before, &after);
    change["metadata"] = json!({"resourceVersion": stored.app.resource_version()});
    connection.patch(&name, &change).await?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    /// The source that is meant.
    fn source<'a>(&self, app: &Application, value: &'a mut Value) -> anyhow::Result<&'a mut Value> {
        let name = Some(self.source_name.as_str()).filter(|name| !name.is_empty());
        Ok(match position(app, self.source_position, name)? {
            None => &mut value["spec"]["source"],
            Some(at) => &mut value["spec"]["sources"][at],
        })
    }
}

impl What {
    /// Whether a source is of a kind that none of the flags is about.
    fn says_nothing_of(&self, source: &Value) -> bool {
        let is = |part: &str| source.get(part).is_some_and(|part| !part.is_null());
        let any = |flags: &[bool], lists: &[&Vec<String>]| {
            flags.contains(&true) || lists.iter().any(|list| !list.is_empty())
        };
        let of_kustomize = any(
            &[
                self.nameprefix,
                self.namesuffix,
                self.kustomize_version,
                self.kustomize_namespace,
                self.ignore_missing_components,
            ],
            &[&self.kustomize_image, &self.kustomize_replica],
        );
        let of_helm = any(
            &[self.values_literal, self.ignore_missing_value_files, self.pass_credentials],
            &[&self.parameter, &self.values],
        );
        !(self.reference && is("ref"))
            && ((is("kustomize") && !of_kustomize)
                || (is("helm") && !of_helm)
                || (is("plugin") && self.plugin_env.is_empty()))
    }

    /// Takes it away; whether there was something.
    fn remove(&self, source: &mut Value) -> bool {
        let mut changed = false;
        let mut drop = |part: &str, field: &str, wanted: bool| {
            let holder = if part.is_empty() { Some(&mut *source) } else { source.get_mut(part) };
            let holder = holder.and_then(Value::as_object_mut);
            changed |= wanted && holder.is_some_and(|map| map.remove(field).is_some());
        };
        drop("", "ref", self.reference);
        for (field, wanted) in [
            ("namePrefix", self.nameprefix),
            ("nameSuffix", self.namesuffix),
            ("version", self.kustomize_version),
            ("namespace", self.kustomize_namespace),
            ("ignoreMissingComponents", self.ignore_missing_components),
        ] {
            drop("kustomize", field, wanted);
        }
        for (field, wanted) in [
            ("values", self.values_literal),
            ("valuesObject", self.values_literal),
            ("ignoreMissingValueFiles", self.ignore_missing_value_files),
            ("passCredentials", self.pass_credentials),
        ] {
            drop("helm", field, wanted);
        }
        let text = |item: &Value| item.as_str().unwrap_or_default().to_owned();
        let by_name = |item: &Value| text(&item["name"]);
        let image = |item: &Value| {
            // NAME=NEW:TAG, NAME:TAG or NAME@DIGEST.
            let item = text(item);
            item.split(['=', ':', '@']).next().unwrap_or_default().to_owned()
        };
        type Name<'a> = &'a dyn Fn(&Value) -> String;
        let lists: [(&str, &str, &[String], Name<'_>); 5] = [
            ("helm", "parameters", &self.parameter, &by_name),
            ("helm", "valueFiles", &self.values, &text),
            ("kustomize", "images", &self.kustomize_image, &image),
            ("kustomize", "replicas", &self.kustomize_replica, &by_name),
            ("plugin", "env", &self.plugin_env, &by_name),
        ];
        for (part, field, names, key) in lists {
            let list = source.get_mut(part).and_then(|p| p.get_mut(field)?.as_array_mut());
            if let Some(list) = list {
                let count = list.len();
                list.retain(|item| !names.contains(&key(item)));
                changed |= list.len() < count;
            }
        }
        // As argocd: nothing is left of what says nothing.
        if let Some(source) = source.as_object_mut() {
            for part in ["helm", "kustomize"] {
                if let Some(Value::Object(fields)) = source.get_mut(part) {
                    fields.retain(|_, value| *value != json!([]));
                }
                if source.get(part) == Some(&json!({})) {
                    source.remove(part);
                }
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_away_what_is_named() {
        let mut source = json!({
            "ref": "values",
            "helm": {"parameters": [{"name": "a"}, {"name": "b"}], "valueFiles": ["x", "y"]},
            "kustomize": {"images": ["alpine:3", "node=x:1"], "nameSuffix": "-a"},
        });
        let what = What {
            parameter: vec!["a".into()],
            values: vec!["y".into()],
            kustomize_image: vec!["node".into()],
            namesuffix: true,
            reference: true,
            ..What::default()
        };
        assert!(what.remove(&mut source));
        let want = json!({
            "helm": {"parameters": [{"name": "b"}], "valueFiles": ["x"]},
            "kustomize": {"images": ["alpine:3"]},
        });
        assert_eq!(source, want);
        assert!(!what.remove(&mut source));
    }
}
