//! How resources differ in their handling, as the strategies of the real server's registry say.

use crate::catalog::ResourceType;

/// What moves `metadata.generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// Nothing: the field stays absent.
    None,
    /// A change of `spec`.
    Spec,
    /// A change of `spec` or of the annotations.
    SpecOrAnnotations,
    /// A change of anything but metadata and status.
    Content,
    /// Set to 1 on creation and left alone.
    Once,
}

/// What deleting an owner does to its dependents unless the client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// They go in the background.
    Background,
    /// They stay.
    Orphan,
    /// The client has no say either: no finalizer is ever set.
    Unsupported,
}

/// What a name must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameRule {
    /// RFC 1123 subdomain.
    Subdomain,
    /// RFC 1123 label.
    Label,
    /// RFC 1035 label.
    Label1035,
    /// Anything that can be a part of a path.
    PathSegment,
}

/// The handling of one resource.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// What moves the generation.
    pub generation: Generation,
    /// Whether PUT makes what is not there.
    pub create_on_update: bool,
    /// Whether PUT without resourceVersion overwrites.
    pub unconditional_update: bool,
    /// What becomes of dependents.
    pub collection: Collection,
    /// Whether deletion answers with the object.
    pub returns_deleted: bool,
    /// What names look like.
    pub name: NameRule,
}

impl Rules {
    /// The rules of a resource.
    pub fn of(resource: &ResourceType) -> Self {
        if resource.custom().is_some() {
            return Self {
                generation: Generation::Content,
                create_on_update: false,
                unconditional_update: false,
                collection: Collection::Background,
                returns_deleted: false,
                name: NameRule::Subdomain,
            };
        }
        let plural = resource.plural.as_str();
        let rbac = resource.group == "rbac.authorization.k8s.io";
        Self {
            generation: generation(&resource.group, plural),
            create_on_update: rbac
                || matches!(
                    plural,
                    "runtimeclasses"
                        | "leases"
                        | "limitranges"
                        | "events"
                        | "services"
                        | "endpoints"
                ),
            unconditional_update: !matches!(
                plural,
                "podcertificaterequests"
                    | "clustertrustbundles"
                    | "runtimeclasses"
                    | "poddisruptionbudgets"
                    | "csidrivers"
                    | "csistoragecapacities"
                    | "volumeattachments"
                    | "csinodes"
                    | "leases"
                    | "validatingadmissionpolicies"
                    | "mutatingadmissionpolicies"
                    | "mutatingwebhookconfigurations"
                    | "validatingwebhookconfigurations"
                    | "mutatingadmissionpolicybindings"
                    | "validatingadmissionpolicybindings"
                    | "customresourcedefinitions"
                    | "apiservices"
            ),
            collection: match plural {
                "replicationcontrollers" => Collection::Orphan,
                "jobs" => Collection::Orphan,
                "events" => Collection::Unsupported,
                _ => Collection::Background,
            },
            returns_deleted: matches!(
                plural,
                "resourceclaimtemplates"
                    | "resourceslices"
                    | "resourceclaims"
                    | "deviceclasses"
                    | "devicetaintrules"
                    | "csidrivers"
                    | "storageclasses"
                    | "volumeattachments"
                    | "csinodes"
                    | "volumeattributesclasses"
                    | "resourcequotas"
                    | "persistentvolumes"
                    | "serviceaccounts"
                    | "persistentvolumeclaims"
                    | "namespaces"
                    | "pods"
                    | "services"
                    | "podtemplates"
            ),
            name: match plural {
                "namespaces" | "services" => NameRule::Label,
                "ipaddresses" => NameRule::PathSegment,
                _ if rbac => NameRule::PathSegment,
                _ => NameRule::Subdomain,
            },
        }
    }
}

fn generation(group: &str, plural: &str) -> Generation {
    match (group, plural) {
        ("apps", "deployments") => Generation::SpecOrAnnotations,
        ("apps", "replicasets" | "statefulsets" | "daemonsets")
        | ("batch", "jobs" | "cronjobs")
        | ("", "pods" | "replicationcontrollers")
        | ("networking.k8s.io", "ingresses" | "ingressclasses" | "networkpolicies")
        | ("policy", "poddisruptionbudgets")
        | ("flowcontrol.apiserver.k8s.io", _)
        | ("resource.k8s.io", "resourceslices" | "deviceclasses" | "devicetaintrules")
        | ("apiextensions.k8s.io", "customresourcedefinitions") => Generation::Spec,
        ("admissionregistration.k8s.io", _) | ("discovery.k8s.io", "endpointslices") => {
            Generation::Content
        }
        ("scheduling.k8s.io", "priorityclasses") | ("", "podtemplates") => Generation::Once,
        _ => Generation::None,
    }
}
