//! Group `storage.k8s.io`.

use windlass_object::json;

use super::{Fields, absent};

pub(super) fn of(map: &mut Fields, definition: &str) {
    match definition {
        "storage.v1.StorageClass" => {
            absent(map, "reclaimPolicy", "Delete");
            absent(map, "volumeBindingMode", "Immediate");
        }
        "storage.v1.CSIDriverSpec" => {
            absent(map, "attachRequired", true);
            absent(map, "fsGroupPolicy", "ReadWriteOnceWithFSType");
            absent(map, "volumeLifecycleModes", json!(["Persistent"]));
            for off in ["podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"] {
                absent(map, off, false);
            }
        }
        _ => {}
    }
}
