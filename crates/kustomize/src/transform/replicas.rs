//! `replicas`, and the ReplicaCountTransformer.

use crate::error::Result;
use crate::fieldspec::FieldSpec;
use crate::kustomization::Replica;
use crate::resmap::ResMap;

/// Sets the number of replicas.
///
/// # Errors
/// If no resource that can have replicas has that name.
pub fn transform(_map: &mut ResMap, _replica: &Replica, _specs: &[FieldSpec]) -> Result<()> {
    Ok(())
}
