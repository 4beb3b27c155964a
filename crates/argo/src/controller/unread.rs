//! Keys of the settings that are set and do nothing yet.

use std::collections::BTreeMap;

/// Keys of `argocd-cm` that are read; `*` stands for the rest of a key.
const CONFIG: &[&str] = &[
    "application.instanceLabelKey",
    "application.resourceTrackingMethod",
    "application.sync.impersonation.enabled",
    "cluster.inClusterEnabled",
    "globalProjects",
    "helm.enable",
    "helm.valuesFileSchemes",
    "installationID",
    "jsonnet.enable",
    "kustomize.buildOptions",
    "kustomize.buildOptions.*",
    "kustomize.enable",
    "kustomize.path.*",
    "kustomize.version.*",
    "resource.compareoptions",
    "resource.customizations",
    "resource.customizations.*",
    "resource.excludeEventLabelKeys",
    "resource.exclusions",
    "resource.ignoreResourceUpdatesEnabled",
    "resource.includeEventLabelKeys",
    "resource.inclusions",
    "resource.respectRBAC",
    "resource.sensitive.mask.annotations",
    "timeout.hard.reconciliation",
    "timeout.reconciliation",
    "timeout.reconciliation.jitter",
    "webhook.maxPayloadSizeMB",
];

/// Keys of `argocd-cmd-params-cm` that are read.
const PARAMETERS: &[&str] = &[
    "application.namespaces",
    "controller.diff.server.side",
    "controller.ignore.normalizer.jq.timeout",
    "controller.repo.error.grace.period.seconds",
    "controller.resource.health.persist",
    "controller.self.heal.backoff.cap.seconds",
    "controller.self.heal.backoff.cooldown.seconds",
    "controller.self.heal.backoff.factor",
    "controller.self.heal.backoff.timeout.seconds",
    "controller.self.heal.timeout.seconds",
    "controller.sync.timeout.seconds",
    "controller.sync.wave.delay.seconds",
    "reposerver.disable.helm.manifest.max.extracted.size",
    "reposerver.disable.oci.manifest.max.extracted.size",
    "reposerver.enable.git.submodule",
    "reposerver.git.request.timeout",
    "reposerver.helm.manifest.max.extracted.size",
    "reposerver.max.combined.directory.manifests.size",
    "reposerver.oci.layer.media.types",
    "reposerver.oci.manifest.max.extracted.size",
];

/// What sentences of the log name: the keys of a map that are set and not read.
pub(crate) fn unread(
    config: &BTreeMap<String, String>,
    parameters: &BTreeMap<String, String>,
) -> Vec<String> {
    let mut found = Vec::new();
    for (map, data, known) in
        [("argocd-cm", config, CONFIG), ("argocd-cmd-params-cm", parameters, PARAMETERS)]
    {
        let is_known = |key: &str| {
            known.iter().any(|known| match known.strip_suffix('*') {
                Some(start) => key.starts_with(start),
                None => key == *known,
            })
        };
        let keys: Vec<&str> =
            data.keys().map(String::as_str).filter(|key| !is_known(key)).collect();
        if !keys.is_empty() {
            found.push(format!("{map} sets what Windlass does not read yet: {}", keys.join(", ")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_do_nothing_are_named() {
        let map =
            |keys: &[&str]| keys.iter().map(|key| ((*key).to_owned(), String::new())).collect();
        let config = map(&[
            "dex.config",
            "installationID",
            "kustomize.buildOptions.v5",
            "resource.customizations.health.all",
            "url",
        ]);
        let parameters = map(&["application.namespaces"]);
        assert_eq!(
            unread(&config, &parameters),
            ["argocd-cm sets what Windlass does not read yet: dex.config, url"]
        );
        let parameters = map(&["controller.status.processors"]);
        assert_eq!(unread(&map(&[]), &parameters).len(), 1);
    }
}
