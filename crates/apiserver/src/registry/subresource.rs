//! Subresources that are another view of an object: scale, eviction, binding.

use serde_json::{Value, json};
use windlass_object::Object;

use super::patch::Patch;
use super::{Call, DeleteOptions, Deleted};
use crate::http::query::{Query, WriteOptions};
use crate::status::{FieldError, FieldErrorKind, Status};

/// How often a write that another one overtook is tried again.
const ATTEMPTS: usize = 20;

/// Where an object keeps what its scale shows.
struct Places {
    spec: Vec<String>,
    status: Vec<String>,
    selector: Option<Vec<String>>,
}

impl Call<'_> {
    /// The scale of the named object.
    pub async fn get_scale(&self) -> Result<Object, Status> {
        let object = self.get_object().await?;
        self.scale_of(&object)
    }

    /// Sets the replicas of the named object.
    pub async fn update_scale(
        &self,
        scale: &Object,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        self.check_scale(scale)?;
        let replicas = scale.int_at(&["spec", "replicas"]).unwrap_or_default();
        let version = scale.resource_version().to_owned();
        self.set_replicas(replicas, &version, scale.uid(), options).await
    }

    /// Patches the scale of the named object.
    pub async fn patch_scale(
        &self,
        patch: &Patch,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        let scale = self.get_scale().await?;
        let mut value = scale.to_value();
        match patch {
            Patch::Json(patch) => patch.apply(&mut value).map_err(|_| Status::rejected())?,
            // A scale has no lists of objects: both patch types do the same to it.
            Patch::Merge(patch) | Patch::Strategic(patch) => {
                windlass_object::patch::apply_merge_patch(&mut value, patch);
            }
            Patch::Apply { .. } => {
                return Err(Status::not_implemented("server-side apply of a scale"));
            }
        }
        let patched = Object::try_from(value).map_err(Status::bad_request_from)?;
        self.check_scale(&patched)?;
        let replicas = patched.int_at(&["spec", "replicas"]).unwrap_or_default();
        // A patch that does not name a revision takes the latest.
        let named = patched.resource_version() != scale.resource_version();
        let version = if named { patched.resource_version().to_owned() } else { String::new() };
        self.set_replicas(replicas, &version, "", options).await
    }

    fn check_scale(&self, scale: &Object) -> Result<(), Status> {
        let mut errors = Vec::new();
        if scale.name() != self.name {
            return Err(Status::bad_request(format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                scale.name(),
                self.name
            )));
        }
        if let Some(replicas) = scale.int_at(&["spec", "replicas"]).filter(|n| *n < 0) {
            errors.push(FieldError::with_value(
                FieldErrorKind::Invalid,
                "spec.replicas",
                replicas,
                "must be greater than or equal to 0",
            ));
        }
        if errors.is_empty() {
            return Ok(());
        }
        Err(Status::invalid("autoscaling", "Scale", self.name, &errors))
    }

    async fn set_replicas(
        &self,
        replicas: i64,
        version: &str,
        uid: &str,
        options: &WriteOptions,
    ) -> Result<Object, Status> {
        let places = self.places()?;
        let path: Vec<&str> = places.spec.iter().map(String::as_str).collect();
        for attempt in 1.. {
            let Some(found) = self.registry.store.latest(&self.key()) else {
                return Err(self.not_found());
            };
            let mut object = found.object();
            if !version.is_empty() && version != object.resource_version() {
                return Err(self.modified());
            }
            if !uid.is_empty() {
                object.set(&["metadata", "uid"], uid);
            }
            object.set(&path, replicas);
            let may_create = || Ok(());
            match self.update(object, options, &may_create).await {
                Err(status)
                    if status.reason == "Conflict" && version.is_empty() && attempt < ATTEMPTS => {}
                result => return self.scale_of(&result?.object),
            }
        }
        Err(self.modified())
    }

    fn places(&self) -> Result<Places, Status> {
        let fixed = |path: &[&str]| path.iter().map(|part| (*part).to_owned()).collect();
        let Some(custom) = self.resource.custom() else {
            return Ok(Places {
                spec: fixed(&["spec", "replicas"]),
                status: fixed(&["status", "replicas"]),
                selector: Some(fixed(&["spec", "selector"])),
            });
        };
        let scale = custom.scale.as_ref().ok_or_else(Status::no_such_resource)?;
        let path = |text: &str| {
            text.trim_start_matches('.').split('.').map(str::to_owned).collect::<Vec<_>>()
        };
        Ok(Places {
            spec: path(&scale.spec_replicas_path),
            status: path(&scale.status_replicas_path),
            selector: scale.label_selector_path.as_deref().map(path),
        })
    }

    fn scale_of(&self, object: &Object) -> Result<Object, Status> {
        let places = self.places()?;
        let at = |path: &[String]| {
            object.get(&path.iter().map(String::as_str).collect::<Vec<_>>()).cloned()
        };
        let mut scale = Object::default();
        scale.set(&["kind"], "Scale");
        scale.set(&["apiVersion"], "autoscaling/v1");
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let Some(value) = object.get(&["metadata", field]) {
                scale.set(&["metadata", field], value.clone());
            }
        }
        let replicas = at(&places.spec);
        if replicas.is_none() && self.resource.custom().is_some() {
            return Err(Status::internal(format!(
                "the spec replicas field \".{}\" does not exist",
                places.spec.join(".")
            )));
        }
        scale.set(&["spec"], json!({}));
        if let Some(replicas) = replicas.filter(|n| n.as_i64() != Some(0)) {
            scale.set(&["spec", "replicas"], replicas);
        }
        scale.set(&["status", "replicas"], at(&places.status).unwrap_or_else(|| json!(0)));
        let selector = places.selector.and_then(|path| at(&path)).map(|value| match value {
            Value::String(text) => text,
            other => selector_text(&other, self.resource.plural == "replicationcontrollers"),
        });
        if let Some(selector) = selector.filter(|text| !text.is_empty()) {
            scale.set(&["status", "selector"], selector);
        }
        Ok(scale)
    }

    /// Deletes a pod because someone wants it gone, as its disruption budgets allow.
    pub async fn evict(&self, eviction: &Object, options: &WriteOptions) -> Result<Object, Status> {
        let pod = self.get_object().await?;
        if eviction.name() != self.name {
            return Err(Status::bad_request("name in URL does not match name in Eviction object"));
        }
        let over = matches!(pod.str_at(&["status", "phase"]), "Succeeded" | "Failed" | "Pending");
        if !over && !pod.is_terminating() {
            self.check_budgets(&pod)?;
        }
        let body = eviction.get(&["deleteOptions"]).and_then(Value::as_object).cloned();
        let body = body.map(Object::from);
        let mut delete = DeleteOptions::parse(&Query::default(), body.as_ref())?;
        delete.dry_run |= options.dry_run;
        match self.delete(&delete).await? {
            Deleted::Object(_) | Deleted::Success(_) => Ok(success()),
        }
    }

    fn check_budgets(&self, pod: &Object) -> Result<(), Status> {
        let empty = windlass_object::Map::new();
        let labels = pod.get(&["metadata", "labels"]).and_then(Value::as_object).unwrap_or(&empty);
        for budget in self.registry.all("policy", "poddisruptionbudgets", self.namespace) {
            let Some(selector) = budget.get(&["spec", "selector"]) else { continue };
            let selector = windlass_object::selector::LabelSelector::from_value(selector);
            if !selector.is_ok_and(|selector| selector.matches(Some(labels))) {
                continue;
            }
            if budget.int_at(&["status", "disruptionsAllowed"]).unwrap_or_default() <= 0 {
                let status = Status::too_many_requests(
                    "Cannot evict pod as it would violate the pod's disruption budget.",
                    0,
                );
                let why = format!(
                    "The disruption budget {} needs {} healthy pods and has {} currently",
                    budget.name(),
                    budget.int_at(&["status", "desiredHealthy"]).unwrap_or_default(),
                    budget.int_at(&["status", "currentHealthy"]).unwrap_or_default(),
                );
                return Err(status.with_cause("DisruptionBudget", &why, ""));
            }
        }
        Ok(())
    }

    /// Gives a pod to a node.
    pub async fn bind(&self, binding: &Object, options: &WriteOptions) -> Result<Object, Status> {
        let node = binding.str_at(&["target", "name"]).to_owned();
        if node.is_empty() {
            let error = FieldError::new(FieldErrorKind::Required, "target.name", "");
            return Err(Status::invalid("", "Binding", self.name, &[error]));
        }
        for _ in 0..ATTEMPTS {
            let Some(found) = self.registry.store.latest(&self.key()) else {
                return Err(self.not_found());
            };
            let mut pod = found.object();
            let bound = pod.str_at(&["spec", "nodeName"]);
            if !bound.is_empty() {
                let why = format!("pod {} is already assigned to node \"{bound}\"", self.name);
                return Err(Status::conflict("", "pods/binding", self.name, &why));
            }
            pod.set(&["spec", "nodeName"], node.clone());
            match self.update(pod, options, &|| Ok(())).await {
                Err(status) if status.reason == "Conflict" => {}
                result => {
                    result?;
                    return Ok(success());
                }
            }
        }
        Err(self.modified())
    }
}

/// What was written through the scale is recorded without a time, as the real server does it, and
/// so stands before all updates that have one.
pub(super) fn forget_time_of_scale(object: &mut Object) {
    let Some(mut entries) = object.remove(&["metadata", "managedFields"]) else { return };
    if let Some(list) = entries.as_array_mut() {
        for entry in list.iter_mut().filter(|entry| entry["subresource"] == "scale") {
            entry.as_object_mut().map(|entry| entry.remove("time"));
        }
        list.sort_by_key(|entry| {
            let update = entry["operation"] == "Update";
            (update, update && entry.get("time").is_some())
        });
    }
    object.set(&["metadata", "managedFields"], entries);
}

fn success() -> Object {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
    });
    // A literal object.
    Object::try_from(status).unwrap_or_default()
}

/// A selector as `status.selector` of a scale has it.
fn selector_text(selector: &Value, plain: bool) -> String {
    let equals = |labels: &Value| {
        let pairs = labels.as_object().into_iter().flatten();
        pairs.map(|(k, v)| format!("{k}={}", v.as_str().unwrap_or_default())).collect::<Vec<_>>()
    };
    if plain {
        return equals(selector).join(",");
    }
    let mut parts = equals(&selector["matchLabels"]);
    for requirement in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = requirement["key"].as_str().unwrap_or_default();
        let mut values: Vec<&str> = requirement["values"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        values.sort_unstable();
        let values = values.join(",");
        parts.push(match requirement["operator"].as_str() {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    parts.sort_unstable();
    parts.join(",")
}
