//! The flags that `argocd-cm` has overlays built with.

use std::collections::BTreeMap;

/// Flags by the version of Kustomize that they are for; empty is all others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildOptions(BTreeMap<String, String>);

impl BuildOptions {
    /// `kustomize.buildOptions`, and `kustomize.buildOptions.VERSION`.
    pub fn read(config: &BTreeMap<String, String>) -> Self {
        let options = config.iter().filter_map(|(key, value)| {
            let version = key.strip_prefix("kustomize.buildOptions")?;
            let version = if version.is_empty() { "" } else { version.strip_prefix('.')? };
            Some((version.to_owned(), value.trim().to_owned()))
        });
        Self(options.collect())
    }

    /// The flags for an application that asks for this version; empty is none in particular.
    pub fn of(&self, version: &str) -> &str {
        self.0.get(version).or_else(|| self.0.get("")).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_version_else_of_all() {
        let config = [
            ("kustomize.buildOptions", "--enable-helm "),
            ("kustomize.buildOptions.v5", "--load-restrictor X"),
            ("kustomize.buildOptionsOther", "never"),
        ];
        let config = config.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let options = BuildOptions::read(&config);
        assert_eq!(options.of("v5"), "--load-restrictor X");
        assert_eq!(options.of("v4"), "--enable-helm");
        assert_eq!(BuildOptions::default().of(""), "");
    }
}
