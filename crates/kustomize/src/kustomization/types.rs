//! The fields of a kustomization, as kustomize's types name them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::decode::record;
use crate::id::Gvk;

record! {
    /// A kustomization file.
    Kustomization = "Kustomization" {
        /// `kustomize.config.k8s.io/v1beta1`, or `/v1alpha1` for a component.
        api_version: String = "apiVersion",
        /// `Kustomization` or `Component`.
        kind: String = "kind",
        /// Of no effect.
        metadata: Option<ObjectMeta> = "metadata",
        /// `path` or `version`.
        openapi: BTreeMap<String, String> = "openapi",
        /// Put before all names.
        name_prefix: String = "namePrefix",
        /// Put behind all names.
        name_suffix: String = "nameSuffix",
        /// Set on all objects that can have one.
        namespace: String = "namespace",
        /// Set on all objects, their selectors and templates.
        common_labels: BTreeMap<String, String> = "commonLabels",
        /// Set on all objects.
        labels: Vec<Label> = "labels",
        /// Set on all objects and their templates.
        common_annotations: BTreeMap<String, String> = "commonAnnotations",
        /// Files, or patches themselves.
        patches_strategic_merge: Vec<String> = "patchesStrategicMerge",
        /// JSON patches.
        patches_json6902: Vec<Patch> = "patchesJson6902",
        /// Patches of either sort.
        patches: Vec<Patch> = "patches",
        /// Image names, tags and digests.
        images: Vec<Image> = "images",
        /// The older name of `images`.
        image_tags: Vec<Image> = "imageTags",
        /// Values copied from field to field.
        replacements: Vec<ReplacementField> = "replacements",
        /// Numbers of replicas by name.
        replicas: Vec<Replica> = "replicas",
        /// Values put in the place of `$(NAME)`.
        vars: Vec<Var> = "vars",
        /// The order of the output.
        sort_options: Option<SortOptions> = "sortOptions",
        /// Files, directories and repositories.
        resources: Vec<String> = "resources",
        /// Directories and repositories of components.
        components: Vec<String> = "components",
        /// Files of OpenAPI definitions with extensions.
        crds: Vec<String> = "crds",
        /// The older name of directories in `resources`.
        bases: Vec<String> = "bases",
        /// Config maps to make.
        config_map_generator: Vec<GeneratorArgs> = "configMapGenerator",
        /// Secrets to make.
        secret_generator: Vec<SecretArgs> = "secretGenerator",
        /// Where charts are.
        helm_globals: Option<HelmGlobals> = "helmGlobals",
        /// Charts to render.
        helm_charts: Vec<HelmChart> = "helmCharts",
        /// The older form of `helm_charts`.
        helm_chart_inflation_generator: Vec<HelmChartArgs> = "helmChartInflationGenerator",
        /// For all generators.
        generator_options: Option<GeneratorOptions> = "generatorOptions",
        /// Files of field paths.
        configurations: Vec<String> = "configurations",
        /// Files or texts of generators.
        generators: Vec<String> = "generators",
        /// Files or texts of transformers.
        transformers: Vec<String> = "transformers",
        /// Files or texts of validators.
        validators: Vec<String> = "validators",
        /// What to note in the output.
        build_metadata: Vec<String> = "buildMetadata",
    }
}

record! {
    /// Metadata of a configuration.
    ObjectMeta = "ObjectMeta" {
        /// Name.
        name: String = "name",
        /// Namespace.
        namespace: String = "namespace",
        /// Labels.
        labels: BTreeMap<String, String> = "labels",
        /// Annotations.
        annotations: BTreeMap<String, String> = "annotations",
    }
}

record! {
    /// Labels and where they go.
    Label = "Label" {
        /// The labels.
        pairs: BTreeMap<String, String> = "pairs",
        /// Whether selectors and templates get them too.
        include_selectors: bool = "includeSelectors",
        /// Whether templates get them too.
        include_templates: bool = "includeTemplates",
        /// Whether claim templates get them too.
        include_volume_claim_templates: bool = "includeVolumeClaimTemplates",
        /// More fields that get them.
        fields: Vec<FieldSpecArgs> = "fields",
    }
}

record! {
    /// A field path in a configuration.
    FieldSpecArgs = "FieldSpec" {
        /// Group.
        group: String = "group",
        /// Version.
        version: String = "version",
        /// Kind.
        kind: String = "kind",
        /// Path.
        path: String = "path",
        /// Whether the field is made.
        create: bool = "create",
    }
}

impl FieldSpecArgs {
    /// As transformers take it.
    pub fn spec(&self) -> crate::fieldspec::FieldSpec {
        let gvk = Gvk {
            group: self.group.clone(),
            version: self.version.clone(),
            kind: self.kind.clone(),
        };
        crate::fieldspec::FieldSpec { gvk, path: self.path.clone(), create: self.create }
    }
}

record! {
    /// A patch of either sort.
    Patch = "Patch" {
        /// Its file.
        path: String = "path",
        /// Itself.
        patch: String = "patch",
        /// What it is applied to.
        target: Option<Selector> = "target",
        /// What it may change.
        options: Option<PatchArgs> = "options",
    }
}

record! {
    /// What a patch may change.
    PatchArgs = "PatchArgs" {
        /// The name.
        allow_name_change: bool = "allowNameChange",
        /// The kind.
        allow_kind_change: bool = "allowKindChange",
    }
}

record! {
    /// Which resources: regular expressions for all but the last two.
    Selector = "Selector" {
        /// Group.
        group: String = "group",
        /// Version.
        version: String = "version",
        /// Kind.
        kind: String = "kind",
        /// Name.
        name: String = "name",
        /// Namespace.
        namespace: String = "namespace",
        /// A label selector over annotations.
        annotation_selector: String = "annotationSelector",
        /// A label selector.
        label_selector: String = "labelSelector",
    }
}

record! {
    /// An image's new name, tag or digest.
    Image = "Image" {
        /// The present name, without a tag.
        name: String = "name",
        /// The new name.
        new_name: String = "newName",
        /// Put behind the tag.
        tag_suffix: String = "tagSuffix",
        /// The new tag.
        new_tag: String = "newTag",
        /// The digest in place of a tag.
        digest: String = "digest",
    }
}

record! {
    /// A number of replicas.
    Replica = "Replica" {
        /// Of which resource.
        name: String = "name",
        /// How many.
        count: i64 = "count"; always,
    }
}

record! {
    /// A value that is copied, or the file that says so.
    ReplacementField = "ReplacementField" {
        /// Where it comes from.
        source: Option<SourceSelector> = "source",
        /// Where it goes.
        targets: Vec<TargetSelector> = "targets",
        /// The value itself.
        source_value: Option<String> = "sourceValue",
        /// A file of replacements.
        path: String = "path",
    }
}

record! {
    /// Where a value comes from.
    SourceSelector = "SourceSelector" {
        /// Group.
        group: String = "group",
        /// Version.
        version: String = "version",
        /// Kind.
        kind: String = "kind",
        /// Name.
        name: String = "name",
        /// Namespace.
        namespace: String = "namespace",
        /// The field; `metadata.name` if empty.
        field_path: String = "fieldPath",
        /// Which part of it.
        options: Option<FieldOptions> = "options",
    }
}

record! {
    /// Where a value goes.
    TargetSelector = "TargetSelector" {
        /// The resources.
        select: Option<Selector> = "select"; always,
        /// Those of them that are left alone.
        reject: Vec<Selector> = "reject",
        /// The fields; `metadata.name` if none.
        field_paths: Vec<String> = "fieldPaths",
        /// Which part of them.
        options: Option<FieldOptions> = "options",
    }
}

record! {
    /// Which part of a field.
    FieldOptions = "FieldOptions" {
        /// What the parts are divided by.
        delimiter: String = "delimiter",
        /// Which part.
        index: i64 = "index",
        /// How the value is encoded.
        encoding: String = "encoding",
        /// Whether the field is made.
        create: bool = "create",
    }
}

record! {
    /// A value put in the place of `$(NAME)`.
    Var = "Var" {
        /// The name.
        name: String = "name"; always,
        /// The resource that holds the value.
        objref: VarTarget = "objref",
        /// The field that holds it.
        fieldref: FieldSelector = "fieldref",
    }
}

record! {
    /// The resource that holds a var's value.
    VarTarget = "Target" {
        /// Group and version together.
        api_version: String = "apiVersion",
        /// Group.
        group: String = "group",
        /// Version.
        version: String = "version",
        /// Kind.
        kind: String = "kind",
        /// Name.
        name: String = "name"; always,
        /// Namespace.
        namespace: String = "namespace",
    }
}

record! {
    /// A field by path.
    FieldSelector = "FieldSelector" {
        /// Keys joined by dots.
        field_path: String = "fieldPath",
    }
}

record! {
    /// The order of the output.
    SortOptions = "SortOptions" {
        /// `legacy` or `fifo`.
        order: String = "order",
        /// Kinds that come first and last.
        legacy_sort_options: Option<LegacySortOptions> = "legacySortOptions",
    }
}

record! {
    /// Kinds that come first and last.
    LegacySortOptions = "LegacySortOptions" {
        /// First.
        order_first: Vec<String> = "orderFirst"; always,
        /// Last.
        order_last: Vec<String> = "orderLast"; always,
    }
}

record! {
    /// A config map to make.
    GeneratorArgs = "ConfigMapArgs" {
        /// Namespace.
        namespace: String = "namespace",
        /// Name, to which the hash is added.
        name: String = "name",
        /// `create`, `replace` or `merge`.
        behavior: String = "behavior",
        /// `key=value` each.
        literals: Vec<String> = "literals",
        /// `[key=]path` each.
        files: Vec<String> = "files",
        /// Files of `key=value` lines.
        envs: Vec<String> = "envs",
        /// One more of those.
        env: String = "env",
        /// For this one alone.
        options: Option<GeneratorOptions> = "options",
    }
}

record! {
    /// A secret to make: [`GeneratorArgs`] and a type.
    SecretArgs = "SecretArgs" {
        /// Namespace.
        namespace: String = "namespace",
        /// Name, to which the hash is added.
        name: String = "name",
        /// `create`, `replace` or `merge`.
        behavior: String = "behavior",
        /// `key=value` each.
        literals: Vec<String> = "literals",
        /// `[key=]path` each.
        files: Vec<String> = "files",
        /// Files of `key=value` lines.
        envs: Vec<String> = "envs",
        /// One more of those.
        env: String = "env",
        /// For this one alone.
        options: Option<GeneratorOptions> = "options",
        /// The secret's type; `Opaque` if empty.
        type_name: String = "type",
    }
}

record! {
    /// For generated config maps and secrets.
    GeneratorOptions = "GeneratorOptions" {
        /// Labels.
        labels: BTreeMap<String, String> = "labels",
        /// Annotations.
        annotations: BTreeMap<String, String> = "annotations",
        /// Whether the name is left without a hash.
        disable_name_suffix_hash: bool = "disableNameSuffixHash",
        /// Whether it is immutable.
        immutable: bool = "immutable",
    }
}

record! {
    /// Where charts are.
    HelmGlobals = "HelmGlobals" {
        /// The directory of charts; `charts` if empty.
        chart_home: String = "chartHome",
        /// Helm's own configuration, of no effect here.
        config_home: String = "configHome",
    }
}

record! {
    /// A chart to render.
    HelmChart = "HelmChart" {
        /// Its name.
        name: String = "name",
        /// Its version.
        version: String = "version",
        /// Its repository.
        repo: String = "repo",
        /// The release.
        release_name: String = "releaseName",
        /// The release's namespace.
        namespace: String = "namespace",
        /// More values files.
        additional_values_files: Vec<String> = "additionalValuesFiles",
        /// A values file.
        values_file: String = "valuesFile",
        /// Values.
        values_inline: Map<String, Value> = "valuesInline",
        /// `merge`, `override` or `replace`.
        values_merge: String = "valuesMerge",
        /// Whether CRDs are part of the output.
        include_crds: bool = "includeCRDs",
        /// Whether hooks are left out.
        skip_hooks: bool = "skipHooks",
        /// API versions that the cluster has.
        api_versions: Vec<String> = "apiVersions",
        /// The cluster's version.
        kube_version: String = "kubeVersion",
        /// A template for the release's name.
        name_template: String = "nameTemplate",
        /// Whether tests are left out.
        skip_tests: bool = "skipTests",
        /// Of no effect here.
        debug: bool = "debug",
        /// Whether prereleases count.
        devel: bool = "devel",
    }
}

record! {
    /// The older form of [`HelmChart`].
    HelmChartArgs = "HelmChartArgs" {
        /// Its name.
        chart_name: String = "chartName",
        /// Its version.
        chart_version: String = "chartVersion",
        /// Its repository.
        chart_repo_url: String = "chartRepoUrl",
        /// The directory of charts.
        chart_home: String = "chartHome",
        /// Of no effect.
        chart_repo_name: String = "chartRepoName",
        /// Of no effect.
        helm_bin: String = "helmBin",
        /// Of no effect.
        helm_home: String = "helmHome",
        /// A values file.
        values: String = "values",
        /// Values.
        values_local: Map<String, Value> = "valuesLocal",
        /// `merge`, `override` or `replace`.
        values_merge: String = "valuesMerge",
        /// The release.
        release_name: String = "releaseName",
        /// Of no effect.
        release_namespace: String = "releaseNamespace",
        /// Of no effect.
        extra_args: Vec<String> = "extraArgs",
    }
}

impl Selector {
    /// Group, version and kind, each a regular expression.
    pub fn gvk(&self) -> Gvk {
        Gvk { group: self.group.clone(), version: self.version.clone(), kind: self.kind.clone() }
    }
}
