//! `cargo xtask generate`: writes the generated files anew from the Go module cache.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use flate2::{Compression, GzBuilder};

use crate::{protobuf, schemas};

/// Where the sources of the generated files are.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The `k8s.io` directory of the Go module cache.
    #[arg(long, default_value = "~/go/pkg/mod/k8s.io")]
    modules: String,
    /// Version of the Kubernetes libraries.
    #[arg(long, default_value = "v0.36.3")]
    version: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let modules = home(&arguments.modules);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("find the workspace")?;
    let table = protobuf::table(&modules, &arguments.version)?;
    let path = root.join("crates/apiserver/src/protobuf/types.txt.gz");
    let mut file = GzBuilder::new().mtime(0).write(fs::File::create(&path)?, Compression::best());
    file.write_all(table.as_bytes())?;
    file.finish()?;
    schemas::generate(root, &modules, &arguments.version)
}

/// Expands a leading `~/`.
fn home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}
