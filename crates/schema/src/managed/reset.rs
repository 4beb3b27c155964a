//! Which fields an endpoint does not write.

use windlass_object::GroupVersionKind;

use crate::fields::FieldSet;

/// The fields that an endpoint of a kind does not write (and whose owners it so does not change).
/// `has_status` tells whether a custom resource has a status subresource; built-in kinds are known.
pub fn reset_fields(gvk: &GroupVersionKind, subresource: &str, has_status: bool) -> FieldSet {
    let builtin = !gvk.group.contains('.') || gvk.group.ends_with(".k8s.io");
    let csr = gvk.kind == "CertificateSigningRequest" && gvk.group == "certificates.k8s.io";
    let paths: &[&[&str]] = match subresource {
        "" if csr => &[&["spec"], &["status"]],
        "" | "finalize" if builtin || has_status => &[&["status"]],
        "approval" if csr => &[&["spec"], &["status", "certificate"]],
        "status" if csr => &[&["spec"], &["status", "conditions"]],
        "status" => of_status(&gvk.group, &gvk.kind),
        _ => &[],
    };
    FieldSet::from_paths(paths.iter().copied())
}

/// The status endpoint of most kinds does not write the spec; of the younger kinds, and of custom
/// resources, it does not write the metadata either.
fn of_status(group: &str, kind: &str) -> &'static [&'static [&'static str]] {
    match (group, kind) {
        ("apps", "Deployment") => &[&["spec"], &["metadata", "labels"]],
        ("", "Pod") => {
            &[&["spec"], &["metadata", "deletionTimestamp"], &["metadata", "ownerReferences"]]
        }
        ("" | "apps" | "batch" | "autoscaling" | "policy", _)
        | ("networking.k8s.io", "Ingress")
        | ("certificates.k8s.io", "PodCertificateRequest") => &[&["spec"]],
        _ => &[&["metadata"], &["spec"]],
    }
}
