//! A built-in generator or transformer that is configured by a resource, as `generators`,
//! `transformers` and `validators` list them: chosen by its kind.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::builtin::add_hashes;
use crate::charts;
use crate::error::{Error, Result};
use crate::fieldspec::FieldSpec;
use crate::generate;
use crate::kustomization::decode::{Decode, decode, record};
use crate::kustomization::{
    FieldSpecArgs, GeneratorArgs, Image, ObjectMeta, Patch, PatchArgs, ReplacementField, Replica,
    SecretArgs, Selector,
};
use crate::resmap::ResMap;
use crate::resource::{Origin, Resource};
use crate::target::Target;
use crate::transform::namespace::{Namespace, Subjects};
use crate::transform::{
    annotations, images, json6902, labels, namespace, patch, prefix_suffix, replacements, replicas,
    value_add,
};

/// A generator or transformer that is configured by a resource.
#[derive(Debug)]
pub(crate) struct Plugin {
    config: Resource,
    pub(crate) origin: Option<Origin>,
}

impl Plugin {
    pub(crate) fn new(config: Resource) -> Result<Self> {
        if config.api_version() != "builtin" {
            return Err(Error::told(format!(
                "external plugins disabled; unable to load external plugin '{}'",
                config.kind()
            )));
        }
        let origin = config.origin.as_ref().map(|origin| Origin {
            path: String::new(),
            configured_in: origin.path.clone(),
            configured_by: [config.api_version(), config.kind(), config.name(), config.namespace()]
                .map(str::to_owned),
            ..origin.clone()
        });
        Ok(Self { config, origin })
    }

    /// The configuration as a struct.
    fn read<T: Decode>(&self) -> Result<T> {
        decode(&self.config.value, false).map_err(|problem| {
            let mut e =
                Error::told(format!("error unmarshaling JSON: while decoding JSON: {problem}"));
            if self.config.kind() == "NamespaceTransformer" {
                e = e.during("unmarshalling NamespaceTransformer config");
            }
            e.during(format!("plugin {} fails configuration", self.id()))
        })
    }

    fn id(&self) -> String {
        let none =
            |text: &str, or: &str| if text.is_empty() { or.to_owned() } else { text.to_owned() };
        let config = &self.config;
        format!(
            "{}/{}.{}",
            config.gvk(),
            none(config.name(), "[noName]"),
            none(config.namespace(), "[noNs]")
        )
    }

    fn fails(&self, problem: &str) -> Error {
        Error::told(problem).during(format!("plugin {} fails configuration", self.id()))
    }

    /// Runs it as a generator.
    pub(crate) fn generate(&self, target: &Target<'_>) -> Result<Vec<Resource>> {
        let loader = &target.loader;
        match self.config.kind() {
            "ConfigMapGenerator" => {
                let mut args: GeneratorArgs = self.read()?;
                self.default_name(&mut args.name, &mut args.namespace);
                Ok(vec![generate::config_map(loader, &args)?])
            }
            "SecretGenerator" => {
                let mut args: SecretArgs = self.read()?;
                self.default_name(&mut args.name, &mut args.namespace);
                Ok(vec![generate::secret(loader, &args)?])
            }
            "IAMPolicyGenerator" => self.iam_policy(),
            "HelmChartInflationGenerator" => {
                let failing = |e: Error, _: &_| {
                    e.during(format!("plugin {} fails configuration", self.id()))
                        .during("failed to load generator")
                        .during("loading generator plugins")
                };
                charts::generate(target, &self.read()?, &self.read()?, &failing)
            }
            kind => {
                let is_affix = kind.ends_with("fixTransformer");
                let e =
                    if is_affix && self.config.value.get("fieldSpecs").is_none_or(Value::is_null) {
                        self.fails("fieldSpecs is not expected to be nil")
                    } else {
                        Error::told(format!("plugin {} not a generator", self.id()))
                    };
                Err(e.during("failed to load generator").during("loading generator plugins"))
            }
        }
    }

    fn default_name(&self, name: &mut String, namespace: &mut String) {
        if name.is_empty() {
            self.config.name().clone_into(name);
        }
        if namespace.is_empty() {
            self.config.namespace().clone_into(namespace);
        }
    }

    fn iam_policy(&self) -> Result<Vec<Resource>> {
        let args: IamPolicy = self.read()?;
        if args.cloud != "gke" {
            return Err(Error::told(format!("cloud provider {} not supported yet", args.cloud)));
        }
        let account = format!(
            "{}@{}.iam.gserviceaccount.com",
            args.service_account.name, args.service_account.project_id
        );
        let mut resource = Resource::new(json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {
                "annotations": {"iam.gke.io/gcp-service-account": account},
                "name": args.kubernetes_service.name,
            },
        }));
        resource.set_namespace(&args.kubernetes_service.namespace);
        Ok(vec![resource])
    }

    /// Runs it as a transformer.
    pub(crate) fn transform(&self, target: &Target<'_>, map: &mut ResMap) -> Result<()> {
        let loader = &target.loader;
        match self.config.kind() {
            "AnnotationsTransformer" => {
                let args: AnnotationsConfig = self.read()?;
                annotations::transform(map, &args.annotations, &specs(&args.field_specs))
            }
            "LabelTransformer" => {
                let args: LabelsConfig = self.read()?;
                labels::transform(map, &args.labels, &specs(&args.field_specs))
            }
            "HashTransformer" => add_hashes(map),
            "ImageTagTransformer" => {
                let args: ImageConfig = self.read()?;
                images::transform(map, &args.image_tag, &specs(&args.field_specs))
            }
            "NamespaceTransformer" => namespace::transform(map, &self.namespace_config()?),
            "PatchJson6902Transformer" => {
                let args: Json6902Config = self.read()?;
                json6902::transform(map, loader, args.target.as_ref(), &args.path, &args.json_op)
            }
            "PatchStrategicMergeTransformer" => {
                let args: StrategicConfig = self.read()?;
                let mut patches = args.paths;
                if !args.patches.is_empty() {
                    patches.push(args.patches);
                }
                if patches.is_empty() {
                    return Err(self.fails("empty file path and empty patch content"));
                }
                patch::strategic_merge(map, loader, &patches)
            }
            "PatchTransformer" => {
                let args: PatchConfig = self.read()?;
                let args = Patch {
                    path: args.path,
                    patch: args.patch,
                    target: args.target,
                    options: args.options,
                };
                patch::transform(map, loader, &args)
            }
            kind @ ("PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer") => {
                let args: AffixConfig = self.read()?;
                if self.config.value.get("fieldSpecs").is_none_or(Value::is_null) {
                    return Err(self.fails("fieldSpecs is not expected to be nil"));
                }
                let specs = specs(&args.field_specs);
                if kind != "SuffixTransformer" {
                    prefix_suffix::prefix(map, &args.prefix, &specs)?;
                }
                if kind != "PrefixTransformer" {
                    prefix_suffix::suffix(map, &args.suffix, &specs)?;
                }
                Ok(())
            }
            "ReplacementTransformer" => {
                let args: ReplacementConfig = self.read()?;
                replacements::transform(map, loader, &args.replacements)
            }
            "ReplicaCountTransformer" => {
                let args: ReplicaConfig = self.read()?;
                replicas::transform(map, &args.replica, &specs(&args.field_specs))
            }
            "ValueAddTransformer" => value_add::transform(map, loader, &self.read()?),
            "ConfigMapGenerator"
            | "SecretGenerator"
            | "IAMPolicyGenerator"
            | "HelmChartInflationGenerator" => {
                Err(Error::told(format!("plugin {} not a transformer", self.id())))
            }
            _ => Err(Error::told(format!("unable to load builtin {}", self.config.gvk()))),
        }
    }

    fn namespace_config(&self) -> Result<Namespace> {
        let args: NamespaceConfig = self.read()?;
        let subjects = match args.set_role_binding_subjects.as_str() {
            "" | "defaultOnly" => Subjects::DefaultOnly,
            "allServiceAccounts" => Subjects::AllServiceAccounts,
            "none" => Subjects::Untouched,
            other => {
                return Err(self.fails(&format!(
                    "invalid value {other:?} for setRoleBindingSubjects: must be one of \
                     \"defaultOnly\", \"allServiceAccounts\" or \"none\""
                )));
            }
        };
        Ok(Namespace {
            namespace: args.metadata.namespace,
            specs: specs(&args.field_specs),
            unset_only: args.unset_only,
            subjects,
        })
    }
}

fn specs(args: &[FieldSpecArgs]) -> Vec<FieldSpec> {
    args.iter().map(FieldSpecArgs::spec).collect()
}

record! {
    /// Of the AnnotationsTransformer.
    AnnotationsConfig = "AnnotationsTransformerPlugin" {
        /// What is set.
        annotations: BTreeMap<String, String> = "annotations",
        /// Where.
        field_specs: Vec<FieldSpecArgs> = "fieldSpecs",
    }
}

record! {
    /// Of the LabelTransformer.
    LabelsConfig = "LabelTransformerPlugin" {
        /// What is set.
        labels: BTreeMap<String, String> = "labels",
        /// Where.
        field_specs: Vec<FieldSpecArgs> = "fieldSpecs",
    }
}

record! {
    /// Of the ImageTagTransformer.
    ImageConfig = "ImageTagTransformerPlugin" {
        /// What is set.
        image_tag: Image = "imageTag",
        /// Where.
        field_specs: Vec<FieldSpecArgs> = "fieldSpecs",
    }
}

record! {
    /// Of the NamespaceTransformer.
    NamespaceConfig = "NamespaceTransformerPlugin" {
        /// Holds the namespace.
        metadata: ObjectMeta = "metadata",
        /// Where.
        field_specs: Vec<FieldSpecArgs> = "fieldSpecs",
        /// Whether only what is not set.
        unset_only: bool = "unsetOnly",
        /// Which subjects.
        set_role_binding_subjects: String = "setRoleBindingSubjects",
    }
}

record! {
    /// Of the PatchJson6902Transformer.
    Json6902Config = "PatchJson6902TransformerPlugin" {
        /// What is changed.
        target: Option<Selector> = "target",
        /// The patch's file.
        path: String = "path",
        /// The patch.
        json_op: String = "jsonOp",
    }
}

record! {
    /// Of the PatchStrategicMergeTransformer.
    StrategicConfig = "PatchStrategicMergeTransformerPlugin" {
        /// The patches' files.
        paths: Vec<String> = "paths",
        /// Patches.
        patches: String = "patches",
    }
}

record! {
    /// Of the PatchTransformer.
    PatchConfig = "PatchTransformerPlugin" {
        /// The patch's file.
        path: String = "path",
        /// The patch.
        patch: String = "patch",
        /// What is changed.
        target: Option<Selector> = "target",
        /// What may be changed.
        options: Option<PatchArgs> = "options",
    }
}

record! {
    /// Of the PrefixTransformer and SuffixTransformer.
    AffixConfig = "PrefixTransformerPlugin" {
        /// The prefix.
        prefix: String = "prefix",
        /// The suffix.
        suffix: String = "suffix",
        /// Where.
        field_specs: Vec<FieldSpecArgs> = "fieldSpecs",
    }
}

record! {
    /// Of the ReplacementTransformer.
    ReplacementConfig = "ReplacementTransformerPlugin" {
        /// What is copied.
        replacements: Vec<ReplacementField> = "replacements",
    }
}

record! {
    /// Of the ReplicaCountTransformer.
    ReplicaConfig = "ReplicaCountTransformerPlugin" {
        /// What is set.
        replica: Replica = "replica",
        /// Where.
        field_specs: Vec<FieldSpecArgs> = "fieldSpecs",
    }
}

record! {
    /// Of the IAMPolicyGenerator.
    IamPolicy = "IAMPolicyGeneratorPlugin" {
        /// The cloud.
        cloud: String = "cloud",
        /// The account in the cluster.
        kubernetes_service: IamService = "kubernetesService",
        /// The account in the cloud.
        service_account: IamAccount = "serviceAccount",
    }
}

record! {
    /// An account in the cluster.
    IamService = "KubernetesService" {
        /// Its name.
        name: String = "name",
        /// Its namespace.
        namespace: String = "namespace",
    }
}

record! {
    /// An account in the cloud.
    IamAccount = "ServiceAccount" {
        /// Its name.
        name: String = "name",
        /// Its project.
        project_id: String = "projectId",
    }
}
