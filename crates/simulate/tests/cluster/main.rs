//! The simulation on a bare kube-apiserver and on the embedded API.

mod lives;
mod same_as_kubernetes;
mod simulated;
