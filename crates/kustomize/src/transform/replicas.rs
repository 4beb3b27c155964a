//! `replicas`, and the ReplicaCountTransformer.

use serde_json::Value;

use super::fields::{Create, Fields, set_scalar};
use crate::error::{Error, Result};
use crate::fieldspec::FieldSpec;
use crate::kustomization::Replica;
use crate::resmap::ResMap;

/// Sets the number of replicas of the resources that have, or once had, this name.
///
/// # Errors
/// If there is none whose kind has replicas.
pub fn transform(map: &mut ResMap, replica: &Replica, specs: &[FieldSpec]) -> Result<()> {
    let openapi = map.openapi().clone();
    let mut found = false;
    for spec in specs {
        let fields = Fields::new([spec]);
        for resource in map.iter_mut().filter(|r| !r.is_empty()) {
            let is_meant = resource
                .previous_ids()
                .chain([resource.id(&openapi)])
                .any(|id| id.name == replica.name && id.gvk.is_selected(&spec.gvk));
            if is_meant {
                found = true;
                fields.apply(&mut resource.value, Some(Create::Scalar), &mut |value| {
                    set_scalar(value, Value::from(replica.count))
                })?;
            }
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<_> = specs.iter().map(|spec| spec.gvk.to_string()).collect();
    Err(Error::told(format!(
        "resource with name {} does not match a config with the following GVK [{}]",
        replica.name,
        kinds.join(" ")
    )))
}
