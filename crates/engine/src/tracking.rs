//! Which application an object belongs to.
//!
//! An application marks its objects with a *tracking id* in an annotation, with a label, or both
//! (then the annotation decides). The id repeats the object's own identity, so that a copy of an
//! object which kept the annotation is seen not to be the application's. CRDs are not marked.

use std::fmt;

use windlass_object::Object;

use crate::annotation::{INSTALLATION_ID, TRACKING_ID};

/// The label key unless settings name another.
pub const DEFAULT_LABEL: &str = "app.kubernetes.io/instance";
const LEGACY_LABEL: &str = "applications.argoproj.io/app-name";
const MAX_LABEL: usize = 63;

/// How objects are marked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// By annotation.
    #[default]
    Annotation,
    /// By label.
    Label,
    /// By both; the annotation decides.
    AnnotationAndLabel,
}

impl Method {
    /// Reads the setting; an unknown word is the default.
    pub fn parse(text: &str) -> Self {
        match text {
            "label" => Self::Label,
            "annotation+label" => Self::AnnotationAndLabel,
            _ => Self::Annotation,
        }
    }
}

/// Settings of tracking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// How objects are marked.
    pub method: Method,
    /// Key of the label.
    pub label: String,
    /// Tells installations on one cluster apart; may be empty.
    pub installation: String,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            method: Method::default(),
            label: DEFAULT_LABEL.to_owned(),
            installation: String::new(),
        }
    }
}

/// A tracking id: an application and the identity of the object that carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingId {
    /// Instance name of the application.
    pub application: String,
    /// Group of the object.
    pub group: String,
    /// Kind of the object.
    pub kind: String,
    /// Namespace of the object; of a cluster-scoped one, the application's destination.
    pub namespace: String,
    /// Name of the object.
    pub name: String,
}

/// A label value cannot be made of an application's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "failed to set app instance label: unable to truncate label to not end with a special character"
)]
pub struct UnusableLabel;

/// The name by which an application marks its objects: `<namespace>_<name>` outside the control
/// plane's own namespace.
pub fn instance_name(name: &str, namespace: &str, control_namespace: &str) -> String {
    if namespace.is_empty() || namespace == control_namespace {
        name.to_owned()
    } else {
        format!("{namespace}_{name}")
    }
}

impl TrackingId {
    /// The id of an object. Its namespace, if it has none, is `default_namespace`.
    pub fn of(object: &Object, application: &str, default_namespace: &str) -> Self {
        let namespace = match object.namespace() {
            "" => default_namespace,
            own => own,
        };
        Self {
            application: application.to_owned(),
            group: object.group().to_owned(),
            kind: object.kind().to_owned(),
            namespace: namespace.to_owned(),
            name: object.name().to_owned(),
        }
    }

    /// Reads `<app>:<group>/<kind>:<namespace>/<name>`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let application = parts.next()?;
        let (group, kind) = pair(parts.next()?)?;
        let (namespace, name) = pair(parts.next()?)?;
        Some(Self {
            application: application.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// Whether this id is the object's own, and not one that came to it with a copy.
    pub fn names(&self, object: &Object) -> bool {
        (object.namespace().is_empty() || object.namespace() == self.namespace)
            && object.name() == self.name
            && object.group() == self.group
            && object.kind() == self.kind
    }
}

impl fmt::Display for TrackingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { application, group, kind, namespace, name } = self;
        write!(f, "{application}:{group}/{kind}:{namespace}/{name}")
    }
}

impl Tracking {
    /// Marks an object as an application's. `instance` is from [`instance_name`], `namespace` the
    /// application's destination.
    pub fn set(
        &self,
        object: &mut Object,
        instance: &str,
        namespace: &str,
    ) -> Result<(), UnusableLabel> {
        if self.method != Method::Label {
            if self.installation.is_empty() {
                object.remove_annotation(INSTALLATION_ID);
            } else {
                object.set_annotation(INSTALLATION_ID, &self.installation);
            }
            let id = TrackingId::of(object, instance, namespace).to_string();
            object.set_annotation(TRACKING_ID, &id);
        }
        match self.method {
            Method::Annotation => {}
            // The label is the name here, so it is kept whole: the API refuses one that is too long.
            Method::Label => self.set_label(object, instance),
            Method::AnnotationAndLabel => self.set_label(object, truncate_label(instance)?),
        }
        Ok(())
    }

    /// Instance name of the application that an object is marked for.
    pub fn instance(&self, object: &Object) -> Option<String> {
        match self.method {
            Method::Label => {
                object.label(&self.label).filter(|name| !name.is_empty()).map(str::to_owned)
            }
            Method::Annotation | Method::AnnotationAndLabel => self
                .id(object)
                .map(|id| id.application)
                .filter(|application| !application.is_empty()),
        }
    }

    /// The tracking id on an object, if this installation set it. Labels carry none.
    pub fn id(&self, object: &Object) -> Option<TrackingId> {
        let ours = self.installation.is_empty()
            || object.annotation(INSTALLATION_ID) == Some(self.installation.as_str());
        if self.method == Method::Label || !ours {
            return None;
        }
        TrackingId::parse(object.annotation(TRACKING_ID)?)
    }

    /// Whether a live object is the application's own rather than a copy that kept its mark.
    /// `target` is the object in Git, if it is there; it decides, because the mark of an object
    /// whose API group was renamed still has the old one.
    pub fn is_own(&self, live: &Object, target: Option<&Object>, application: &str) -> bool {
        if self.method == Method::Label {
            return true;
        }
        match target {
            Some(target) => TrackingId::of(target, application, "").names(live),
            None => self.id(live).is_none_or(|id| id.names(live)),
        }
    }

    /// Takes out of a live object what only a change of tracking method made different: the label
    /// that an earlier method set, and the annotation that it did not.
    pub(crate) fn smooth_migration(&self, target: &Object, live: &mut Object) {
        let labelled = live.label(&self.label).is_some_and(|label| !label.is_empty());
        if self.method == Method::Label || !labelled || is_crd(live) {
            return;
        }
        if live.annotation(TRACKING_ID).is_none_or(str::is_empty) {
            let id = target.annotation(TRACKING_ID).unwrap_or_default().to_owned();
            live.set_annotation(TRACKING_ID, &id);
        }
        if target.label(&self.label).is_none_or(str::is_empty) {
            live.remove(&["metadata", "labels", &self.label]);
            let labels = live.get(&["metadata", "labels"]).and_then(|v| v.as_object());
            if labels.is_some_and(serde_json::Map::is_empty) {
                live.remove(&["metadata", "labels"]);
            }
        }
    }

    fn set_label(&self, object: &mut Object, value: &str) {
        object.set_label(&self.label, value);
        let templated =
            matches!(object.kind(), "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet")
                && matches!(object.group(), "apps" | "extensions")
                || object.kind() == "Job" && object.group() == "batch";
        if self.label == LEGACY_LABEL && templated {
            object.set(&["spec", "template", "metadata", "labels", &self.label], value);
        }
    }
}

/// Whether an object is a CRD.
pub fn is_crd(object: &Object) -> bool {
    object.kind() == "CustomResourceDefinition" && object.group() == "apiextensions.k8s.io"
}

fn truncate_label(value: &str) -> Result<&str, UnusableLabel> {
    if value.len() <= MAX_LABEL {
        return Ok(value);
    }
    let ends_well = |c: char| c.is_ascii_alphanumeric();
    let mut end = MAX_LABEL;
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    let cut = value[..end].trim_end_matches(|c| !ends_well(c));
    if cut.is_empty() { Err(UnusableLabel) } else { Ok(cut) }
}

fn pair(text: &str) -> Option<(&str, &str)> {
    let (first, second) = text.split_once('/')?;
    (!second.contains('/')).then_some((first, second))
}
