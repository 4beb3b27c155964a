//! What a chart may know of the cluster, and what it can have looked at.

use windlass_helm::{Capabilities, Chart, Error, File, KubeVersion, Values};
use windlass_tree::{ClusterRead, ClusterVersions, Need};

use super::{Input, Stop};
use crate::Reason;

impl Input<'_> {
    /// The destination's versions, unless the source says others. As Argo CD does it, what Helm
    /// assumes without a cluster is there too.
    pub(crate) fn capabilities(&self) -> Result<Capabilities, Stop> {
        let options = self.options;
        let mut capabilities = Capabilities::default();
        let known = !options.kube_version.is_empty() && !options.api_versions.is_empty();
        let cluster = match self.given.cluster() {
            _ if known => None,
            None => return Err(Stop::Lacks(vec![Need::ClusterVersions])),
            Some(Err(why)) => {
                return Err(Stop::Because(Reason::Unavailable {
                    what: Need::ClusterVersions.to_string(),
                    why: why.to_owned(),
                }));
            }
            Some(Ok(versions)) => Some(versions),
        };
        let version = match cluster {
            Some(versions) if options.kube_version.is_empty() => &versions.kubernetes,
            _ => &options.kube_version,
        };
        if !version.is_empty() {
            let parse = |text: &str| {
                KubeVersion::parse(text).map_err(|error| {
                    let problem = match error {
                        Error::BadKubeVersion { reason, .. } => reason,
                        other => other.to_string(),
                    };
                    Stop::Because(Reason::KubeVersion { version: version.clone(), problem })
                })
            };
            // Argo CD passes the numbers alone.
            let bare = parse(version)?.text().trim_start_matches('v').to_owned();
            capabilities.kube_version = parse(&bare)?;
        }
        match cluster {
            Some(versions) if options.api_versions.is_empty() => {
                capabilities.api_versions.extend(versions.apis.iter().cloned());
            }
            _ => capabilities.api_versions.extend(options.api_versions.iter().cloned()),
        }
        Ok(capabilities)
    }

    /// What of the cluster's versions the chart can have looked at, told by its text: too much
    /// rather than too little.
    pub(crate) fn used(
        &self,
        chart: &Chart,
        values: &Values,
        versions: &ClusterVersions,
    ) -> ClusterRead {
        let mut looked = Looked::default();
        looked.chart(chart);
        looked.text(&serde_json::to_string(values.as_map()).unwrap_or_default());
        if looked.all {
            looked.version = true;
        }
        let version = looked.version && self.options.kube_version.is_empty();
        let apis = self.options.api_versions.is_empty();
        let everything = ClusterRead::everything(versions);
        ClusterRead {
            kubernetes: everything.kubernetes.filter(|_| version),
            has: looked
                .apis
                .into_iter()
                .filter(|_| apis)
                .map(|api| (api.clone(), versions.apis.contains(&api)))
                .collect(),
            all: everything.all.filter(|_| apis && looked.all),
        }
    }
}

#[derive(Default)]
struct Looked {
    version: bool,
    apis: Vec<String>,
    all: bool,
}

impl Looked {
    fn chart(&mut self, chart: &Chart) {
        self.version |= !chart.metadata.kube_version.is_empty();
        // Subcharts' files are among the raw ones, unless they are in an archive.
        chart.raw.iter().map(File::text).for_each(|text| self.text(&text));
        for dependency in &chart.dependencies {
            self.chart(dependency);
        }
    }

    fn text(&mut self, text: &str) {
        for (at, name) in text.match_indices("Capabilities") {
            let rest = &text[at + name.len()..];
            if let Some(rest) = rest.strip_prefix(".APIVersions.Has") {
                let rest = rest.trim_start();
                let quoted = rest.strip_prefix('"').or_else(|| rest.strip_prefix('`'));
                match quoted.and_then(|rest| rest.find(['"', '`']).map(|end| &rest[..end])) {
                    Some(api) => self.apis.push(api.to_owned()),
                    None => self.all = true,
                }
            } else if rest.starts_with(".KubeVersion") || rest.starts_with(".HelmVersion") {
                self.version = true;
            } else {
                self.all = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_chart_can_have_looked_at() {
        let check = |text: &str, version: bool, apis: &[&str], all: bool| {
            let mut looked = Looked::default();
            looked.text(text);
            assert_eq!(
                (looked.version, looked.apis.iter().map(String::as_str).collect(), looked.all),
                (version, apis.to_vec(), all),
                "{text}"
            );
        };
        check("{{ .Values.x }}", false, &[], false);
        check("{{ .Capabilities.KubeVersion.Minor }}", true, &[], false);
        check(r#"{{ .Capabilities.APIVersions.Has "a/v1/B" }}"#, false, &["a/v1/B"], false);
        check("{{ $.Capabilities.APIVersions.Has  `v1` }}", false, &["v1"], false);
        check("{{ .Capabilities.APIVersions.Has $x }}", false, &[], true);
        check("{{ range .Capabilities.APIVersions }}", false, &[], true);
        check(r#"{{ index . "Capabilities" }}"#, false, &[], true);
    }
}
