//! The controllers.

use tokio_util::sync::CancellationToken;

use super::{Options, Ready};

pub(super) struct Controllers {}

pub(super) async fn start(
    _ready: &Ready,
    _options: &Options,
    _shutdown: &CancellationToken,
) -> anyhow::Result<Controllers> {
    Ok(Controllers {})
}

impl Controllers {
    pub(super) async fn finish(self) {}
}
