//! Workloads played, so that an embedded cluster comes to life.
