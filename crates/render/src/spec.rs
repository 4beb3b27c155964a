//! What to render, and how.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use windlass_helm::Draws;
use windlass_object::{Value, patch, yaml};
use windlass_tree::{Tree, TreeError, TreePath};

use crate::{Diagnostic, HelmOptions, JsonnetOptions, KustomizeOptions, Reason, SourceType};

/// The longest override file, in bytes.
const MAX_OVERRIDE_BYTES: u64 = 1 << 20;

/// What to render, and how. Equal specs render equal trees equally.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// The application's directory.
    pub path: TreePath,
    /// Options by renderer.
    pub blocks: Blocks,
    /// Names of files in the application's directory that override `blocks` by JSON merge patch,
    /// later ones last, where they exist.
    pub overrides: Vec<String>,
    /// How many bytes all manifest files may have together; 0 is no bound.
    pub max_bytes: u64,
    /// What it is rendered for.
    pub installation: Installation,
    /// The build environment, less what tells the revision.
    pub environment: BTreeMap<String, String>,
    /// Other sources by `$name`, for files that are named as theirs. With any, even with none of
    /// them, a name that begins with a dollar sign is a reference; without, it is the environment's.
    pub references: Option<BTreeMap<String, Reference>>,
    /// The flags that overlays are built with.
    pub kustomize_build_options: String,
    /// The versions of Kustomize that an application may ask for; without, it may ask for any. All are
    /// built by the one that is here.
    pub kustomize_versions: Option<BTreeSet<String>>,
    /// Kinds of sources that are taken for plain directories; with [`SourceType::Directory`] Jsonnet
    /// is passed over.
    pub disabled: Vec<SourceType>,
    /// Schemes of addresses that files of values may have.
    pub value_file_schemes: Vec<String>,
}

/// What a tree is rendered for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installation {
    /// The application's name, which is a release's if it has none of its own.
    pub name: String,
    /// The destination namespace.
    pub namespace: String,
    /// Where the random draws of charts come from. Without it no chart is rendered: there is no
    /// default that could not be guessed.
    pub draws: Option<Draws>,
}

/// Another source of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its repository's address.
    pub repository: String,
    /// Its revision.
    pub revision: String,
    /// Whether it is a chart of a repository, which has no files to refer to.
    pub is_chart: bool,
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Reads `null` as the default, as Go does.
pub(crate) fn null_default<'de, D, T>(d: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// The options that an application's source gives, at most one block of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Blocks {
    /// For plain directories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<Directory>,
    /// For Helm charts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<HelmOptions>,
    /// For Kustomize overlays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<KustomizeOptions>,
    /// For config management plugins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Value>,
}

/// How to read a plain directory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Directory {
    /// Whether directories below are read too.
    pub recurse: bool,
    /// Glob of the files to take, by path from the application's directory; empty is all.
    pub include: String,
    /// Glob of the files to leave out; wins over `include`.
    pub exclude: String,
    /// Options of Jsonnet files.
    #[serde(skip_serializing_if = "is_default", deserialize_with = "null_default")]
    pub jsonnet: JsonnetOptions,
    /// Whether files of any extension are manifests.
    pub disable_extension_filter: bool,
}

impl Default for Spec {
    /// The root of the tree, found out by looking, with Argo CD's bound.
    fn default() -> Self {
        Self {
            path: TreePath::root(),
            blocks: Blocks::default(),
            overrides: vec![".argocd-source.yaml".to_owned()],
            max_bytes: 10_000_000,
            disabled: Vec::new(),
            value_file_schemes: ["https", "http"].map(str::to_owned).to_vec(),
            installation: Installation::default(),
            environment: BTreeMap::new(),
            references: None,
            kustomize_build_options: String::new(),
            kustomize_versions: None,
        }
    }
}

impl Spec {
    /// The directory at `path` as Argo CD reads it for the application of this instance name:
    /// `name`, or `namespace_name` of one beside the control namespace.
    pub fn for_application(path: TreePath, blocks: Blocks, instance: &str) -> Self {
        let mut spec = Self { path, blocks, ..Self::default() };
        spec.overrides.push(format!(".argocd-source-{instance}.yaml"));
        let name = instance.rsplit_once('_').map_or(instance, |(_, name)| name);
        spec.installation.name = name.to_owned();
        spec
    }

    pub(crate) fn with_overrides(
        &self,
        tree: &dyn Tree,
        root: &TreePath,
    ) -> Result<Blocks, Diagnostic> {
        let mut blocks = self.blocks.clone();
        for name in &self.overrides {
            let fail = |path: &TreePath, problem: String| {
                Diagnostic::of_file(path, Reason::Overrides(problem))
            };
            let path = root.join(name).map_err(|e| fail(root, e.to_string()))?;
            let (real, entry) = match windlass_tree::resolve(tree, &path) {
                Ok(found) => found,
                Err(TreeError::NotFound { .. }) => continue,
                Err(e) => return Err(fail(&path, e.to_string())),
            };
            if !entry.kind.is_file() {
                continue;
            }
            let text =
                tree.read(&real, MAX_OVERRIDE_BYTES).map_err(|e| fail(&path, e.to_string()))?;
            let change = yaml::parse_one(&text, &yaml::Options::default()).map_err(|e| {
                Diagnostic::at(&path, e.at, Reason::Overrides(e.problem.to_string()))
            })?;
            let mut merged =
                serde_json::to_value(&blocks).map_err(|e| fail(&path, e.to_string()))?;
            patch::apply_merge_patch(&mut merged, &change);
            blocks = Blocks::deserialize(merged).map_err(|e| fail(&path, e.to_string()))?;
        }
        Ok(blocks)
    }
}
