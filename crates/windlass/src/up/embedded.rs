//! Our own control plane: the embedded API with simulated workloads.

use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::{EmbeddedOptions, Ready};

/// The plane while it runs.
pub(super) struct Running {}

impl Running {
    pub(super) fn kubeconfig(&self) -> &Path {
        Path::new("")
    }
    pub(super) async fn finish(self) {}
}

pub(super) async fn start(
    _options: EmbeddedOptions,
    _namespace: &str,
    _shutdown: &CancellationToken,
) -> anyhow::Result<Ready> {
    anyhow::bail!("not yet")
}
