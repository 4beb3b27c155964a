//! A kind whose health is the `phase` of its status, for stories that decide how something ends.

use anyhow::Result;
use windlass_object::json;

use crate::ApiClient;

/// Defines it, as Argo Workflows names it, and waits until it is served.
pub fn define_workflows(api: &ApiClient) -> Result<()> {
    api.apply(&json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "workflows.argoproj.io"},
        "spec": {
            "group": "argoproj.io", "scope": "Namespaced",
            "names": {"kind": "Workflow", "plural": "workflows", "singular": "workflow",
                "listKind": "WorkflowList"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object",
                    "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    }))?;
    let definition = "apiextensions.k8s.io/v1/CustomResourceDefinition";
    let wanted = (definition, "", "workflows.argoproj.io");
    api.wait("the kind of workflows is served", wanted, |definition| {
        definition["status"]["conditions"].as_array().is_some_and(|all| all.len() > 1)
    })?;
    Ok(())
}

/// A hook that runs until the story says how it ended.
pub fn workflow_hook(name: &str, phase: &str, policy: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata:\n  name: {name}\n  \
         annotations:\n    argocd.argoproj.io/hook: {phase}\n    \
         argocd.argoproj.io/hook-delete-policy: {policy}\n"
    )
}
