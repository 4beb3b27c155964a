//! What Kubernetes knows of its kinds: schemas, merges, field ownership.
