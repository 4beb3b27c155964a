//! How the settings have sources built.

use std::collections::{BTreeMap, BTreeSet};

use windlass_object::quantity::Quantity;
use windlass_render::{SourceType, Spec};

type Data = BTreeMap<String, String>;

/// How sources are built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions {
    /// Flags by the version of Kustomize that they are for; empty is all others.
    flags: BTreeMap<String, String>,
    /// The versions of Kustomize that have a path; none where the settings are not known.
    versions: Option<BTreeSet<String>>,
    /// Kinds of sources that are taken for plain directories.
    disabled: Vec<SourceType>,
    /// Bytes of a directory's manifests; none is the default, zero is no bound.
    max_bytes: Option<u64>,
    /// Schemes of addresses that files of values may have; none is the default.
    schemes: Option<Vec<String>>,
}

impl BuildOptions {
    /// From the data of `argocd-cm` and `argocd-cmd-params-cm`: `kustomize.buildOptions`,
    /// `kustomize.buildOptions.VERSION`, `kustomize.path|version.VERSION` (whose paths nothing is run
    /// from), `helm|kustomize|jsonnet.enable`, `helm.valuesFileSchemes` and
    /// `reposerver.max.combined.directory.manifests.size`.
    pub fn read(config: &Data, parameters: &Data) -> Self {
        let flags = config.iter().filter_map(|(key, value)| {
            let version = key.strip_prefix("kustomize.buildOptions")?;
            let version = if version.is_empty() { "" } else { version.strip_prefix('.')? };
            Some((version.to_owned(), value.trim().to_owned()))
        });
        let versions = config.keys().filter_map(|key| {
            let old = key.strip_prefix("kustomize.version.");
            key.strip_prefix("kustomize.path.").or(old).map(str::to_owned)
        });
        let kinds = [
            ("helm.enable", SourceType::Helm),
            ("kustomize.enable", SourceType::Kustomize),
            ("jsonnet.enable", SourceType::Directory),
        ];
        let disabled = kinds.into_iter().filter_map(|(key, kind)| {
            let word = config.get(key)?;
            (!word.is_empty() && word != "true").then_some(kind)
        });
        Self {
            flags: flags.collect(),
            versions: Some(versions.collect()),
            disabled: disabled.collect(),
            max_bytes: bytes(parameters, "reposerver.max.combined.directory.manifests.size"),
            schemes: config.get("helm.valuesFileSchemes").map(|text| {
                let schemes = text.split(',').map(str::trim).filter(|scheme| !scheme.is_empty());
                schemes.map(str::to_owned).collect()
            }),
        }
    }

    /// The flags for an application that asks for this version; empty is none in particular.
    pub fn of(&self, version: &str) -> &str {
        self.flags.get(version).or_else(|| self.flags.get("")).map_or("", String::as_str)
    }

    /// Fills in what a source is built with that asks for this version of Kustomize.
    pub(crate) fn fill(&self, spec: &mut Spec, version: &str) {
        self.of(version).clone_into(&mut spec.kustomize_build_options);
        spec.kustomize_versions.clone_from(&self.versions);
        spec.disabled.clone_from(&self.disabled);
        spec.max_bytes = self.max_bytes.unwrap_or(spec.max_bytes);
        if let Some(schemes) = &self.schemes {
            spec.value_file_schemes.clone_from(schemes);
        }
    }
}

/// A size in bytes, written as a quantity; none where there is none.
pub(crate) fn bytes(data: &Data, key: &str) -> Option<u64> {
    let quantity: Quantity = data.get(key)?.trim().parse().ok()?;
    u64::try_from(quantity.scaled(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> Data {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn of_a_version_else_of_all() {
        let config = map(&[
            ("kustomize.buildOptions", "--enable-helm "),
            ("kustomize.buildOptions.v5", "--load-restrictor X"),
            ("kustomize.buildOptionsOther", "never"),
        ]);
        let options = BuildOptions::read(&config, &Data::new());
        assert_eq!(options.of("v5"), "--load-restrictor X");
        assert_eq!(options.of("v4"), "--enable-helm");
        assert_eq!(BuildOptions::default().of(""), "");
    }

    #[test]
    fn kinds_of_sources_are_switched_off_by_anything_but_true() {
        let config =
            map(&[("helm.enable", "no"), ("kustomize.enable", ""), ("jsonnet.enable", "true")]);
        let size = map(&[("reposerver.max.combined.directory.manifests.size", "1Ki")]);
        let mut spec = Spec::default();
        BuildOptions::read(&config, &size).fill(&mut spec, "");
        assert_eq!((spec.disabled, spec.max_bytes), (vec![SourceType::Helm], 1024));
        let mut spec = Spec::default();
        BuildOptions::read(&Data::new(), &Data::new()).fill(&mut spec, "");
        assert_eq!(spec, Spec { kustomize_versions: Some(BTreeSet::new()), ..Spec::default() });
    }

    #[test]
    fn versions_are_those_that_have_a_path() {
        let config = map(&[
            ("kustomize.path.v5.1.0", "/tools/one"),
            ("kustomize.version.v4", "/tools/two"),
            ("kustomize.buildOptions.v3", "--x"),
        ]);
        let mut spec = Spec::default();
        BuildOptions::read(&config, &Data::new()).fill(&mut spec, "");
        let versions = ["v4", "v5.1.0"].map(str::to_owned);
        assert_eq!(spec.kustomize_versions, Some(BTreeSet::from(versions)));
        BuildOptions::default().fill(&mut spec, "");
        assert_eq!(spec.kustomize_versions, None);
    }
}
